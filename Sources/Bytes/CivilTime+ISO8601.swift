/// Moments as other services write them.
extension CivilTime {
    /// Milliseconds since the epoch of a moment in the profile of ISO 8601 that RFC 3339 § 5.6 describes, with or
    /// without a fraction; the zone is `Z` or an offset, whose colon may be missing. Nil for anything else.
    package static func milliseconds(parsing text: Span<UInt8>) -> Int64? {
        guard text.count >= 20, text.count <= 40, text[4] == 0x2D, text[7] == 0x2D, text[10] | 0x20 == 0x74,
            text[13] == 0x3A, text[16] == 0x3A,
            let year = number(text, 0 ..< 4), let month = number(text, 5 ..< 7), let day = number(text, 8 ..< 10),
            let hour = number(text, 11 ..< 13), let minute = number(text, 14 ..< 16),
            let second = number(text, 17 ..< 19),
            (1 ... 12).contains(month), (1 ... days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        var fraction: Int64 = 0
        if text[position] == 0x2E {
            position += 1
            var weight: Int64 = 100
            let first = position
            while position < text.count, text[position].isDigit {
                fraction += Int64(text[position] - 0x30) * weight
                weight /= 10
                position += 1
            }
            guard position > first else { return nil }
        }
        guard let offset = offsetMinutes(text.extracting(droppingFirst: position)) else { return nil }
        let minutes = days(year, month, day) * 1_440 + hour * 60 + minute - offset
        return (minutes * 60 + second) * 1_000 + fraction
    }

    package static func milliseconds(parsing text: String) -> Int64? { milliseconds(parsing: text.utf8Span.span) }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        Decimal.parse(text.extracting(range)).map(Int64.init)
    }

    private static func offsetMinutes(_ zone: Span<UInt8>) -> Int64? {
        if zone.count == 1 { return zone[0] | 0x20 == 0x7A ? 0 : nil }
        guard zone.count == 5 || zone.count == 6 && zone[3] == 0x3A, zone[0] == 0x2B || zone[0] == 0x2D,
            let hours = number(zone, 1 ..< 3), let minutes = number(zone, zone.count - 2 ..< zone.count),
            hours < 24, minutes < 60
        else { return nil }
        let magnitude = hours * 60 + minutes
        return zone[0] == 0x2D ? -magnitude : magnitude
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
