internal import Bytes
internal import FuzzBasics
internal import FuzzPlain
internal import TLS

/// What is to become of a stream of HTTP, read off the first line of an input: a digit for the version, one for what
/// happens to the records, one for which record and one for where in it; then the sizes of the records and, behind a
/// comma, those of the pieces in which they come, a character each. The sizes begin anew when they are used up; without
/// any there is one record, and one piece.
struct RecordPlan {
    /// What happens to the records between the two ends.
    enum Mishap: CaseIterable {
        /// Nothing; the client says nothing more.
        case none
        /// The client says close_notify behind them.
        case closed
        /// The last byte of the record and all that follows never comes.
        case cutShort
        /// A bit of the record is another.
        case flipped
        /// The record comes twice.
        case repeated
        /// The record never comes.
        case dropped
        /// The record comes behind the next one.
        case swapped
        /// Before the record come bytes that are none.
        case garbage
        /// The client says close_notify before the record.
        case closedBefore
        /// The keys change before the record, where the version knows that.
        case newKeys
        /// There is no client: the bytes are what a server hears first.
        case stranger
    }

    var version = TLSVersion.tls13
    var mishap = Mishap.stranger
    /// Which record, and where in it; of any size.
    var place = 0
    var offset = 0
    var recordSizes: [Int] = []
    var pieceSizes: [Int] = []
    var stream: [UInt8]

    init(_ input: Span<UInt8>) {
        let bytes = input.copied()
        guard let lineEnd = bytes.firstIndex(of: 0x0A) else {
            stream = bytes
            return
        }
        stream = Array(bytes[(lineEnd + 1)...])
        var choices = Choices(input.extracting(first: lineEnd))
        version = choices.pick([.tls13, .tls12])
        mishap = choices.pick(Mishap.allCases)
        place = choices.number(under: 128)
        offset = choices.number(under: 256)
        let sizes = choices.rest().split(separator: 0x2C, maxSplits: 1, omittingEmptySubsequences: false)
        recordSizes = Self.sizes(sizes.first ?? [])
        if sizes.count == 2 { pieceSizes = Self.sizes(sizes[1]) }
    }

    /// `1` to `9` are themselves, letters stand for some thousands.
    private static func sizes(_ text: ArraySlice<UInt8>) -> [Int] {
        text.map { character in
            let number = Int(character &- 0x30)
            return number < 10 ? max(number, 1) : min(number * number, 16_384)
        }
    }

    /// The ranges of `count` bytes, in pieces of these sizes.
    static func pieces(of count: Int, sizes: [Int]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        while start < count {
            let size = sizes.isEmpty ? count : sizes[pieces.count % sizes.count]
            let end = min(start + size, count)
            pieces.append(start ..< end)
            start = end
        }
        return pieces
    }
}
