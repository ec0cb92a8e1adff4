import Bytes
import HTTPWire

/// What a reader made of a whole byte stream, in a form that does not show the cuts.
struct WireRun: Equatable, CustomStringConvertible {
    struct Request: Equatable {
        var method: [UInt8]
        var isKnownMethod: Bool
        var target: [UInt8]
        var path: [UInt8]
        var query: [UInt8]?
        var minorVersion: UInt8
        var fields: [Field]
        var framing: BodyFraming
        var keepsAlive: Bool
        var expectsContinue: Bool
        var headBytes: Int
        var body: [UInt8] = []
        var isComplete = false
    }

    struct Field: Equatable {
        var name: [UInt8]
        var value: [UInt8]
    }

    var requests: [Request] = []
    var refusal: WireRefusal?
    /// Where the stream ended; nil when a request asked for the connection to be closed and the rest was not read.
    var position: WirePosition?

    var complete: Int { requests.count { $0.isComplete } }

    var description: String {
        let lines = requests.map { request in
            "\(text(request.method)) \(text(request.target)) body \(request.body.count) complete \(request.isComplete)"
        }
        return "\(lines) refusal \(refusal.map { "\($0)" } ?? "none") at \(position.map { "\($0)" } ?? "close")"
    }

    /// Feeds the pieces in order, one input each, as a connection does: what a piece leaves over is asked about again.
    init(_ pieces: [[UInt8]], limits: WireLimits = WireLimits()) {
        var reader = WireReader(limits: limits)
        for piece in pieces {
            guard feed(piece, to: &reader) else { return }
        }
        position = reader.position
    }

    /// False when nothing more is to be read.
    private mutating func feed(_ piece: [UInt8], to reader: inout WireReader) -> Bool {
        var rest = piece[...]
        while true {
            let input = [UInt8](rest)
            let (event, consumed) = reader.next(input.span)
            rest = rest.dropFirst(consumed)
            switch event {
            case .incomplete:
                precondition(rest.isEmpty, "an incomplete stream takes all of the input")
                return true
            case .head(let head):
                requests.append(Self.request(head, reader.takeHeadBytes() ?? input))
            case .data(let range):
                precondition(!range.isEmpty && range.upperBound <= consumed)
                requests[requests.count - 1].body += input[range]
            case .end:
                requests[requests.count - 1].isComplete = true
                if !requests[requests.count - 1].keepsAlive { return false }
            case .refused(let refusal):
                self.refusal = refusal
                position = reader.position
                return false
            }
        }
    }

    private static func request(_ head: RequestHead, _ bytes: [UInt8]) -> Request {
        func copy(_ slice: ByteSlice) -> [UInt8] { Array(bytes[slice.range]) }
        return Request(
            method: copy(head.methodName), isKnownMethod: head.method != .other, target: copy(head.target),
            path: copy(head.path), query: head.query.map(copy), minorVersion: head.minorVersion,
            fields: head.fields.map { Field(name: copy($0.name), value: copy($0.value)) }, framing: head.framing,
            keepsAlive: head.keepsAlive, expectsContinue: head.expectsContinue, headBytes: head.headBytes)
    }
}

/// Latin-1, so that every byte shows.
func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

/// The stream cut at the given offsets.
func pieces(_ bytes: [UInt8], at cuts: [Int]) -> [[UInt8]] {
    let edges = [0] + cuts.filter { $0 > 0 && $0 < bytes.count }.sorted() + [bytes.count]
    return zip(edges, edges.dropFirst()).map { Array(bytes[$0 ..< $1]) }
}

/// The verdict on a stream, after making sure that it is the same whole, cut at every place, and byte by byte.
func verdict(_ stream: String, limits: WireLimits = WireLimits()) throws -> WireRun {
    try verdict(Array(stream.utf8), limits: limits)
}

func verdict(_ bytes: [UInt8], limits: WireLimits = WireLimits()) throws -> WireRun {
    let whole = WireRun([bytes], limits: limits)
    let single = WireRun(pieces(bytes, at: Array(0 ..< bytes.count)), limits: limits)
    if single != whole { throw CutDependence(cut: "byte by byte", whole: whole, other: single) }
    for cut in 0 ... bytes.count {
        let run = WireRun(pieces(bytes, at: [cut]), limits: limits)
        if run != whole { throw CutDependence(cut: "cut at \(cut)", whole: whole, other: run) }
    }
    return whole
}

struct CutDependence: Error {
    let cut: String
    let whole: WireRun
    let other: WireRun
}
