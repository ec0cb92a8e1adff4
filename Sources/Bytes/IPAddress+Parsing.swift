/// The text forms, read strictly: every reader of addresses in this program agrees on what is one.
extension IPAddress {
    /// `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`, the longest text of an address.
    private static let textBytesMax = 45

    /// Reads `127.0.0.1` or `2001:db8::1`, numeric only, without brackets, zone, prefix or port.
    ///
    /// IPv4 is four decimal numbers without leading zeros (RFC 3986 § 3.2.2, `IPv4address`): to some readers `010` is
    /// eight. IPv6 is RFC 4291 § 2.2 with its `::` and its dotted tail; `::ffff:10.0.0.1` is IPv4.
    package init?(parsing text: Span<UInt8>) {
        guard text.count <= Self.textBytesMax else { return nil }
        if let v4 = Self.v4(text) {
            self.init(v4: v4)
        } else if let v6 = Self.v6(text) {
            self.init(upper: UInt64(truncatingIfNeeded: v6 >> 64), lower: UInt64(truncatingIfNeeded: v6))
        } else {
            return nil
        }
    }

    package init?(parsing text: String) { self.init(parsing: text.utf8Span.span) }

    /// In host order.
    private static func v4(_ text: Span<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        var numbers = 0
        var start = 0
        for index in 0 ... text.count where index == text.count || text[index] == UInt8(ascii: ".") {
            guard let number = octet(text.extracting(start ..< index)), numbers < 4 else { return nil }
            value = value << 8 | number
            numbers += 1
            start = index + 1
        }
        return numbers == 4 ? value : nil
    }

    /// `dec-octet` of RFC 3986 § 3.2.2.
    private static func octet(_ digits: Span<UInt8>) -> UInt32? {
        guard digits.count <= 3, let number = Decimal.parse(digits), number <= 255 else { return nil }
        return digits.count > 1 && digits[0] == UInt8(ascii: "0") ? nil : UInt32(number)
    }

    /// Groups of 16 bits, the first of them highest.
    private struct Groups {
        var bits: UInt128 = 0
        var count = 0

        mutating func append(_ value: UInt32, bits width: Int) {
            bits = bits << UInt128(width) | UInt128(value)
            count += width / 16
        }
    }

    private static func v6(_ text: Span<UInt8>) -> UInt128? {
        var groups = Groups()
        /// What stands before the `::`.
        var head: Groups?
        var index = 0
        if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
            head = groups
            index = 2
        }
        while index < text.count {
            let start = index
            while index < text.count, text[index].hexValue != nil { index += 1 }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                guard let tail = v4(text.extracting(start ..< text.count)) else { return nil }
                groups.append(tail, bits: 32)
                break
            }
            guard index - start <= 4, let group = Hex.parse(text.extracting(start ..< index)) else { return nil }
            groups.append(UInt32(group), bits: 16)
            if index == text.count { break }
            guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return nil }
            index += 1
            if text[index] == UInt8(ascii: ":") {
                guard head == nil else { return nil }
                head = groups
                groups = Groups()
                index += 1
            }
        }
        guard let head else { return groups.count == 8 ? groups.bits : nil }
        // A `::` stands for one group or more.
        guard head.count + groups.count < 8 else { return nil }
        return head.count == 0 ? groups.bits : head.bits << UInt128(128 - 16 * head.count) | groups.bits
    }
}
