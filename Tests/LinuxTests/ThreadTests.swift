import Synchronization
import Testing

@testable import Linux

@Suite struct ThreadTests {
    @Test func `runs under its name, cut to what the kernel keeps, and is joined`() throws {
        let name = Mutex("")
        let thread = try Thread.start(name: "a-name-that-is-too-long") {
            let comm = try? Files.readWhole("/proc/thread-self/comm", bytesMax: 64)
            name.withLock { $0 = String(decoding: comm ?? [], as: UTF8.self) }
        }
        thread.join()
        thread.join()
        #expect(name.withLock { $0 } == "a-name-that-is-\n")
    }

    @Test func `an event wakes a waiting thread and is drained by it`() throws {
        let event = try EventDescriptor()
        event.signal()
        event.signal()
        let woken = [event.wait(timeoutMilliseconds: 0), event.wait(timeoutMilliseconds: 0), event.drain()]
        #expect(woken == [true, false, false])
    }

    @Test func `a blocked signal arrives on its descriptor`() throws {
        // The signal is one that nothing else in the test process uses, sent to the one thread that blocks it.
        let seen = Mutex<Signal?>(nil)
        let thread = try Thread.start(name: "signals") {
            do {
                try Signals.block([.user2])
                let descriptor = try SignalDescriptor([.user2])
                #expect(try descriptor.next() == nil)
                try Signals.raiseInThisThread(.user2)
                let signal = try descriptor.next()
                seen.withLock { $0 = signal }
            } catch {
                Issue.record(error)
            }
        }
        thread.join()
        #expect(seen.withLock { $0 } == .user2)
    }

    @Test func `facts of the process are plausible`() throws {
        #expect(ProcessFacts.id > 0)
        let status = String(decoding: try Files.readWhole("/proc/self/status", bytesMax: 65_536), as: UTF8.self)
        let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:\t") }?.dropFirst(14)
        let allowed = mask?.compactMap { $0.hexDigitValue?.nonzeroBitCount }.reduce(0, +)
        #expect(ProcessFacts.processors == allowed)
        #expect(try OpenFilesLimit.raise() == OpenFilesLimit.current())
        #expect(Environment.value("PATH") == Environment.all().first { $0.name == "PATH" }?.value)
        #expect(Environment.value("SLUICE_NO_SUCH_VARIABLE") == nil)
        #expect(Clock.wallMilliseconds() > 1_700_000_000_000)
    }
}
