/// Numbers written in ASCII, read without any trap and without any leniency.
package enum Decimal {
    /// The value of `1*DIGIT`, or nil for an empty span, another byte, or a value over `UInt64.max`.
    ///
    /// No sign, no white space, no separators; leading zeros are digits like any other (RFC 9110 § 8.6).
    package static func parse(_ digits: Span<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in digits.indices {
            let digit = digits[index] &- 0x30
            guard digit < 10 else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// Appends `value` in decimal, padded on the left with zeros to at least `width` digits.
    package static func append(_ value: UInt64, width: Int = 1, to output: inout [UInt8]) {
        // Most of what is written: parts of times, short counts.
        if value < 10, width <= 1 { return output.append(0x30 &+ UInt8(truncatingIfNeeded: value)) }
        if value < 100, width <= 2 {
            output.append(0x30 &+ UInt8(truncatingIfNeeded: value / 10))
            return output.append(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
        }
        var digits = InlineArray<20, UInt8>(repeating: 0x30)  // UInt64.max has 20.
        var start = digits.count
        var rest = value
        repeat {
            start -= 1
            digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        var missing = width - (digits.count - start)
        while missing > start {
            output.append(0x30)
            missing -= 1
        }
        start -= max(missing, 0)
        output.append(contentsOf: digits.span.extracting(start ..< digits.count))
    }
}
