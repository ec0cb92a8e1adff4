internal import Bytes

/// The fields of a request as the bytes that go on the wire, each line with its CRLF: appended once, and sent without a
/// further copy per field.
package struct HTTPFieldLines: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Whether every name is a token and no value holds CR, LF or NUL (RFC 9110 § 5.5). A request whose fields are
    /// not well formed fails; nothing of it is sent.
    package private(set) var isWellFormed = true

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
        bytes.append(contentsOf: nameBytes)
        bytes.append(0x3A)
        bytes.append(0x20)
        bytes.append(contentsOf: value)
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}
