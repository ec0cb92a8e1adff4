import Logging
import Synchronization

/// Keeps the lines that are logged.
final class CountingLogHandler: LogHandler {
    private let messages = Mutex<[String]>([])

    func lines(containing text: String) -> Int {
        messages.withLock { $0.count { $0.contains(text) } }
    }

    func log(event: LogEvent) {
        messages.withLock { $0.append("\(event.message)") }
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}
