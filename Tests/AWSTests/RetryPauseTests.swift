import Testing

@testable import AWS

@Suite struct RetryPauseTests {
    private static func pause(_ failures: Int, _ random: UInt64) -> Int64 {
        RetryPause.milliseconds(failures: failures, first: 1_000, longest: 60_000, random: random)
    }

    @Test func `between a half and the whole of what doubles with each failure up to a bound`() {
        let wholes: [Int64] = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
        for (index, whole) in wholes.enumerated() {
            let half = UInt64(whole / 2)
            #expect(Self.pause(index + 1, 0) == whole / 2)
            #expect(Self.pause(index + 1, 1) == whole / 2 + 1)
            #expect(Self.pause(index + 1, half) == whole)
            #expect(Self.pause(index + 1, half + 1) == whole / 2)
            #expect((whole / 2 ... whole).contains(Self.pause(index + 1, .max)))
        }
        #expect(Self.pause(.max, 0) == 30_000)
        #expect(Self.pause(.min, 0) == 500)
        #expect(RetryPause.milliseconds(failures: 1, first: 0, longest: 0, random: .max) <= 2)
    }
}
