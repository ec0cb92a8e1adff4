import Bytes
import HTTPWire

/// What a reader made of the bytes of an answer, in a form that does not show the cuts.
struct ResponseRun: Equatable {
    struct Head: Equatable {
        var status: Int
        var minorVersion: Int
        var fields: [String]
        var framing: ResponseFraming
        var keepsAlive: Bool
        var headBytes: Int
    }

    enum End: Equatable {
        case incomplete
        /// The offset behind the answer's last byte.
        case complete(Int)
        case refused(ResponseRefusal)
    }

    var interim: [Int] = []
    var head: Head?
    var body: [UInt8] = []
    var end = End.incomplete
    /// What the end of the stream gives behind all of it.
    var atEndOfStream = ResponseEvent.incomplete

    var refusal: ResponseRefusal? {
        guard case .refused(let refusal) = end else { return nil }
        return refusal
    }

    /// Feeds the pieces in order, one input each; what a piece leaves over is asked about again.
    init(_ pieces: [[UInt8]], limits: ResponseLimits = ResponseLimits(), expectsBody: Bool = true) {
        var reader = ResponseReader(limits: limits, expectsBody: expectsBody)
        var offset = 0
        for piece in pieces where end == .incomplete { feed(piece, to: &reader, &offset) }
        atEndOfStream = reader.endOfStream()
        let input: [UInt8] = [0x48]
        // The last word stays the last one.
        if end != .incomplete {
            precondition(reader.next(input.span) == (atEndOfStream, 0) && reader.endOfStream() == atEndOfStream)
        }
    }

    private mutating func feed(_ piece: [UInt8], to reader: inout ResponseReader, _ offset: inout Int) {
        var rest = piece[...]
        while true {
            let input = [UInt8](rest)
            let (event, consumed) = reader.next(input.span)
            rest = rest.dropFirst(consumed)
            offset += consumed
            switch event {
            case .incomplete:
                precondition(rest.isEmpty, "an incomplete answer takes all of the input")
                precondition(reader.isFresh == (offset == 0))
                return
            case .interim(let status):
                precondition(!reader.isFresh && reader.takeHeadBytes() == nil)
                interim.append(status)
            case .head(let head):
                precondition(self.head == nil)
                self.head = Self.head(head, reader.takeHeadBytes() ?? input)
            case .data(let range):
                precondition(!range.isEmpty && range.upperBound <= consumed)
                body += input[range]
            case .end:
                end = .complete(offset)
                return
            case .refused(let refusal):
                end = .refused(refusal)
                return
            }
        }
    }

    private static func head(_ head: ResponseHead, _ bytes: [UInt8]) -> Head {
        func copy(_ slice: ByteSlice) -> String { text(Array(bytes[slice.range])) }
        return Head(
            status: head.status, minorVersion: head.minorVersion,
            fields: head.fields.map { "\(copy($0.name))=\(copy($0.value))" }, framing: head.framing,
            keepsAlive: head.keepsAlive, headBytes: head.headBytes)
    }
}

/// The reading of an answer, after making sure that it is the same whole, cut at every place, and byte by byte.
func reading(
    _ answer: String, limits: ResponseLimits = ResponseLimits(), expectsBody: Bool = true
) throws -> ResponseRun {
    let bytes = Array(answer.unicodeScalars.map { UInt8($0.value) })
    let whole = ResponseRun([bytes], limits: limits, expectsBody: expectsBody)
    let single = pieces(bytes, at: Array(0 ..< bytes.count))
    let cuts = bytes.count > 3_000 ? [1, 16, bytes.count / 2, bytes.count - 1] : Array(0 ... bytes.count)
    for cut in [single] + cuts.map({ pieces(bytes, at: [$0]) }) {
        let run = ResponseRun(cut, limits: limits, expectsBody: expectsBody)
        if run != whole { throw ResponseCutDependence(cut: cut.map(text), whole: whole, other: run) }
    }
    return whole
}

struct ResponseCutDependence: Error {
    let cut: [String]
    let whole: ResponseRun
    let other: ResponseRun
}
