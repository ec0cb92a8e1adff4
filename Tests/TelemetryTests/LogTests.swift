import Bytes
import Foundation
import Logging
import Testing

@testable import Telemetry

@Suite struct LogTests {
    /// 2025-11-14T10:00:00.123Z
    private let moment: Int64 = 1_763_114_400_123

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private var hostile: LogLine {
        LogLine(
            level: .warning, label: "store", message: "bad \u{1B}[2J\n\u{85} \"é\"",
            fields: [("plain", "a/b"), ("spaced", "a b"), ("level", "x"), ("empty", ""), ("quote", "\"")])
    }

    @Test func `text is one line that leaves the terminal alone`() {
        #expect(
            text(hostile.formatted(as: .text, milliseconds: moment))
                == #"2025-11-14T10:00:00.123Z warning  store: bad \x1b[2J\x0a\x85 "é" plain=a/b spaced="a b" level=x"#
                + #" empty="" quote="\"""#)
    }

    @Test func `json is one object with each name once`() throws {
        let line = hostile.formatted(as: .json, milliseconds: moment)
        #expect(!line.contains(0x0A))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: String])
        #expect(
            object == [
                "time": "2025-11-14T10:00:00.123Z", "level": "warning", "logger": "store",
                "message": "bad \u{1B}[2J\n\u{85} \"é\"", "plain": "a/b", "spaced": "a b", "level_": "x", "empty": "",
                "quote": "\"",
            ])
    }

    @Test func `a journal entry has its fields in the journal's names`() {
        let fields = hostile.formatted(as: .journal, milliseconds: moment).split(separator: 0).map { text(Array($0)) }
        #expect(
            fields == [
                #"MESSAGE=bad \x1b[2J\x0a\x85 "é" plain=a/b spaced="a b" level=x empty="" quote="\"""#, "PRIORITY=4",
                "SYSLOG_IDENTIFIER=sluice", "SLUICE_LOGGER=store", "SLUICE_PLAIN=a/b", "SLUICE_SPACED=a b",
                "SLUICE_LEVEL=x", "SLUICE_EMPTY=", #"SLUICE_QUOTE=""#,
            ])
    }

    private var record: AccessRecord {
        AccessRecord(
            wallMilliseconds: moment, requestID: "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            remote: IPAddress(v4: 0x7F000001), method: "POST",
            path: Array("/images\u{1B}?token=secret".utf8), status: 401, error: "TOKEN_EXPIRED",
            subject: nil, bytesIn: 10, bytesOut: 300, totalMicroseconds: 12_345, firstByteMicroseconds: 12_000)
    }

    @Test func `the access log is JSON without the query`() throws {
        var line: [UInt8] = []
        AccessLog.append(record, as: .json, to: &line)
        #expect(
            text(line)
                == #"{"time":"2025-11-14T10:00:00.123Z","type":"access","#
                + #""request_id":"f47ac10b-58cc-4372-a567-0e02b2c3d479","remote":"127.0.0.1","method":"POST","#
                + #""path":"/images\u001b","status":401,"error":"TOKEN_EXPIRED","bytes_in":10,"bytes_out":300,"#
                + #""total_ms":12.345,"first_byte_ms":12.000}"#)
        _ = try JSONSerialization.jsonObject(with: Data(line))
        for format in LogFormat.allCases {
            line.removeAll()
            AccessLog.append(record, as: format, to: &line)
            #expect(!text(line).contains("secret"))
            #expect(!line.contains(0x0A) && !line.contains(0x1B))
        }
    }

    @Test func `paths are cut and bytes that are no text are replaced`() throws {
        var long = record
        long.path = Array(repeating: 0xFF, count: 10_000)
        long.subject = "guest-\"x\""
        long.imageID = 17
        long.storeMicroseconds = 0
        var line: [UInt8] = []
        AccessLog.append(long, as: .json, to: &line)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        #expect((object["path"] as? String)?.count == AccessLog.pathBytesMax)
        #expect(object["sub"] as? String == "guest-\"x\"")
        #expect(object["image_id"] as? Int == 17)
        #expect(object["store_ms"] as? Double == 0)
    }
}
