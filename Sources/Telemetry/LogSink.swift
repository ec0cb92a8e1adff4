internal import Bytes
package import Linux
internal import Synchronization

/// The one way out for log entries: a bounded queue and the thread that writes it.
///
/// Writers copy their bytes into the queue and, unless the thread sleeps, do nothing else. The thread gathers for a few
/// milliseconds after each write, so that a busy daemon wakes it a few hundred times a second and not for each line.
/// What does not fit is dropped, counted, and reported by an entry of its own as soon as there is room.
package final class LogSink: Sendable {
    /// Bytes that may wait: some ten thousand lines, a second or two of a stalled disk.
    package static let queueBytesMax = 4 << 20
    /// How long the thread gathers after a write.
    package static let gatherMilliseconds: Int32 = 5
    /// How long it leaves an output alone that took nothing.
    package static let retryMilliseconds: Int32 = 1_000

    private struct Queue {
        var bytes: [UInt8] = []
        var droppedUnreported: UInt64 = 0
        var droppedTotal: UInt64 = 0
        /// The thread waits for the first entry and must be woken for it.
        var isIdle = false
        var isClosed = false
        /// Entries handed to the thread and not yet written keep these waiting.
        var flushes: [Flush] = []
    }

    /// Somebody who waits until all that was queued before is written.
    private final class Flush: Sendable {
        let done: EventDescriptor

        init() throws(SystemError) { done = try EventDescriptor() }
    }

    private let queue = Mutex(Queue())
    private let arrival: EventDescriptor
    private let bytesMax: Int

    private init(bytesMax: Int) throws(SystemError) {
        self.bytesMax = bytesMax
        arrival = try EventDescriptor()
    }

    /// Starts the log thread. `dropsReport` makes the entry, without its line feed, that tells of so many lost ones.
    package static func start(
        output: consuming LogOutput, queueBytesMax: Int = LogSink.queueBytesMax,
        dropsReport: @Sendable @escaping (UInt64) -> [UInt8]
    ) throws(SystemError) -> LogSink {
        let sink = try LogSink(bytesMax: queueBytesMax)
        let carrier = OutputCarrier(output)
        try Thread.start(name: "log") { sink.run(carrier, dropsReport) }
        return sink
    }

    /// Queues an entry; it must not hold a line feed, which is added here.
    package func write(_ line: consuming [UInt8]) { write(line.span) }

    /// Queues an entry, copied; it must not hold a line feed, which is added here. Never blocks on the output.
    package func write(_ line: Span<UInt8>) {
        let mustWake = queue.withLock { queue in
            guard !queue.isClosed, queue.bytes.count + line.count < bytesMax else {
                queue.droppedUnreported += 1
                queue.droppedTotal += 1
                return false
            }
            queue.bytes.append(contentsOf: line)
            queue.bytes.append(LogOutput.terminator)
            defer { queue.isIdle = false }
            return queue.isIdle
        }
        if mustWake { arrival.signal() }
    }

    /// How many entries were dropped since the start.
    package var dropped: UInt64 { queue.withLock { $0.droppedTotal } }

    /// Waits until everything queued so far is written, at most so long; whether it is.
    @discardableResult
    package func flush(timeoutMilliseconds: Int32 = 2_000) -> Bool {
        guard let flush = try? Flush() else { return false }
        let isRunning = queue.withLock { queue in
            guard !queue.isClosed else { return false }
            queue.flushes.append(flush)
            queue.isIdle = false
            return true
        }
        guard isRunning else { return false }
        arrival.signal()
        return flush.done.wait(timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Writes what waits, at most so long, and ends the thread. Later entries are dropped.
    @discardableResult
    package func close(timeoutMilliseconds: Int32 = 2_000) -> Bool {
        let isWritten = flush(timeoutMilliseconds: timeoutMilliseconds)
        queue.withLock { $0.isClosed = true }
        arrival.signal()
        return isWritten
    }

    // MARK: The thread

    private func run(_ carrier: OutputCarrier, _ dropsReport: (UInt64) -> [UInt8]) {
        guard let output = carrier.take() else { return }
        var batch: [UInt8] = []
        while true {
            let (flushes, isClosed, reported) = takeAll(into: &batch, dropsReport)
            let lost = batch.isEmpty ? 0 : output.write(batch)
            if lost > 0 { noteLost(lost, reported: reported) }
            for flush in flushes { flush.done.signal() }
            if isClosed { return }
            // Gathering and waiting for a better output end early only for a flush or the end.
            let pause = lost > 0 ? Self.retryMilliseconds : Self.gatherMilliseconds
            arrival.wait(timeoutMilliseconds: batch.isEmpty ? nil : pause)
        }
    }

    /// Exchanges the queue for the emptied storage of `batch`, with the report of drops at its end.
    private func takeAll(
        into batch: inout [UInt8], _ dropsReport: (UInt64) -> [UInt8]
    ) -> (flushes: [Flush], isClosed: Bool, reported: UInt64) {
        batch.removeAll(keepingCapacity: true)
        let (flushes, isClosed, dropped) = queue.withLock { queue in
            swap(&queue.bytes, &batch)
            let flushes = queue.flushes
            let dropped = queue.droppedUnreported
            queue.flushes.removeAll()
            queue.droppedUnreported = 0
            queue.isIdle = batch.isEmpty && dropped == 0
            return (flushes, queue.isClosed, dropped)
        }
        if dropped > 0 {
            batch.append(contentsOf: dropsReport(dropped).span)
            batch.append(LogOutput.terminator)
        }
        return (flushes, isClosed, dropped)
    }

    /// `count` entries were lost on their way out, and with them, perhaps, the report of `reported` earlier ones.
    private func noteLost(_ count: UInt64, reported: UInt64) {
        let entries = reported > 0 ? count - 1 : count
        queue.withLock { queue in
            queue.droppedUnreported += entries + reported
            queue.droppedTotal += entries
        }
    }
}

/// Carries the output into the log thread: a thread's closure could be copied, the output cannot.
private final class OutputCarrier: Sendable {
    private let output: Mutex<LogOutput?>

    init(_ output: consuming LogOutput) { self.output = Mutex(output) }

    func take() -> LogOutput? { output.withLock { $0.take() } }
}
