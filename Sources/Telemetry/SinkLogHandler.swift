internal import Linux
package import Logging

/// swift-log's way into a ``LogSink``, in any of the formats.
package struct SinkLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let sink: LogSink

    package init(label: String, format: LogFormat, sink: LogSink, level: Logger.Level = .info) {
        self.label = label
        self.format = format
        self.sink = sink
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        var fields: [(name: String, value: String)] = []
        for (name, value) in merged { fields.append((name, "\(value)")) }
        fields.sort { $0.name < $1.name }
        if let error = event.error { fields.append(("error", "\(error)")) }
        let line = LogLine(level: event.level, label: label, message: event.message.description, fields: fields)
        sink.write(line.formatted(as: format, milliseconds: Clock.wallMilliseconds()))
    }
}
