internal import Bytes

/// The fields of a request as the bytes that go on the wire, each line ended by NUL instead of CRLF: appended once,
/// handed to curl without a further copy per field.
package struct HTTPFieldLines: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// Whether every name is a token and no value holds CR, LF or NUL (RFC 9110 § 5.5). A request whose fields are
    /// not well formed fails; nothing of it is sent.
    package private(set) var isWellFormed = true
    private(set) var namesContentType = false

    package init() {}

    package init(_ fields: [(String, String)]) {
        for (name, value) in fields { append(name, value) }
    }

    package mutating func reserveCapacity(_ byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    package mutating func append(_ name: String, _ value: String) {
        append(name, value.utf8Span.span)
    }

    package mutating func append(_ name: String, _ value: Span<UInt8>) {
        let nameBytes = name.utf8Span.span
        if nameBytes.isEmpty { isWellFormed = false }
        for index in nameBytes.indices where !nameBytes[index].isTokenByte { isWellFormed = false }
        for index in value.indices {
            let byte = value[index]
            if byte == 0 || byte == 0x0A || byte == 0x0D { isWellFormed = false }
        }
        if nameBytes.count == 12, nameBytes.equalsIgnoringCase("content-type") { namesContentType = true }
        bytes.append(contentsOf: nameBytes)
        if value.isEmpty {
            // curl takes `Name:` as "do not send Name"; `Name;` sends it empty (CURLOPT_HTTPHEADER(3)).
            bytes.append(0x3B)
        } else {
            bytes.append(0x3A)
            bytes.append(0x20)
            bytes.append(contentsOf: value)
        }
        endLine()
    }

    /// Appends a line in curl's own form, such as `Name:` for a field that curl is not to add on its own.
    mutating func append(curlLine: String) {
        bytes.append(contentsOf: curlLine.utf8Span.span)
        endLine()
    }

    private mutating func endLine() {
        bytes.append(0)
        count += 1
    }
}
