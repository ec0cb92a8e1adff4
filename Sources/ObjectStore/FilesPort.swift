package import Linux
package import Reactor

/// A worker's way to the files thread: gives jobs, and runs what is to come after them on the worker's loop.
package final class FilesPort {
    /// Jobs of one worker that may be under way.
    private static let jobsMax = 1_024

    let loop: EventLoop
    private let thread: FilesThread
    private let answers: Mailbox<FileAnswer>
    private var registration = Registration.none
    private var waiting: [UInt64: (FileOutcome) -> Void] = [:]
    private var ticket: UInt64 = 0

    package init(thread: FilesThread, loop: EventLoop) throws(SystemError) {
        self.thread = thread
        self.loop = loop
        answers = try Mailbox(capacity: Self.jobsMax)
        registration = try loop.receive(from: answers) { [weak self] answer in
            self?.waiting.removeValue(forKey: answer.ticket)?(answer.outcome)
        }
    }

    /// Jobs under way.
    package var jobCount: Int { waiting.count }

    /// Stops listening for answers; what is under way is done all the same.
    package func close() {
        loop.deregister(registration)
        waiting.removeAll()
    }

    /// Has `work` done on the files thread, then calls `completion` on the loop, never from inside this call. False,
    /// and neither happens, when too much waits already.
    package func perform(
        _ work: @escaping @Sendable () throws(SystemError) -> FileOutcome,
        completion: @escaping (FileOutcome) -> Void
    ) -> Bool {
        guard waiting.count < Self.jobsMax else { return false }
        ticket += 1
        guard thread.post(FilesThread.Job(ticket: ticket, work: work, answers: answers)) else { return false }
        waiting[ticket] = completion
        return true
    }
}
