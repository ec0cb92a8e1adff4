import Bytes
import Linux
import Testing

struct UnixSocketTests {
    private func path(in folder: TemporaryFolder) throws -> UnixSocketPath {
        try #require(UnixSocketPath(folder.path + "/http.sock"))
    }

    @Test func `a connection through a Unix socket is accepted, and has no address`() throws {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        let listener = try ListeningSocket(on: path, permissions: 0o660)
        #expect(listener.isUnix)
        #expect(listener.name == "unix:\(folder.path)/http.sock")
        let facts = try #require(try Files.facts(path.text))
        #expect(facts.isSocket)
        #expect(facts.permissions == 0o660)
        let client = try FileDescriptor.connect(to: path, blocks: true)
        var peer: SocketAddress? = .loopback(port: 1)
        let isAccepted = try listener.accept(peer: &peer) != nil
        #expect(isAccepted)
        #expect(peer == nil)
        _ = consume client
    }

    @Test func `a socket that nobody listens on any more is replaced`() throws {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        do { _ = try ListeningSocket(on: path, permissions: 0o600) }
        #expect(try Files.facts(path.text)?.isSocket == true, "the file outlives its process")
        let second = try ListeningSocket(on: path, permissions: 0o600)
        _ = try FileDescriptor.connect(to: path)
        _ = consume second
    }

    @Test func `a socket that somebody listens on is taken`() throws {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        let first = try ListeningSocket(on: path, permissions: 0o600)
        let error = #expect(throws: SystemError.self) { _ = try ListeningSocket(on: path, permissions: 0o600) }
        #expect(error?.isAddressInUse == true)
        _ = try FileDescriptor.connect(to: path)
        _ = consume first
    }

    @Test func `a file that is no socket stays where it is`() throws {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        _ = try Files.open(path.text, .readWriteCreating(permissions: 0o600))
        let error = #expect(throws: SystemError.self) { _ = try ListeningSocket(on: path, permissions: 0o600) }
        #expect(error?.isAddressInUse == true)
        #expect(try Files.facts(path.text)?.isRegularFile == true)
    }

    @Test func `the end of listening removes the file, but not a successor's`() throws {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        let first = try ListeningSocket(on: path, permissions: 0o600)
        first.stopListening()
        #expect(try Files.facts(path.text) == nil)
        let second = try ListeningSocket(on: path, permissions: 0o600)
        first.stopListening()
        #expect(try Files.facts(path.text)?.isSocket == true)
        second.stopListening()
    }

    @Test(arguments: ["", String(repeating: "x", count: 108), "a\0b"])
    func `refuses a path that the kernel could not hold`(_ text: String) {
        #expect(UnixSocketPath(text) == nil)
    }

    @Test func `takes a path of the greatest length`() throws {
        #expect(UnixSocketPath("/" + String(repeating: "x", count: 106)) != nil)
    }
}
