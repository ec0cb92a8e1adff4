import Testing

@testable import Linux

@Suite struct ProgramPagesTests {
    @Test func `knows code of files from other mappings`() {
        let lines = [
            "7f05140ab000-7f05140ad000 r-xp 00002000 fd:01 131074                     /usr/lib/libz.so.1.2.13",
            "558616961000-5586169ed000 rw-p 00000000 00:00 0                          [heap]",
            "7ffc1b1f2000-7ffc1b1f4000 r-xp 00000000 00:00 0                          [vdso]",
            "7f05140ad000-7f05140ae000 r--p 00004000 fd:01 131074                     /usr/lib/libz.so.1.2.13",
            "7f05140ad000-7f05140ae000 rwxp 00004000 fd:01 131074 /a program that writes its code",
            "7f05140ae000-7f05140ad000 r-xp 00004000 fd:01 131074 /backwards",
            "7f05140ad000 r-xp 00004000 fd:01 131074 /no end", "x-y r-xp 00004000 fd:01 1 /no numbers", "r-xp", "",
        ]
        let ranges = lines.map { ProgramPages.codeRange([UInt8]($0.utf8)[...]) }
        #expect(ranges[0] == 0x7f05_140a_b000 ..< 0x7f05_140a_d000)
        #expect(ranges.dropFirst().allSatisfy { $0 == nil })
    }

    @Test func `code that was given back is less in memory, and runs again`() throws {
        let before = try residentCodeKilobytes()
        #expect(ProgramPages.releaseCode() > 1 << 20)
        let after = try residentCodeKilobytes()
        #expect(after < before, "\(before) KiB, then \(after) KiB")
    }

    /// `RssFile` of proc_pid_status(5).
    private func residentCodeKilobytes() throws -> Int {
        let status = String(decoding: try Files.readWhole("/proc/self/status", bytesMax: 65_536), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(separator: " ").dropLast().last.flatMap { Int($0) })
    }
}
