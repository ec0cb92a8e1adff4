import Bytes
import Testing

struct CivilTimeParsingTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2025-11-14T10:00:00Z", 1_763_114_400_000),
        ("2025-11-14T10:00:00.5Z", 1_763_114_400_500), ("2025-11-14T10:00:00.123456789Z", 1_763_114_400_123),
        ("2025-11-14t10:00:00z", 1_763_114_400_000), ("2025-11-14T19:00:00+09:00", 1_763_114_400_000),
        ("2025-11-14T05:00:00-0500", 1_763_114_400_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("1969-12-31T23:59:59Z", -1_000),
    ] as [(String, Int64)])
    func `a moment is read`(text: String, milliseconds: Int64) {
        #expect(CivilTime.milliseconds(parsing: text) == milliseconds)
    }

    @Test(arguments: [
        "", "2025-11-14", "2025-11-14T10:00:00", "2025-11-14 10:00:00Z", "2025-13-14T10:00:00Z",
        "2025-02-29T10:00:00Z", "2025-11-00T10:00:00Z", "2025-11-14T24:00:00Z", "2025-11-14T10:60:00Z",
        "2025-11-14T10:00:61Z", "2025-11-14T10:00:00.Z", "2025-11-14T10:00:00X", "2025-11-14T10:00:00+9",
        "2025-11-14T10:00:00+09:0", "2025-11-14T10:00:00+24:00", "+025-11-14T10:00:00Z", "2025-11-14T10:00:00ZZ",
    ])
    func `what is no moment is none`(text: String) {
        #expect(CivilTime.milliseconds(parsing: text) == nil)
    }

    @Test func `the year 0 is read day by day`() {
        for day in 0 ..< 366 {
            let milliseconds = -62_167_219_200_000 + Int64(day) * 86_400_000
            let text = CivilTime(millisecondsSinceEpoch: milliseconds).iso8601
            #expect(text.hasPrefix("0000-") && CivilTime.milliseconds(parsing: text) == milliseconds, "\(text)")
        }
    }

    @Test func `what is written is read again`() {
        for milliseconds in stride(from: Int64(-2_000_000_000_000), through: 8_000_000_000_000, by: 86_413_777_111) {
            let text = CivilTime(millisecondsSinceEpoch: milliseconds).iso8601
            #expect(CivilTime.milliseconds(parsing: text) == milliseconds, "\(text)")
        }
    }
}
