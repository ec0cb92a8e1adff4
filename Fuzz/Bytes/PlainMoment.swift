/// Moments as text, read by their shape, with days counted year by year and month by month.
enum PlainMoment {
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int, of year: Int) -> Int {
        [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1970-01-01; nil where the calendar has no such day.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        guard (1 ... 12).contains(month), (1 ... days(in: month, of: year)).contains(day) else { return nil }
        var days = day - 1
        for earlier in 1 ..< month { days += self.days(in: earlier, of: year) }
        if year >= 1970 {
            for earlier in 1970 ..< year { days += isLeap(earlier) ? 366 : 365 }
        } else {
            for later in year ..< 1970 { days -= isLeap(later) ? 366 : 365 }
        }
        return days
    }

    private static func milliseconds(_ date: [Int], _ clock: [Int]) -> Int64? {
        guard let days = days(date[0], date[1], date[2]), clock[0] < 24, clock[1] < 60, clock[2] <= 60
        else { return nil }
        return Int64(((days * 24 + clock[0]) * 60 + clock[1]) * 60 + clock[2]) * 1_000
    }

    /// `YYYY-MM-DDThh:mm:ss[.f…](Z|±hh[:]mm)`.
    static func iso(_ text: [UInt8]) -> Int64? {
        guard text.count <= 40, text.allSatisfy({ $0 < 0x80 }) else { return nil }
        // Every digit as a nought: what is left is the shape.
        let shape = String(decoding: text.map { (0x30 ... 0x39).contains($0) ? 0x30 : $0 }, as: UTF8.self).lowercased()
        guard shape.hasPrefix("0000-00-00t00:00:00") else { return nil }
        let words = text.split { !(0x30 ... 0x39).contains($0) }.map { String(decoding: $0, as: UTF8.self) }
        var tail = shape.dropFirst(19)
        var fraction: Int64 = 0
        if tail.first == "." {
            tail = tail.dropFirst().drop { $0 == "0" }
            // A fraction is the seventh number, unless there are no digits behind the point.
            guard shape.dropFirst(20).first == "0" else { return nil }
            fraction = Int64((words[6] + "00").prefix(3)) ?? 0
        }
        var offset = 0
        if tail != "z" {
            guard ["+00:00", "-00:00", "+0000", "-0000"].contains(tail) else { return nil }
            let digits = text.suffix(tail.utf8.count - 1).filter { $0 != 0x3A }.map { Int($0) - 0x30 }
            let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
            guard hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (tail.first == "-" ? -1 : 1)
        }
        let numbers = words.prefix(6).compactMap { Int($0) }
        guard let moment = milliseconds(Array(numbers[..<3]), Array(numbers[3...])) else { return nil }
        return moment - Int64(offset) * 60_000 + fraction
    }

    /// `Www, DD Mmm YYYY hh:mm:ss GMT`; the day's name is any three bytes.
    static func imfFixdate(_ text: [UInt8]) -> Int64? {
        guard text.count == 29, text[3] == 0x2C else { return nil }
        let shape = text[4...].map { (0x30 ... 0x39).contains($0) ? 0x30 : $0 }
        guard let month = months.firstIndex(where: { $0.utf8.elementsEqual(text[8 ..< 11]) }),
            shape.elementsEqual(" 00 \(months[month]) 0000 00:00:00 GMT".utf8)
        else { return nil }
        let words = text[4...].split { !(0x30 ... 0x39).contains($0) }
        let numbers = words.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        guard numbers[1] >= 1970 else { return nil }
        return milliseconds([numbers[1], month + 1, numbers[0]], Array(numbers[2...]))
    }
}
