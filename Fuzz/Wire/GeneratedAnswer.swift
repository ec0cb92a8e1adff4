internal import FuzzBasics
package import FuzzPlain
internal import HTTPWire

/// An answer by choices, and what is right to make of it.
package struct GeneratedAnswer {
    package private(set) var bytes: [UInt8] = []
    package private(set) var expectsBody = true
    private var interim: [Int] = []
    private var status = 200
    private var framing = ResponseFraming.none
    private var keepsAlive = false
    private var body: [UInt8] = []
    private var end = AnswerTranscript.End.incomplete
    private let defect: Defect

    private enum Form: CaseIterable { case length, chunked, open, both }

    /// Something wrong, and what it is refused for.
    private enum Defect: CaseIterable {
        case none, cutShort, versionTwo, versionLower, noSpace, statusHigh, upgrade, bareCR, nul, delete, folded
        case spaceBeforeColon, nameless, lengthsDiffer, lengthSign, lengthList, lengthHuge, codingList, codingTwice
        case codingOld, chunkEnd, chunkEmpty, trailerLength

        var refusal: ResponseRefusal {
            switch self {
            case .none, .cutShort: .truncated
            case .versionTwo: .version
            case .versionLower, .noSpace: .statusLine
            case .statusHigh: .status
            case .upgrade: .upgrade
            case .bareCR: .bareCR
            case .nul, .delete: .controlByte
            case .folded: .foldedLine
            case .spaceBeforeColon, .nameless: .fieldName
            case .lengthsDiffer, .lengthList: .contentLengthsDiffer
            case .lengthSign: .contentLength
            case .lengthHuge: .bodyTooLarge
            case .codingList, .codingTwice: .transferCoding
            case .codingOld: .transferEncodingInHTTP10
            case .chunkEnd: .chunks(.chunkEnd)
            case .chunkEmpty: .chunks(.chunkSize)
            case .trailerLength: .chunks(.trailerNotAllowed)
            }
        }

        /// How the body has to end for it.
        var form: Form? {
            switch self {
            case .lengthsDiffer, .lengthSign, .lengthList, .lengthHuge: .length
            case .codingList, .codingTwice, .codingOld, .chunkEnd, .chunkEmpty, .trailerLength: .chunked
            case .cutShort: .both
            default: nil
            }
        }
    }

    private static let defects = Defect.allCases
    private static let statuses = [200, 204, 304, 206, 404, 500, 299, 599, 403, 503]
    private static let fields = [
        "ETag: \"a\"", "X-A:", "x-b: \u{E9}\u{1F600}", "X-Content-Length: 5", "Transfer-Encodings: gzip",
        "!#$%&'*+-.^_`|~: 0", "Date: Thu, 01 Jan 1970 00:00:00 GMT", "X-C: \t ",
    ]
    private static let pieces = ["a", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\r\n", "\u{0}\u{7F}"]

    package init(_ choices: inout Choices) {
        defect = choices.pick(Self.defects)
        let lineEnd = choices.pick(["\r\n", "\n"])
        for _ in 0 ..< choices.number(under: 3) {
            let status = choices.pick([100, 102, 103, 199])
            let field = choices.pick(["", "Link: </a>", "Content-Length: x", "Transfer-Encoding: gzip"])
            append(["HTTP/1.\(choices.number(under: 2)) \(status) Wait"] + (field.isEmpty ? [] : [field]), lineEnd)
            interim.append(status)
        }
        status = choices.pick(Self.statuses)
        expectsBody = choices.number(under: 4) != 3
        if defect != .none {
            status = 200
            expectsBody = true
        }
        appendFinal(&choices, lineEnd)
    }

    private mutating func append(_ lines: [String], _ lineEnd: String) {
        for line in lines + [""] { bytes += Array((line + lineEnd).utf8) }
    }

    private mutating func appendFinal(_ choices: inout Choices, _ lineEnd: String) {
        let form = defect.form ?? choices.pick(Form.allCases)
        let isChunked = form == .chunked || form == .both
        let hasBody = expectsBody && status != 204 && status != 304
        let isOld = defect == .codingOld || !isChunked && choices.number(under: 2) == 1
        let option = choices.pick(["", "keep-alive", "x, Keep-Alive\t", "close", "a, CLOSE"])
        let content = Array(String(repeating: choices.pick(Self.pieces), count: choices.pick([1, 0, 2, 17])).utf8)
        var lines = [statusLine(&choices, isOld: isOld)]
        for _ in 0 ..< choices.number(under: 4) { lines.append(choices.pick(Self.fields)) }
        if !option.isEmpty { lines.append("connection:\(option)") }
        if form == .length || form == .both { lines += lengthLines(content.count) }
        if isChunked { lines += codingLines(choices.pick(["chunked", "Chunked"])) }
        lines += defectLines
        append(lines, lineEnd)
        let start = bytes.count
        switch form {
        case _ where !hasBody: framing = .none
        case .length: framing = .length(UInt64(content.count))
        case .chunked, .both: framing = .chunked
        case .open: framing = .untilClose
        }
        body = hasBody ? content : []
        let isCertain = framing != .untilClose && (form != .both || !hasBody)
        keepsAlive = isCertain && !option.lowercased().contains("close") && (!isOld || option.contains("eep-"))
        if status == 204, lines.contains(where: Self.announcesBody) { keepsAlive = false }
        if hasBody { bytes += framing == .chunked ? chunked(content, &choices) : content }
        finish(&choices, start)
    }

    private static func announcesBody(_ line: String) -> Bool {
        let parts = line.lowercased().split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return false }
        let isZero = parts[1].filter { $0 != " " && $0 != "\t" } == "0"
        return parts[0] == "transfer-encoding" || parts[0] == "content-length" && !isZero
    }

    private mutating func finish(_ choices: inout Choices, _ start: Int) {
        if defect == .cutShort {
            bytes.removeLast()
            return
        }
        guard defect == .none else {
            end = .refused(defect.refusal)
            return
        }
        guard framing != .untilClose else { return }
        end = .complete(bytes.count)
        bytes += choices.pick(["", "HTTP/1.1 200 OK\r\n\r\n", "\r\n", "x", "\u{0}"]).utf8
    }

    private func statusLine(_ choices: inout Choices, isOld: Bool) -> String {
        let reason = choices.pick([" OK", "", " ", " a \t\u{E9}"])
        switch defect {
        case .versionTwo: return "HTTP/2.0 200 OK"
        case .versionLower: return "http/1.1 200 OK"
        case .noSpace: return "HTTP/1.1 200OK"
        case .statusHigh: return "HTTP/1.1 600 OK"
        case .upgrade: return "HTTP/1.1 101 OK"
        default: return "HTTP/1.\(isOld ? "0" : choices.pick(["1", "2", "9"])) \(status)\(reason)"
        }
    }

    private func lengthLines(_ count: Int) -> [String] {
        switch defect {
        case .lengthsDiffer: ["Content-Length: \(count)", "content-length: \(count + 1)"]
        case .lengthSign: ["Content-Length: +\(count)"]
        case .lengthList: ["Content-Length: \(count), \(count + 1)"]
        case .lengthHuge: ["Content-Length: 18446744073709551616"]
        default: ["Content-Length: \(count)", "content-length: 0\(count) ,\(count)"]
        }
    }

    private func codingLines(_ coding: String) -> [String] {
        switch defect {
        case .codingList: ["Transfer-Encoding: gzip, \(coding)"]
        case .codingTwice: ["Transfer-Encoding: \(coding)", "Transfer-Encoding: \(coding)"]
        default: ["Transfer-Encoding:\t\(coding) "]
        }
    }

    private var defectLines: [String] {
        switch defect {
        case .bareCR: ["X-A: b\rX-B: c"]
        case .nul: ["X-A: b\u{0}"]
        case .delete: ["X-A: \u{7F}"]
        case .folded: ["X-A: b", " c"]
        case .spaceBeforeColon: ["X-A : b"]
        case .nameless: [": b"]
        default: []
        }
    }

    private func chunked(_ body: [UInt8], _ choices: inout Choices) -> [UInt8] {
        let size = choices.pick([64, 1, 15, 16])
        var wire: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let data = body[start ..< min(start + size, body.count)]
            wire += String(data.count, radix: 16).utf8
            wire += Array(";x=y\r\n".utf8) + data + [0x0D, 0x0A]
        }
        switch defect {
        case .chunkEnd: wire += Array("1\r\nab\r\n".utf8)
        case .chunkEmpty: wire += Array(";x\r\n".utf8)
        default: break
        }
        let trailers = defect == .trailerLength ? "Content-Length: 0\r\n" : choices.pick(["", "X-Sum: 1\r\n"])
        return wire + Array("0\r\n\(trailers)\r\n".utf8)
    }

    func check(_ transcript: AnswerTranscript) throws(OracleFailure) {
        func fail(_ what: String) -> OracleFailure {
            OracleFailure("\(what), \(defect): \(String(decoding: bytes, as: UTF8.self))")
        }
        guard transcript.interim == interim else { throw fail("interim \(transcript.interim)") }
        guard transcript.end == end else { throw fail("\(transcript.end), not \(end)") }
        let last: ResponseEvent = defect == .none ? .end : .refused(defect.refusal)
        guard transcript.atEndOfStream == last else { throw fail("\(transcript.atEndOfStream), not \(last)") }
        guard defect == .none else { return }
        guard let head = transcript.head, head.status == status, head.framing == framing, head.keepsAlive == keepsAlive
        else { throw fail("\(String(describing: transcript.head)), not \(status) \(framing) \(keepsAlive)") }
        guard transcript.body == body else { throw fail("another body") }
    }
}
