internal import Bytes
internal import JSONWire
internal import Linux

/// Writes one line for each request. Each worker has its own: the line is laid out in a buffer that is used again.
package final class AccessLog {
    /// Of a path, the rest is left out: the request line may have kilobytes.
    package static let pathBytesMax = 512

    private let sink: LogSink
    private let format: LogFormat
    private var buffer: [UInt8] = []

    package init(sink: LogSink, format: LogFormat) {
        self.sink = sink
        self.format = format
    }

    package func write(_ record: AccessRecord) {
        // A span of a stored property would keep the object busy; taken out, the buffer is still the only one.
        var line: [UInt8] = []
        swap(&line, &buffer)
        line.removeAll(keepingCapacity: true)
        Self.append(record, as: format, to: &line)
        sink.write(line.span)
        swap(&line, &buffer)
    }

    /// Appends the entry without a line feed.
    static func append(_ record: AccessRecord, as format: LogFormat, to output: inout [UInt8]) {
        switch format {
        case .json: appendJSON(record, to: &output)
        case .text: appendText(record, to: &output)
        case .journal: appendJournal(record, to: &output)
        }
    }

    private static func shownPath(_ record: AccessRecord) -> Int {
        var end = 0
        while end < record.path.count, end < pathBytesMax, record.path[end] != 0x3F { end += 1 }
        return end
    }

    private static func appendJSON(_ record: AccessRecord, to output: inout [UInt8]) {
        output.append(text: "{\"time\":\"")
        CivilTime(millisecondsSinceEpoch: record.wallMilliseconds).appendISO8601(to: &output)
        output.append(text: "\",\"type\":\"access\",\"request_id\":")
        JSONWriter.append(record.requestID, to: &output)
        output.append(text: ",\"remote\":\"")
        appendRemote(record, to: &output)
        output.append(text: "\",\"method\":")
        JSONWriter.append(record.method, to: &output)
        output.append(text: ",\"path\":")
        JSONWriter.append(record.path.span.extracting(first: shownPath(record)), to: &output)
        output.append(text: ",\"status\":")
        Decimal.append(UInt64(max(record.status, 0)), to: &output)
        appendMember("error", record.error, to: &output)
        appendMember("sub", record.subject, to: &output)
        if let imageID = record.imageID {
            output.append(text: ",\"image_id\":")
            Decimal.append(UInt64(max(imageID, 0)), to: &output)
        }
        output.append(text: ",\"bytes_in\":")
        Decimal.append(record.bytesIn, to: &output)
        output.append(text: ",\"bytes_out\":")
        Decimal.append(record.bytesOut, to: &output)
        output.append(text: ",\"total_ms\":")
        LogText.appendMilliseconds(record.totalMicroseconds, to: &output)
        if let firstByte = record.firstByteMicroseconds {
            output.append(text: ",\"first_byte_ms\":")
            LogText.appendMilliseconds(firstByte, to: &output)
        }
        if let store = record.storeMicroseconds {
            output.append(text: ",\"store_ms\":")
            LogText.appendMilliseconds(store, to: &output)
        }
        output.append(0x7D)
    }

    private static func appendRemote(_ record: AccessRecord, to output: inout [UInt8]) {
        if let remote = record.remote { remote.append(to: &output) } else { output.append(text: "unix") }
    }

    private static func appendMember(_ name: String, _ value: String?, to output: inout [UInt8]) {
        guard let value else { return }
        output.append(text: ",\"")
        output.append(text: name)
        output.append(text: "\":")
        JSONWriter.append(value, to: &output)
    }

    private static func appendText(_ record: AccessRecord, to output: inout [UInt8]) {
        CivilTime(millisecondsSinceEpoch: record.wallMilliseconds).appendISO8601(to: &output)
        output.append(text: " access   ")
        appendSummary(record, to: &output)
        output.append(text: " remote=")
        appendRemote(record, to: &output)
        output.append(text: " request_id=")
        LogText.appendValue(record.requestID, to: &output)
    }

    /// `POST /images 201 12.345ms in=1024 sub=1`
    private static func appendSummary(_ record: AccessRecord, to output: inout [UInt8]) {
        LogText.append(record.method, to: &output)
        output.append(0x20)
        LogText.append(record.path.span.extracting(first: shownPath(record)).repairedText(), to: &output)
        output.append(0x20)
        Decimal.append(UInt64(max(record.status, 0)), to: &output)
        output.append(0x20)
        LogText.appendMilliseconds(record.totalMicroseconds, to: &output)
        output.append(text: "ms in=")
        Decimal.append(record.bytesIn, to: &output)
        if let error = record.error {
            output.append(text: " error=")
            LogText.appendValue(error, to: &output)
        }
        if let subject = record.subject {
            output.append(text: " sub=")
            LogText.appendValue(subject, to: &output)
        }
    }

    private static func appendJournal(_ record: AccessRecord, to output: inout [UInt8]) {
        output.append(text: "MESSAGE=")
        appendSummary(record, to: &output)
        output.append(text: "\0PRIORITY=6\0SYSLOG_IDENTIFIER=sluice\0SLUICE_LOGGER=access\0SLUICE_REQUEST_ID=")
        LogText.append(record.requestID, to: &output)
        output.append(text: "\0SLUICE_REMOTE=")
        appendRemote(record, to: &output)
        output.append(text: "\0SLUICE_STATUS=")
        Decimal.append(UInt64(max(record.status, 0)), to: &output)
        output.append(text: "\0SLUICE_BYTES_IN=")
        Decimal.append(record.bytesIn, to: &output)
        output.append(text: "\0SLUICE_BYTES_OUT=")
        Decimal.append(record.bytesOut, to: &output)
        output.append(text: "\0SLUICE_TOTAL_MS=")
        LogText.appendMilliseconds(record.totalMicroseconds, to: &output)
        for (name, value) in [("FIRST_BYTE_MS", record.firstByteMicroseconds), ("STORE_MS", record.storeMicroseconds)] {
            guard let value else { continue }
            output.append(text: "\0SLUICE_")
            output.append(text: name)
            output.append(0x3D)
            LogText.appendMilliseconds(value, to: &output)
        }
        for (name, value) in [("ERROR", record.error), ("SUB", record.subject)] {
            guard let value else { continue }
            output.append(text: "\0SLUICE_")
            output.append(text: name)
            output.append(0x3D)
            LogText.append(value, to: &output)
        }
    }
}
