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
        // Without a branch: the values are long, and well-formed.
        var others: UInt8 = 0
        for index in value.indices {
            let byte = value[index]
            others |= (byte == 0 ? 1 : 0) | (byte == 0x0A ? 1 : 0) | (byte == 0x0D ? 1 : 0)
        }
        if others != 0 { isWellFormed = false }
        bytes.append(addingCapacity: nameBytes.count + value.count + 4) { line in
            for index in nameBytes.indices { line.append(nameBytes[index]) }
            line.append(0x3A)
            line.append(0x20)
            for index in value.indices { line.append(value[index]) }
            line.append(0x0D)
            line.append(0x0A)
        }
    }
}
