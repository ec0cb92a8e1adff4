internal import FuzzPlain

/// Classes of bytes as lists of what is in them, looked up.
package enum PlainBytes {
    private static func table(_ members: String) -> [Bool] {
        var table = [Bool](repeating: false, count: 256)
        for byte in members.utf8 { table[Int(byte)] = true }
        return table
    }

    private static let alphanumerics = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let alphanumericTable = table(alphanumerics)
    /// RFC 9110 § 5.6.2.
    private static let tokens = table(alphanumerics + "!#$%&'*+-.^_`|~")
    /// What a host's name has beside percent-encodings (RFC 3986 § 3.2.2), without the comma.
    private static let hosts = table(alphanumerics + "-._~!$&'()*+;=")
    /// What path and query have beside percent-encodings (RFC 3986 § 3.3, § 3.4).
    private static let targets = table(alphanumerics + "-._~!$&'()*+,;=:@/?")

    package static func isAlphanumeric(_ byte: UInt8) -> Bool { alphanumericTable[Int(byte)] }

    package static func isToken(_ byte: UInt8) -> Bool { tokens[Int(byte)] }

    package static func isHost(_ byte: UInt8) -> Bool { hosts[Int(byte)] }

    package static func isTarget(_ byte: UInt8) -> Bool { targets[Int(byte)] }

    /// With two hexadecimal digits behind each percent sign read as a byte (RFC 3986 § 2.1); nil where they are not.
    package static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy(PlainLetters.isHexDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Two digits for each byte, in lower case.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 / 16)], digits[Int($0 % 16)]] }, as: UTF8.self)
    }

    /// A character for each byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}
