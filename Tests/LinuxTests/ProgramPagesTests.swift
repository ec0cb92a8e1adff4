import Testing

@testable import Linux

@Suite struct ProgramPagesTests {
    @Test func `what was given back is less in memory, and runs again`() throws {
        let before = try residentFileKilobytes()
        #expect(ProgramPages.release() > 1 << 20)
        let after = try residentFileKilobytes()
        #expect(after < before, "\(before) KiB, then \(after) KiB")
    }

    /// `RssFile` of proc_pid_status(5).
    private func residentFileKilobytes() throws -> Int {
        let status = String(decoding: try Files.readWhole("/proc/self/status", bytesMax: 65_536), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(separator: " ").dropLast().last.flatMap { Int($0) })
    }
}
