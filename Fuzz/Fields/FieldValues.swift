internal import Bytes
package import FuzzBasics
internal import FuzzPlain
package import HTTPWire

/// Fuzzes the values that are read as more than bytes: an input is one field line (Content-Length, Transfer-Encoding,
/// Host, Connection, Forwarded, X-Forwarded-For) or the beginning of a connection behind a proxy. A second, plain
/// reading of the value says what is to come of it.
package enum FieldValues {
    private static let names = [
        "content-length", "transfer-encoding", "host", "connection", "forwarded", "x-forwarded-for",
    ]

    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try PrefaceOracle.check(input, effort: effort) { ProxyPreface.parse($0) }
        try check(input) { head in
            var parser = RequestParser(limits: WireLimits())
            return parser.parse(head)
        }
    }

    /// The oracle, over any way to parse a head.
    package static func check(
        _ input: Span<UInt8>, parse: (Span<UInt8>) -> HeadProgress
    ) throws(OracleFailure) {
        let line = input.copied()
        guard let colon = line.firstIndex(of: 0x3A), line.count < 4_096 else { return }
        guard let name = names.first(where: { PlainLetters.isSame(line[..<colon], $0) }) else { return }
        let value = PlainLetters.trimmed(line[(colon + 1)...])
        for version in ["1", "0"] {
            let host = name == "host" ? "" : "Host: a\r\n"
            let head = Array("POST / HTTP/1.\(version)\r\n\(host)".utf8) + line + Array("\r\n\r\n".utf8)
            let progress = parse(head.span)
            guard value.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
                guard case .refused = progress else {
                    // A value that ends the line itself: what follows is other lines.
                    guard value.contains(0x0D) else { throw OracleFailure("a control byte in a value") }
                    continue
                }
                continue
            }
            let text = PlainBytes.text(value)
            try check(progress, name, text, isCurrent: version == "1")
            if case .head(let parsed) = progress, name.hasSuffix("forwarded") || name.hasSuffix("-for") {
                try ForwardedOracle.check(parsed, head.span, text, isStandard: name == "forwarded")
            }
        }
    }

    /// `text` has a character for each byte.
    private static func check(
        _ progress: HeadProgress, _ name: String, _ text: String, isCurrent: Bool
    ) throws(OracleFailure) {
        switch name {
        case "content-length": try require(progress, lengthFraming(text))
        case "transfer-encoding":
            let isChunked = text.lowercased() == "chunked"
            let refusal: WireRefusal =
                isCurrent ? .codingNotImplemented : .badRequest(.transferEncodingInHTTP10)
            try require(progress, isCurrent && isChunked ? .success(.chunked) : .failure(refusal))
        case "host":
            try require(progress, PlainAuthority.isRight(text) ? .success(.none) : .failure(.badRequest(.hostInvalid)))
        case "connection":
            try require(progress, .success(.none))
            let options = text.split(separator: ",").map {
                String(decoding: PlainLetters.trimmed(Array($0.utf8)[...]), as: UTF8.self).lowercased()
            }
            let keeps = !options.contains("close") && (isCurrent || options.contains("keep-alive"))
            guard case .head(let head) = progress, head.keepsAlive == keeps
            else { throw OracleFailure("the connection's life after \(text)") }
        default: try require(progress, .success(.none))
        }
    }

    private static func lengthFraming(_ text: String) -> Result<BodyFraming, WireRefusal> {
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ "0" ... "9" ~= $0 })
        else { return .failure(.badRequest(.contentLength)) }
        let digits = text.drop { $0 == "0" }
        guard digits.count <= 20, let value = UInt128("0" + digits), value <= 5 << 40
        else { return .failure(.bodyTooLarge) }
        return .success(.length(UInt64(value)))
    }

    private static func require(
        _ progress: HeadProgress, _ expected: Result<BodyFraming, WireRefusal>
    ) throws(OracleFailure) {
        switch (progress, expected) {
        case (.head(let head), .success(let framing)) where head.framing == framing: return
        case (.refused(let refusal), .failure(let right)) where refusal == right: return
        default: throw OracleFailure("\(progress), not \(expected)")
        }
    }
}
