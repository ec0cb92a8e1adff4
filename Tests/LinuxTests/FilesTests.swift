import Bytes
import Glibc
import Testing

@testable import Linux

@Suite struct FilesTests {
    /// A fresh directory under the system's temporary one, gone afterwards.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = "/tmp/sluice-linux-tests-\(ProcessFacts.id)-\(UInt64.random(in: 0 ... .max))"
        try Files.makeDirectories(path + "/deep/er")
        defer {
            for name in (try? Files.list(path)) ?? [] where name != "deep" { _ = try? Files.unlink(path + "/" + name) }
            try? Files.removeDirectory(path + "/deep/er")
            try? Files.removeDirectory(path + "/deep")
            try? Files.removeDirectory(path)
        }
        try body(path)
    }

    @Test func `makes directories, also those that exist`() throws {
        try withDirectory { path in
            #expect(try Files.isDirectory(path + "/deep/er"))
            try Files.makeDirectories(path + "/deep/er")
            #expect(try Files.facts(path + "/nothing") == nil)
            let file = try Files.open(path + "/file", .readWriteNew(permissions: 0o600))
            try file.close()
            #expect(throws: SystemError.self) { try Files.makeDirectories(path + "/file") }
            #expect(throws: SystemError.self) { try Files.makeDirectories(path + "/file/below") }
        }
    }

    @Test func `writes a file over itself, whatever its length`() throws {
        try withDirectory { path in
            for count in [0, 1, 65_535, 65_536, 65_537, 200_000] {
                let file = try Files.open(path + "/a\(count)", .readWriteNew(permissions: 0o600))
                let bytes = (0 ..< count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try file.writeAll(bytes.span, at: 0)
                try file.rewriteAndSynchronise()
                try file.close()
                #expect(try Files.readWhole(path + "/a\(count)", bytesMax: 1 << 20) == bytes)
            }
        }
    }

    @Test func `tells file systems apart`() throws {
        #expect(try FileSystemFacts(of: "/dev/shm").kind == .memory)
        let own = try FileSystemFacts(of: "/tmp")
        #expect(own.freeBytes > 0 && !own.isReadOnly)
        #expect(throws: SystemError.self) { try FileSystemFacts(of: "/nonexistent") }
        #expect(Files.mayWrite(in: "/tmp") && !Files.mayWrite(in: "/nonexistent"))
    }

    /// FUSE's programs may answer statfs(2) with all ones.
    @Test func `room that is too large to count is the largest number`() {
        #expect(FileSystemFacts.bytes(blocks: 3, blockBytes: 4_096) == 12_288)
        #expect(FileSystemFacts.bytes(blocks: .max, blockBytes: 4_096) == .max)
        #expect(FileSystemFacts.bytes(blocks: .max, blockBytes: 1) == .max)
    }

    @Test func `writes and reads at offsets, renames, lists and unlinks`() throws {
        try withDirectory { path in
            let file = try Files.open(path + "/a", .readWriteNew(permissions: 0o640))
            let bytes = [UInt8](0 ..< 200)
            try file.writeAll(bytes.span, at: 100)
            try file.synchronise()
            #expect(try file.facts().bytes == 300)
            var count = 0
            let read = try [UInt8](capacity: 50) { output in count = try file.read(into: &output, at: 290) }
            #expect(count == 10)
            #expect(read == Array(bytes[190...]))
            try file.close()
            try Files.rename(path + "/a", to: path + "/b")
            try Files.synchroniseDirectory(path)
            #expect(try Files.list(path).sorted() == ["b", "deep"])
            #expect(throws: SystemError.self) { try Files.list(path, namesMax: 1) }
            #expect(try Files.readWhole(path + "/b", bytesMax: 300).count == 300)
            let tooLarge = #expect(throws: SystemError.self) { try Files.readWhole(path + "/b", bytesMax: 299) }
            #expect(tooLarge?.name == "EFBIG")
            #expect(try Files.unlink(path + "/b"))
            #expect(try !Files.unlink(path + "/b"))
        }
    }

    @Test func `an unnamed file leaves no name until it is linked`() throws {
        try withDirectory { path in
            let file = try Files.openUnnamed(in: path)
            let bytes: [UInt8] = [1, 2, 3]
            try file.writeAll(bytes.span, at: 0)
            #expect(try Files.list(path) == ["deep"])
            try file.link(as: path + "/named")
            #expect(try Files.readWhole(path + "/named", bytesMax: 10) == bytes)
        }
    }

    private func canLock(_ path: String) throws -> Bool {
        switch try FileLock.tryLock(path) {
        case .some: true
        case .none: false
        }
    }

    @Test func `a lock excludes a second holder until it is let go`() throws {
        try withDirectory { path in
            do {
                let held = try FileLock(path + "/lock")
                #expect(try canLock(path + "/lock"))
                #expect(try held.lock(withinMilliseconds: 0))
                #expect(try !canLock(path + "/lock"))
                try held.unlock()
                #expect(try canLock(path + "/lock"))
                #expect(try held.lock(withinMilliseconds: 0))
                #expect(try !canLock(path + "/lock"))
            }
            #expect(try canLock(path + "/lock"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `the wait for a lock ends with the lock or with the time`() throws {
        try withDirectory { path in
            let name = path + "/lock"
            let held = try FileLock(name)
            #expect(try held.lock(withinMilliseconds: 0))
            let waiting = try FileLock(name)
            #expect(try !waiting.lock(withinMilliseconds: 5))
            let thread = try Thread.start(name: "waiting") {
                guard let other = try? FileLock(name) else { return }
                _ = try? other.lock(withinMilliseconds: 1_000_000)
            }
            try held.unlock()
            thread.join()
        }
    }

    @Test func `resolves links on the way to a file and at its end, and names that are not there yet`() throws {
        try withDirectory { path in
            let real = Files.resolved(path + "/deep")
            #expect(unsafe symlink("deep/er", path + "/way") == 0)
            #expect(Files.resolved(path + "/way/new") == real + "/er/new")
            _ = try Files.open(path + "/deep/er/file", .readWriteNew(permissions: 0o600))
            defer { _ = try? Files.unlink(path + "/deep/er/file") }
            #expect(unsafe symlink("way/file", path + "/end") == 0)
            #expect(Files.resolved(path + "/end") == real + "/er/file")
            // To what is not there yet, by links from place to place; in circles; and to a folder that is not there.
            #expect(unsafe symlink("way/later", path + "/first") == 0)
            #expect(unsafe symlink(path + "/first", path + "/deep/second") == 0)
            defer { _ = try? Files.unlink(path + "/deep/second") }
            #expect(Files.resolved(path + "/deep/second") == real + "/er/later")
            #expect(unsafe symlink("round", path + "/round") == 0)
            #expect(Files.resolved(path + "/round") == path + "/round")
            #expect(unsafe symlink("none/such", path + "/lost") == 0)
            #expect(Files.resolved(path + "/lost") == path + "/lost")
            // To a String, the slash and the mark are one character.
            #expect(Files.resolved(path + "/deep/\u{301}new") == real + "/\u{301}new")
        }
        #expect(Files.resolved("/") == "/")
        #expect(Files.resolved("none-of-that-name") == Files.resolved(".") + "/none-of-that-name")
        #expect(Files.resolved("/nonexistent/x") == "/nonexistent/x")
        #expect(Files.resolved("").isEmpty)
    }

    @Test func `tells memory from disk and missing from forbidden`() throws {
        #expect(try Files.isMemoryFileSystem("/dev/shm"))
        #expect(try !Files.isMemoryFileSystem("/proc"))
        let missing = #expect(throws: SystemError.self) { _ = try Files.open("/nonexistent/x", .readOnly) }
        #expect(missing?.isNoSuchFile == true)
        #expect(missing?.description == "open /nonexistent/x: No such file or directory (ENOENT)")
    }
}
