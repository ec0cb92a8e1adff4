import Linux
import Logging
import Testing

@testable import Telemetry

@Suite struct LogSinkTests {
    private static let report: @Sendable (UInt64) -> [UInt8] = { Array("dropped \($0)".utf8) }

    /// A sink into a pipe-like pair of which the test holds the other, blocking end.
    private func withSink(
        queueBytesMax: Int = LogSink.queueBytesMax, sendBytes: Int32? = nil,
        _ body: (LogSink, borrowing FileDescriptor) throws -> Void
    ) throws {
        let pair = try SocketPair()
        if let sendBytes { try pair.near.setBuffers(sendBytes: sendBytes) }
        let sink = try LogSink.start(
            output: .lines(try pair.near.duplicate()), queueBytesMax: queueBytesMax, dropsReport: Self.report)
        try body(sink, pair.far)
    }

    private func line(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Everything that can be read now.
    private func readAll(_ descriptor: borrowing FileDescriptor) throws -> String {
        var bytes: [UInt8] = []
        while true {
            var outcome = IOOutcome.closed
            let part = try [UInt8](capacity: 65_536) { output in outcome = try descriptor.read(into: &output) }
            guard case .bytes = outcome else { return String(decoding: bytes, as: UTF8.self) }
            bytes += part
        }
    }

    @Test func `writes every line of several threads once, each thread's in order`() throws {
        try withSink { sink, output in
            var threads: [Thread] = []
            for thread in 0 ..< 3 {
                threads.append(
                    try Thread.start(name: "writer") { [self] in
                        for number in 0 ..< 500 { sink.write(line("\(thread) \(number)")) }
                    })
            }
            for thread in threads { thread.join() }
            #expect(sink.flush())
            var next = [0, 0, 0]
            for line in try readAll(output).split(separator: "\n") {
                let parts = line.split(separator: " ").compactMap { Int($0) }
                #expect(parts.count == 2 && parts[1] == next[parts[0]])
                next[parts[0]] += 1
            }
            #expect(next == [500, 500, 500])
            #expect(sink.dropped == 0)
            #expect(sink.close())
        }
    }

    @Test func `what does not fit is dropped, counted and reported`() throws {
        // The output takes a few kilobytes and then blocks the log thread until it is read.
        try withSink(queueBytesMax: 1_000, sendBytes: 4_096) { sink, output in
            let filler = [UInt8](repeating: 0x61, count: 499)
            var written = 0
            while sink.dropped == 0, written < 100_000 {
                sink.write(filler)
                written += 1
            }
            sink.write([UInt8](repeating: 0x62, count: 2_000))
            var text = ""
            var isFlushed = false
            while !isFlushed {
                text += try readAll(output)
                isFlushed = sink.flush(timeoutMilliseconds: 20)
            }
            text += try readAll(output)
            let lines = text.split(separator: "\n")
            #expect(sink.dropped >= 2)
            #expect(lines.filter { $0.hasPrefix("a") }.count + Int(sink.dropped) == written + 1)
            #expect(!text.contains("b\n"))
            let reported = lines.filter { $0.hasPrefix("dropped ") }.compactMap { UInt64($0.dropFirst(8)) }.reduce(0, +)
            #expect(reported == sink.dropped)
            #expect(sink.close())
        }
    }

    @Test func `an output that is gone stops nobody, and a closed sink drops`() throws {
        let pair = try SocketPair()
        let sink = try LogSink.start(output: .lines(try pair.near.duplicate()), dropsReport: Self.report)
        Signals.ignoreBrokenPipe()
        try pair.far.close()
        sink.write(line("one"))
        #expect(sink.flush())
        #expect(sink.dropped == 1)
        #expect(sink.close())
        sink.write(line("two"))
        #expect(sink.dropped == 2)
        #expect(!sink.flush())
    }

    @Test func `swift-log's entries arrive with their metadata sorted, the message's own winning`() throws {
        try withSink { sink, output in
            var logger = Logger(label: "catalog") { SinkLogHandler(label: $0, format: .text, sink: sink) }
            logger[metadataKey: "b"] = "handler"
            logger[metadataKey: "a"] = "handler"
            logger.info("opened", metadata: ["b": "message"])
            logger.debug("not shown")
            #expect(sink.flush())
            let text = try readAll(output)
            #expect(text.hasSuffix(" info     catalog: opened a=handler b=message\n"))
            #expect(sink.close())
        }
    }

    @Test func `entries to a journal that is not there are lost without noise`() throws {
        guard try Files.facts("/run/systemd/journal/socket") == nil else { return }
        let sink = try LogSink.start(output: .journal, dropsReport: LogLine.dropsReport(.journal))
        sink.write(LogLine(level: .info, label: "x", message: "y").formatted(as: .journal, milliseconds: 0))
        #expect(sink.close())
    }
}

/// Two connected sockets that a test may hold.
private struct SocketPair: ~Copyable {
    let near: FileDescriptor
    let far: FileDescriptor

    init() throws {
        var ends: [Int32] = []
        try FileDescriptor.streamPair { near, far in ends = [near.release(), far.release()] }
        near = FileDescriptor(adopting: ends[0])
        far = FileDescriptor(adopting: ends[1])
    }
}
