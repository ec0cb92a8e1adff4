internal import Bytes

/// Where the chances of a ``GatewayWorld`` come from: one seed, or a script.
///
/// A script is a fuzzer's input. Its bytes from `@` on are steps, see ``WorldStep``; those below `@` are details of the
/// step before them, one for each decision within it, and end with the next step. So a byte more or less changes one
/// step and shifts no other, and every piece of a script means the same wherever it stands. A detail that is not there
/// is `0`: the first of what there is to choose from, and nothing out of the ordinary.
package struct WorldChoices {
    private var state: UInt64
    private let bytes: [UInt8]
    private var position = 0
    let isScript: Bool

    package init(seed: UInt64) {
        state = seed
        bytes = []
        isScript = false
    }

    /// - Parameter script: what stands before its first step is passed over.
    package init(_ script: Span<UInt8>) {
        bytes = script.copied()
        state = 0
        isScript = true
    }

    /// The next step of a script; nil behind the last.
    mutating func nextStep() -> WorldStep? {
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte >= 0x40 { return WorldStep(byte) }
        }
        return nil
    }

    /// What the script has not said yet is passed over.
    mutating func end() { position = bytes.count }

    /// The next detail of a step, 0 to 31.
    private mutating func detail() -> Int {
        guard position < bytes.count, bytes[position] < 0x40 else { return 0 }
        defer { position += 1 }
        return Int(bytes[position] & 0x1F ^ 0x10)
    }

    /// A number from 0 up to, and without, `bound`. Of a script it is the detail, or for more than a detail can say its
    /// part of the whole.
    mutating func roll(_ bound: Int) -> Int {
        if isScript { return bound <= 32 ? detail() % bound : bound * detail() / 32 }
        // SplitMix64 (Steele, Lea, Flood 2014): its whole state is the seed.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return Int(truncatingIfNeeded: (mixed ^ mixed &>> 31) &>> 1) % bound
    }

    /// How much of `most`, from 1 on; of a script all of it unless a detail says how much.
    mutating func amount(upTo most: Int) -> Int {
        guard isScript else { return 1 + roll(most) }
        let asked = detail()
        return asked == 0 ? most : min(asked, most)
    }

    /// Something that comes of itself, once in so many times; a script has a step for it.
    mutating func isOne(in bound: Int) -> Bool { !isScript && roll(bound) == 0 }

    /// Something out of the ordinary within a step, once in so many times; in a script `3`, `7`, `;` and so on.
    mutating func happens(in bound: Int) -> Bool { isScript ? detail() & 3 == 3 : roll(bound) == 0 }
}

/// A step of a script.
struct WorldStep {
    /// What happens. Letters of either case, or bytes behind them, say to which upload: `@` to `_` are the first's,
    /// the 32 behind them the second's, and so on.
    enum Kind {
        /// U: an upload begins. N: another process starts, on the same record and bucket.
        case upload, process
        /// C: its client sends bytes. B: its client ends the body. L: it is lost.
        case send, endBody, lose
        /// J: the writer commits. A: what it answered is heard of. S: the store does something, or answers.
        case commit, hear, store
        /// O, and whatever is no other: any of these that can be. Z: as many of them as a detail says, or as can be at
        /// once.
        case any, many
        /// R: recovery of a row goes on. F: the store carries out a request that nobody waits for.
        case recovery, land
        /// E: an event comes that is none of its any more.
        case stale
        /// T: time passes to the next timer. P: as far as that is near.
        case time, nearTime
        /// K: a process is killed. W: the power is lost. D: a process is told to end.
        case kill, powerLoss, drain
        /// Y: the disk has everything. Q: a writer stands still, or goes on.
        case synchronise, stick
        /// X: an image's time is over. G: one is registered.
        case expire, register
    }

    let kind: Kind
    let actor: Int

    init(_ byte: UInt8) {
        actor = Int(byte >> 5) - 2
        kind =
            switch byte & 0x1F | 0x40 {
            case UInt8(ascii: "A"): .hear
            case UInt8(ascii: "B"): .endBody
            case UInt8(ascii: "C"): .send
            case UInt8(ascii: "D"): .drain
            case UInt8(ascii: "E"): .stale
            case UInt8(ascii: "F"): .land
            case UInt8(ascii: "G"): .register
            case UInt8(ascii: "J"): .commit
            case UInt8(ascii: "K"): .kill
            case UInt8(ascii: "L"): .lose
            case UInt8(ascii: "N"): .process
            case UInt8(ascii: "O"): .any
            case UInt8(ascii: "P"): .nearTime
            case UInt8(ascii: "Q"): .stick
            case UInt8(ascii: "R"): .recovery
            case UInt8(ascii: "S"): .store
            case UInt8(ascii: "T"): .time
            case UInt8(ascii: "U"): .upload
            case UInt8(ascii: "W"): .powerLoss
            case UInt8(ascii: "X"): .expire
            case UInt8(ascii: "Y"): .synchronise
            case UInt8(ascii: "Z"): .many
            default: .any
            }
    }
}
