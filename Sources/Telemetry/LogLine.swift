internal import Bytes
internal import JSONWire
internal import Linux
package import Logging
internal import Systemd

/// One entry of the daemon's own log, before it has a format.
package struct LogLine {
    package let level: Logger.Level
    /// The logger's label: the part of Sluice that speaks.
    package let label: String
    package let message: String
    /// Names and values, in the order in which they are written.
    package let fields: [(name: String, value: String)]

    package init(level: Logger.Level, label: String, message: String, fields: [(name: String, value: String)] = []) {
        self.level = level
        self.label = label
        self.message = message
        self.fields = fields
    }

    /// The entry without a line feed. `milliseconds` since 1970.
    package func formatted(as format: LogFormat, milliseconds: Int64) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(192)
        switch format {
        case .text: appendText(milliseconds, to: &output)
        case .json: appendJSON(milliseconds, to: &output)
        case .journal: appendJournal(to: &output)
        }
        return output
    }

    /// What a sink writes about entries that it lost.
    package static func dropsReport(_ format: LogFormat) -> @Sendable (UInt64) -> [UInt8] {
        { count in
            LogLine(
                level: .warning, label: "log",
                message: "log entries were dropped: the log's output is too slow or full",
                fields: [("dropped", String(count))]
            ).formatted(as: format, milliseconds: Clock.wallMilliseconds())
        }
    }

    private func appendText(_ milliseconds: Int64, to output: inout [UInt8]) {
        CivilTime(millisecondsSinceEpoch: milliseconds).appendISO8601(to: &output)
        output.append(0x20)
        output.append(text: level.rawValue)
        for _ in level.rawValue.utf8.count ..< 8 { output.append(0x20) }
        output.append(0x20)
        LogText.append(label, to: &output)
        output.append(text: ": ")
        LogText.append(message, to: &output)
        appendFields(to: &output)
    }

    private func appendFields(to output: inout [UInt8]) {
        for field in fields {
            output.append(0x20)
            LogText.append(field.name, to: &output)
            output.append(0x3D)
            LogText.appendValue(field.value, to: &output)
        }
    }

    private func appendJSON(_ milliseconds: Int64, to output: inout [UInt8]) {
        output.append(text: "{\"time\":\"")
        CivilTime(millisecondsSinceEpoch: milliseconds).appendISO8601(to: &output)
        output.append(text: "\",\"level\":\"")
        output.append(text: level.rawValue)
        output.append(text: "\",\"logger\":")
        JSONWriter.append(label, to: &output)
        output.append(text: ",\"message\":")
        JSONWriter.append(message, to: &output)
        for field in fields {
            output.append(0x2C)
            JSONWriter.append(Self.reserved.contains(field.name) ? field.name + "_" : field.name, to: &output)
            output.append(0x3A)
            JSONWriter.append(field.value, to: &output)
        }
        output.append(0x7D)
    }

    /// Names that no field may take: a duplicate would make the line unreadable to strict readers.
    private static let reserved: Set<String> = ["time", "level", "logger", "message", "type"]

    private func appendJournal(to output: inout [UInt8]) {
        output.append(text: "MESSAGE=")
        LogText.append(message, to: &output)
        appendFields(to: &output)
        output.append(text: "\0PRIORITY=")
        Decimal.append(UInt64(priority.rawValue), to: &output)
        output.append(text: "\0SYSLOG_IDENTIFIER=sluice\0SLUICE_LOGGER=")
        LogText.append(label, to: &output)
        for field in fields.prefix(Journal.fieldsMax - 4) {
            output.append(text: "\0SLUICE_")
            for byte in field.name.utf8.prefix(48) {
                output.append(byte.isAlpha ? byte & 0xDF : byte.isDigit ? byte : 0x5F)
            }
            output.append(0x3D)
            LogText.append(field.value, to: &output)
        }
    }

    private var priority: Journal.Priority {
        switch level {
        case .trace, .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
