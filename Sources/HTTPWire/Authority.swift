internal import Bytes

/// `uri-host [ ":" port ]` of RFC 9110 § 7.2, without user information and never empty.
package struct Authority {
    /// Offsets of the host, brackets included, in the bytes that were parsed.
    package let host: Range<Int>
    /// nil when absent or empty.
    package let port: UInt64?

    /// nil when the bytes are not one host with an optional port.
    package init?(_ bytes: Span<UInt8>) {
        var end = 0
        if !bytes.isEmpty, bytes[0] == UInt8(ascii: "[") {
            while end < bytes.count, bytes[end] != UInt8(ascii: "]") { end += 1 }
            guard end < bytes.count, Self.isIPv6(bytes.extracting(1 ..< end)) else { return nil }
            end += 1
        } else {
            guard let nameEnd = Self.registeredNameEnd(bytes), nameEnd > 0 else { return nil }
            end = nameEnd
        }
        host = 0 ..< end
        if end == bytes.count {
            port = nil
            return
        }
        guard bytes[end] == UInt8(ascii: ":") else { return nil }
        if end + 1 == bytes.count {
            port = nil
            return
        }
        guard let number = Decimal.parse(bytes.extracting(end + 1 ..< bytes.count)), number <= 65_535
        else { return nil }
        port = number
    }

    /// The offset of the first byte that is not of `reg-name` (RFC 3986 § 3.2.2), nil at a bad percent-encoding.
    ///
    /// A comma is one by grammar and refused all the same: `a, b` and `a,b` must not look like a host to anybody.
    private static func registeredNameEnd(_ bytes: Span<UInt8>) -> Int? {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.count - index >= 3, bytes[index + 1].hexValue != nil, bytes[index + 2].hexValue != nil
                else { return nil }
                index += 3
            } else if byte.isRegisteredNameByte {
                index += 1
            } else {
                return index
            }
        }
        return index
    }

    /// Whether the text is an IPv6 address without a zone (RFC 3986 § 3.2.2): an address that has a colon is one.
    private static func isIPv6(_ text: Span<UInt8>) -> Bool {
        guard IPAddress(parsing: text) != nil else { return false }
        for index in text.indices where text[index] == UInt8(ascii: ":") { return true }
        return false
    }
}

extension UInt8 {
    /// `unreserved` or `sub-delims` without the comma (RFC 3986 § 3.2.2).
    fileprivate var isRegisteredNameByte: Bool {
        guard self < 128 else { return false }
        let members: UInt64 = self < 64 ? 0x2BFF_6FD2_0000_0000 : 0x47FF_FFFE_87FF_FFFE
        return (members >> UInt64(self & 63)) & 1 == 1
    }
}
