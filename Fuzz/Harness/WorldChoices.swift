/// Where the chances of a ``GatewayWorld`` come from: one seed, or the bytes of a fuzzer's input.
package struct WorldChoices {
    private var state: UInt64
    private let bytes: [UInt8]
    private var position = 0
    private let isSeeded: Bool

    package init(seed: UInt64) {
        state = seed
        bytes = []
        isSeeded = true
    }

    package init(_ input: Span<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.count)
        for index in input.indices { bytes.append(input[index]) }
        self.bytes = bytes
        var hash = InputHash(input)
        state = hash.next()
        isSeeded = false
    }

    /// The input has no more to say: what comes now is chance, from its hash.
    var areOver: Bool { !isSeeded && position >= bytes.count }

    /// A number from 0 up to, and without, `bound`.
    mutating func roll(_ bound: Int) -> Int {
        if !isSeeded, position < bytes.count {
            var value = Int(bytes[position])
            position += 1
            if bound > 256, position < bytes.count {
                value = value << 8 | Int(bytes[position])
                position += 1
            }
            return value % bound
        }
        // SplitMix64 (Steele, Lea, Flood 2014): its whole state is the seed.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return Int(truncatingIfNeeded: (mixed ^ mixed &>> 31) &>> 1) % bound
    }

    mutating func isOne(in bound: Int) -> Bool { roll(bound) == 0 }
}
