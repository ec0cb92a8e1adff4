package import Linux
internal import Reactor

/// What a job of the files thread came to.
package enum FileOutcome: Sendable {
    case done
    case bytes([UInt8])
    case opened(OpenFile)
    case failed(SystemError)
}

/// The one thread that may wait for disks. Jobs are done one after the other, in the order in which each worker
/// gives them.
package final class FilesThread: Sendable {
    struct Job: Sendable {
        let ticket: UInt64
        let work: @Sendable () throws(SystemError) -> FileOutcome
        let answers: Mailbox<FileAnswer>
    }

    /// Jobs that may wait: a bound on memory, since a job may hold 64 KiB that are to be written.
    private static let jobsMax = 2_048

    private let jobs: Mailbox<Job>
    private let thread: Thread

    package init() throws(SystemError) {
        let jobs = try Mailbox<Job>(capacity: Self.jobsMax)
        self.jobs = jobs
        thread = try Thread.start(name: "files") {
            var batch: [Job] = []
            while jobs.waitAll(into: &batch) {
                for job in batch { Self.perform(job) }
            }
        }
    }

    /// Does what waits, takes nothing more, and waits for the thread to end.
    package func stop() {
        jobs.close()
        thread.join()
    }

    func post(_ job: Job) -> Bool { jobs.post(job) }

    private static func perform(_ job: Job) {
        let outcome: FileOutcome
        do throws(SystemError) {
            outcome = try job.work()
        } catch {
            outcome = .failed(error)
        }
        // Never full: a worker's mailbox has room for all of the jobs that it may have under way.
        _ = job.answers.post(FileAnswer(ticket: job.ticket, outcome: outcome))
    }
}

/// The outcome of the job with this ticket.
struct FileAnswer: Sendable {
    let ticket: UInt64
    let outcome: FileOutcome
}
