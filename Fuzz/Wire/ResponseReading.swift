internal import Bytes
package import FuzzBasics
internal import FuzzPlain
package import HTTPWire

/// Fuzzes the writing of responses: an input chooses status, form and values, and what is written is one response with
/// just these, whatever bytes the values hold.
package enum ResponseReading {
    private static let statuses = [
        200, 100, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412,
        413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 299, 7,
    ]

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        var choices = Choices(input)
        let status = choices.pick(statuses)
        let form = ResponseWriter.Form(
            omitsBody: choices.number(under: 2) == 1, keepsAlive: choices.number(under: 2) == 0,
            minorVersion: UInt8(1 - choices.number(under: 2)))
        let count = choices.number(under: 6)
        let pieces = choices.rest().split(separator: 0x3B, maxSplits: count, omittingEmptySubsequences: false)
        let fields = pieces.dropLast().enumerated().map {
            ResponseField("X-\($0.offset)", String(decoding: $0.element, as: UTF8.self))
        }
        let response = Response(status: status, fields: fields, body: Array(pieces.last ?? []))
        var wire: [UInt8] = []
        ResponseWriter.append(response, form: form, to: &wire)
        try check(wire, response, form)
        var interim: [UInt8] = []
        ResponseWriter.appendContinue(to: &interim)
        guard interim.elementsEqual("HTTP/1.1 100 Continue\r\n\r\n".utf8) else { throw OracleFailure("another 100") }
    }

    /// The oracle, over what was written of an answer.
    package static func check(
        _ wire: [UInt8], _ response: Response, _ form: ResponseWriter.Form
    ) throws(OracleFailure) {
        var expected = response.fields.map { field -> [UInt8] in
            let value = Array(field.value.utf8).map { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F ? $0 : 0x20 }
            return Array((field.name + ": ").utf8) + value
        }
        let hasBody = response.status != 204 && response.status != 304
        if hasBody { expected.append(Array("Content-Length: \(response.body.count)".utf8)) }
        if !form.keepsAlive {
            expected.append(Array("Connection: close".utf8))
        } else if form.minorVersion == 0 {
            expected.append(Array("Connection: keep-alive".utf8))
        }
        var rest = wire[...]
        func line() -> ArraySlice<UInt8>? {
            guard let end = rest.firstIndex(of: 0x0D), end + 1 < rest.endIndex, rest[end + 1] == 0x0A
            else { return nil }
            defer { rest = rest[(end + 2)...] }
            return rest[..<end]
        }
        let code = String(1_000 + response.status).dropFirst()
        guard let first = line(), first.starts(with: "HTTP/1.1 \(code) ".utf8), first.count > 13,
            first.dropFirst(13).allSatisfy({ PlainBytes.isAlphanumeric($0) || $0 == 0x20 })
        else { throw OracleFailure("another status line") }
        for right in expected {
            guard let field = line(), field.elementsEqual(right) else { throw OracleFailure("other fields") }
        }
        guard let last = line(), last.isEmpty else { throw OracleFailure("more fields") }
        guard rest.elementsEqual(hasBody && !form.omitsBody ? response.body : []) else { throw OracleFailure("a body") }
    }
}
