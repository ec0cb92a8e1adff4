import Foundation
import Linux
import Testing

@testable import Systemd

/// Each test runs in a process of its own, since what it plays is an environment.
@Suite struct ServiceManagerTests {
    @Test func `tells the notify socket what it is asked to, one message each`() async {
        await #expect(processExitsWith: .success) {
            let path = "/tmp/sluice-notify-\(ProcessFacts.id)"
            let socket = try DatagramSocket(path: path)
            setVariable("NOTIFY_SOCKET", path)
            func received() throws -> String? {
                let message = try socket.receive()
                return message.map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(ServiceManager.isListening)
            #expect(ServiceManager.ready(status: "serving [::]:8080\nREADY=0"))
            #expect(try received() == "READY=1\nSTATUS=serving [::]:8080 READY=0")
            #expect(ServiceManager.status("32 uploads"))
            #expect(try received() == "STATUS=32 uploads")
            #expect(ServiceManager.watchdog())
            #expect(try received() == "WATCHDOG=1")
            #expect(ServiceManager.reloading(monotonicMicroseconds: 17))
            #expect(try received() == "RELOADING=1\nMONOTONIC_USEC=17")
            #expect(ServiceManager.stopping(status: "draining"))
            #expect(try received() == "STOPPING=1\nSTATUS=draining")
            #expect(ServiceManager.extendTimeout(microseconds: 5))
            #expect(try received() == "EXTEND_TIMEOUT_USEC=5")
            #expect(ServiceManager.mainProcess(id: 7))
            #expect(try received() == "MAINPID=7")
            #expect(try received() == nil)
        }
    }

    @Test func `is silent where no manager listens`() async {
        await #expect(processExitsWith: .success) {
            setVariable("NOTIFY_SOCKET", nil)
            #expect(!ServiceManager.isListening)
            #expect(!ServiceManager.ready(status: "up"))
            setVariable("NOTIFY_SOCKET", "/nonexistent/notify")
            #expect(!ServiceManager.watchdog())
        }
    }

    @Test func `knows the watchdog only when it is meant`() async {
        await #expect(processExitsWith: .success) {
            setVariable("WATCHDOG_USEC", nil)
            #expect(ServiceManager.watchdogMilliseconds == nil)
            setVariable("WATCHDOG_USEC", "30000000")
            setVariable("WATCHDOG_PID", nil)
            #expect(ServiceManager.watchdogMilliseconds == 30_000)
            setVariable("WATCHDOG_PID", "1")
            #expect(ServiceManager.watchdogMilliseconds == nil)
        }
    }

    @Test func `takes inherited sockets once, with their names`() async {
        await #expect(processExitsWith: .success) {
            // Descriptor 3 must be the listener, as systemd would have left it.
            let listener = try ListeningSocket(on: .loopback(port: 0))
            dup2(listener.raw, 3)
            setVariable("LISTEN_PID", "\(ProcessFacts.id)")
            setVariable("LISTEN_FDS", "1")
            setVariable("LISTEN_FDNAMES", "public")
            #expect(
                try InheritedSockets.take() == [InheritedSocket(descriptor: 3, name: "public", isStreamListener: true)])
            #expect(try InheritedSockets.take() == [])
            #expect(Environment.value("LISTEN_FDS") == nil)
            let adopted = try ListeningSocket(adopting: FileDescriptor(adopting: dup(3)))
            #expect(adopted.address == listener.address)
        }
    }

    @Test func `finds credentials by name and nothing outside of their folder`() async {
        await #expect(processExitsWith: .success) {
            setVariable("CREDENTIALS_DIRECTORY", nil)
            #expect(Credentials.path("jwt-secret") == nil)
            setVariable("CREDENTIALS_DIRECTORY", "/run/credentials/sluice.service")
            #expect(Credentials.path("jwt-secret") == "/run/credentials/sluice.service/jwt-secret")
            for name in ["", ".", "..", "../shadow", "a/b", "a\0b"] { #expect(Credentials.path(name) == nil) }
            setVariable("CREDENTIALS_DIRECTORY", "")
            #expect(Credentials.path("jwt-secret") == nil)
        }
    }

    @Test func `standard error is the journal's only when it is that very file`() async {
        await #expect(processExitsWith: .success) {
            setVariable("JOURNAL_STREAM", nil)
            #expect(!Journal.takesStandardError)
            setVariable("JOURNAL_STREAM", "1:1")
            #expect(!Journal.takesStandardError)
            let facts = try #require(try Files.facts("/dev/fd/2"))
            setVariable("JOURNAL_STREAM", "\(facts.device):\(facts.inode)")
            #expect(Journal.takesStandardError)
            setVariable("JOURNAL_STREAM", "nonsense")
            #expect(!Journal.takesStandardError)
        }
    }

    @Test func `an entry to a journal that is not there is no error`() throws {
        let entry = [UInt8]("MESSAGE=sluice test entryPRIORITY=7".utf8)
        try send(entry, ends: [25, 35])
        try send([], ends: [0])
        try send(entry, ends: [])
    }

    private func send(_ entry: [UInt8], ends: [Int]) throws {
        // Never into the journal of the machine that runs the tests.
        guard try Files.facts("/run/systemd/journal/socket") == nil else { return }
        try Journal.send(entry.span, ends: ends.span)
    }
}

/// Sets a variable of this process, or takes it out. Only for processes of their own: nothing guards it.
private func setVariable(_ name: String, _ value: String?) {
    if let value { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
}
