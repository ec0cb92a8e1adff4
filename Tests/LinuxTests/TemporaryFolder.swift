import Linux

/// A folder that is gone, with the files in it, when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        // Short: a Unix socket's path in it has 107 bytes at most.
        path = "/tmp/sluice-\(ProcessFacts.id)-\(UInt32.random(in: 0 ... .max))"
        try Files.makeDirectories(path)
    }

    deinit {
        for name in (try? Files.list(path)) ?? [] { _ = try? Files.unlink(path + "/" + name) }
        try? Files.removeDirectory(path)
    }
}
