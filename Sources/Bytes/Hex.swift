/// Base 16 (RFC 4648 § 8).
package enum Hex {
    /// Appends two lower-case digits for each byte.
    package static func appendLower(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        output.append(addingCapacity: 2 * bytes.count) { text in
            for index in bytes.indices {
                text.append(digit(bytes[index] >> 4))
                text.append(digit(bytes[index] & 15))
            }
        }
    }

    /// Appends the two lower-case digits of one byte.
    package static func appendLower(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(digit(byte >> 4))
        output.append(digit(byte & 15))
    }

    /// Appends `value` in lower-case hexadecimal without leading zeros (zero is `0`).
    package static func append(_ value: UInt64, to output: inout [UInt8]) {
        var shift = value == 0 ? 0 : (63 - value.leadingZeroBitCount) & ~3
        while shift >= 0 {
            output.append(digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15))
            shift -= 4
        }
    }

    /// Each byte as two lower-case digits.
    package static func lower(_ bytes: Span<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        appendLower(bytes, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The value of `1*HEXDIG` of either case, or nil for an empty span, another byte, or a value over `UInt64.max`.
    package static func parse(_ digits: Span<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in digits.indices {
            guard let digit = digits[index].hexValue, value >> 60 == 0 else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    /// `value` is below 16.
    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x57 &+ value
    }
}
