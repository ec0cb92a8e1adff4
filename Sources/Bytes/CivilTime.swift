/// A moment as the calendar and clock of UTC, for the four forms of time that Sluice writes.
package struct CivilTime: Equatable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    /// 0 (Sunday) to 6.
    package let weekday: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int

    /// `milliseconds` since 1970-01-01T00:00:00Z, negative before it.
    ///
    /// The days-to-civil conversion counts in eras of 400 years that begin on 1 March.
    package init(millisecondsSinceEpoch milliseconds: Int64) {
        let (days, ofDay) = Self.floorDivide(milliseconds, by: 86_400_000)
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        weekday = Int(Self.floorDivide(days + 4, by: 7).remainder)
        hour = Int(ofDay / 3_600_000)
        minute = Int(ofDay / 60_000 % 60)
        second = Int(ofDay / 1_000 % 60)
        millisecond = Int(ofDay % 1_000)
    }

    /// `2025-11-14T10:00:00.000Z`, what JavaScript's `toISOString` writes.
    package func appendISO8601(to output: inout [UInt8]) {
        appendISO8601WithoutZone(to: &output)
        output.append(addingCapacity: 5) { text in
            text.append(0x2E)
            text.append(0x30 &+ UInt8(truncatingIfNeeded: millisecond / 100))
            Self.append(millisecond % 100, to: &text)
            text.append(0x5A)
        }
    }

    /// `2025-11-14T10:00:00`, UTC without a zone: what a `LocalDateTime` of the replaced backend looks like.
    package func appendISO8601WithoutZone(to output: inout [UInt8]) {
        appendYear(to: &output)
        output.append(addingCapacity: 15) { text in
            text.append(0x2D)
            Self.append(month, to: &text)
            text.append(0x2D)
            Self.append(day, to: &text)
            text.append(0x54)
            appendClock(separator: 0x3A, to: &text)
        }
    }

    /// `Fri, 14 Nov 2025 10:00:00 GMT`, the IMF-fixdate of RFC 9110 § 5.6.7.
    package func appendIMFFixdate(to output: inout [UInt8]) {
        output.append(text: Self.weekdays[weekday])
        output.append(addingCapacity: 5) { text in
            text.append(0x2C)
            text.append(0x20)
            Self.append(day, to: &text)
            text.append(0x20)
        }
        output.append(text: Self.months[month - 1])
        output.append(0x20)
        appendYear(to: &output)
        output.append(addingCapacity: 13) { text in
            text.append(0x20)
            appendClock(separator: 0x3A, to: &text)
            text.append(0x20)
            text.append(0x47)
            text.append(0x4D)
            text.append(0x54)
        }
    }

    /// `20251114T100000Z`, the ISO 8601 basic form of SigV4's `x-amz-date`.
    package func appendBasic(to output: inout [UInt8]) {
        appendYear(to: &output)
        output.append(addingCapacity: 12) { text in
            Self.append(month, to: &text)
            Self.append(day, to: &text)
            text.append(0x54)
            appendClock(separator: nil, to: &text)
            text.append(0x5A)
        }
    }

    package var iso8601: String { Self.text(appendISO8601) }
    package var iso8601WithoutZone: String { Self.text(appendISO8601WithoutZone) }
    package var imfFixdate: String { Self.text(appendIMFFixdate) }
    package var basic: String { Self.text(appendBasic) }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Of the longest form, the IMF-fixdate, with a little over.
    private static let textBytesMax = 32

    private static func text(_ appending: (inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(textBytesMax)
        appending(&output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private func appendClock(separator: UInt8?, to text: inout OutputSpan<UInt8>) {
        Self.append(hour, to: &text)
        if let separator { text.append(separator) }
        Self.append(minute, to: &text)
        if let separator { text.append(separator) }
        Self.append(second, to: &text)
    }

    private func appendYear(to output: inout [UInt8]) {
        Decimal.append(UInt64(year.magnitude), width: 4, to: &output)
    }

    /// Two digits; `value` is below 100.
    private static func append(_ value: Int, to text: inout OutputSpan<UInt8>) {
        text.append(0x30 &+ UInt8(truncatingIfNeeded: value / 10))
        text.append(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
    }
}
