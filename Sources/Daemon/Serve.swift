internal import AWS
internal import Catalog
internal import Linux
internal import Logging
internal import ObjectStore
internal import Reactor
internal import Serving
internal import Settings
internal import Telemetry

/// `sluice serve`: the daemon, from its settings to its end.
package enum Serve {
    /// Runs until a signal ends it, then ends the process: 0 after a polite end, 1 when it could not start or go on,
    /// 2 for settings that make no sense.
    package static func run(_ request: SettingsRequest) -> Never {
        let resolution = request.resolve()
        do {
            // Before the first thread: threads inherit the mask.
            try Signals.block([.terminate, .interrupt, .hangup])
            Signals.ignoreBrokenPipe()
            Allocator.keepFreedMemory()
            try OpenFilesLimit.raise()
            let logging = try LoggingSetup(resolution.settings)
            let code = start(resolution.settings, isDevelopment: request.isDevelopment, logging: logging)
            logging.sink.close()
            code == 0 ? Exit.done() : Exit.failed([])
        } catch {
            Exit.failed(["sluice: \(error)"])
        }
    }

    private static func start(_ settings: ResolvedSettings, isDevelopment: Bool, logging: LoggingSetup) -> Int32 {
        let logger = logging.logger("daemon")
        do {
            let control = try Control(settings, isDevelopment: isDevelopment, logging: logging)
            return control.run()
        } catch {
            logger.critical("cannot start: \(error)")
            logging.sink.flush()
            return 1
        }
    }
}

/// The one way out for everything that is logged.
struct LoggingSetup {
    let sink: LogSink
    let format: Telemetry.LogFormat
    private let level: Logger.Level

    init(_ settings: ResolvedSettings) throws {
        let format = Telemetry.LogFormat(rawValue: settings.logFormat.rawValue) ?? .json
        self.format = format
        level = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
        let output: LogOutput = format == .journal ? .journal : .lines(try StandardStreams.duplicateError())
        sink = try LogSink.start(output: output, dropsReport: LogLine.dropsReport(format))
    }

    func logger(_ label: String) -> Logger {
        let (format, sink, level) = (format, sink, level)
        return Logger(label: label) { SinkLogHandler(label: $0, format: format, sink: sink, level: level) }
    }
}
