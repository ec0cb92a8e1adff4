extension CivilTime {
    /// Milliseconds since 1970 of an IMF-fixdate, the form in which servers write `Date` (RFC 9110 § 5.6.7); nil for
    /// anything else, the obsolete forms included. The name of the day is not held against the date.
    package static func milliseconds(imfFixdate text: Span<UInt8>) -> Int64? {
        // `Fri, 14 Nov 2025 10:00:00 GMT`
        guard text.count == 29, text.extracting(3 ..< 5).equals(", "), text[7] == 0x20, text[11] == 0x20,
            text[16] == 0x20, text[19] == 0x3A, text[22] == 0x3A, text.extracting(25 ..< 29).equals(" GMT"),
            let day = number(text.extracting(5 ..< 7)), let month = month(text.extracting(8 ..< 11)),
            let year = number(text.extracting(12 ..< 16)), let hour = number(text.extracting(17 ..< 19)),
            let minute = number(text.extracting(20 ..< 22)), let second = number(text.extracting(23 ..< 25)),
            year >= 1_970, 1 ... 31 ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        let milliseconds = seconds * 1_000
        // A 31 November would come back as a 1 December.
        guard CivilTime(millisecondsSinceEpoch: days(year, month, day) * 86_400_000).day == Int(day) else { return nil }
        return milliseconds
    }

    /// Days since 1970-01-01, counted in eras of 400 years that begin on 1 March.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        // January and February of the year 0 belong to the era before.
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func number(_ digits: Span<UInt8>) -> Int64? { Decimal.parse(digits).map { Int64($0) } }

    /// 1 to 12.
    private static func month(_ name: Span<UInt8>) -> Int64? {
        for index in months.indices where name.equals(months[index]) { return Int64(index + 1) }
        return nil
    }
}
