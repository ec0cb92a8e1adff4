/// Classes of single bytes, as the RFCs name them. The sets of more than a few ranges are two 64-bit masks.
extension UInt8 {
    /// `tchar` of RFC 9110 § 5.6.2: what methods and field names are made of.
    @inlinable
    package var isTokenByte: Bool {
        Self.isMember(self, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// `unreserved` of RFC 3986 § 2.3: what percent-encoding leaves as it is.
    @inlinable
    package var isUnreserved: Bool {
        Self.isMember(self, low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// `DIGIT` of RFC 5234.
    @inlinable
    package var isDigit: Bool { self &- 0x30 < 10 }

    /// `ALPHA` of RFC 5234.
    @inlinable
    package var isAlpha: Bool { (self | 0x20) &- 0x61 < 26 }

    /// `VCHAR` of RFC 5234: visible ASCII.
    @inlinable
    package var isVisible: Bool { self &- 0x21 < 94 }

    /// A byte of a field value (RFC 9110 § 5.5): HTAB, SP, VCHAR, obs-text.
    @inlinable
    package var isFieldValueByte: Bool { self >= 0x20 && self != 0x7F || self == 0x09 }

    /// SP or HTAB, the two bytes of `OWS` (RFC 9110 § 5.6.3).
    @inlinable
    package var isOptionalWhitespace: Bool { self == 0x20 || self == 0x09 }

    /// ASCII upper-case letters become lower case; every other byte stays.
    @inlinable
    package var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit of either case, 0 to 15.
    @inlinable
    package var hexValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let lower = self | 0x20
        return lower &- 0x61 < 6 ? lower &- 0x61 &+ 10 : nil
    }

    @inlinable
    @inline(__always)
    package static func isMember(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        guard byte < 128 else { return false }
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}
