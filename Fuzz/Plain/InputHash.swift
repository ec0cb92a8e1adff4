/// Numbers that look random and are the same for the same input, so that one input reproduces one run.
package struct InputHash: RandomNumberGenerator {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Seeded with the FNV-1a hash of the input.
    package init(_ input: Span<UInt8>) {
        for index in input.indices { state = (state ^ UInt64(input[index])) &* 0x100_0000_01B3 }
    }

    /// SplitMix64.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
