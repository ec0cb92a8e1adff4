import Foundation
import JSONWire
import TestSupport
import Testing

private func quoted(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    JSONWriter.append(bytes.span, to: &output)
    return output
}

private func quoted(_ text: String) -> String {
    var output: [UInt8] = []
    JSONWriter.append(text, to: &output)
    return String(decoding: output, as: UTF8.self)
}

private func readString(_ bytes: [UInt8]) throws -> String? {
    try JSONReader.read(bytes.span, limits: JSONLimits(documentBytesMax: 100_000)).string
}

private func isSame(_ left: String?, _ right: String) -> Bool { left.map { [UInt8]($0.utf8) } == [UInt8](right.utf8) }

struct JSONWriterTests {
    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `every escaping vector parses back to its text`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/filename/json_escape.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let text = try #require(entry["text"] as? String)
            let encoded = try #require(entry["utf8_b64"] as? String)
            let bytes = [UInt8](try #require(Data(base64Encoded: encoded)))
            let written = quoted(bytes)
            let parsed = try JSONSerialization.jsonObject(with: Data(written), options: .fragmentsAllowed) as? String
            #expect(isSame(parsed, text), "\(name): Foundation reads \(parsed ?? "nothing")")
            #expect(isSame(try readString(written), text), "\(name)")
            // The other way: what JSON.stringify and json.dumps wrote is read as the same text.
            for key in ["json_stringify", "ascii_only"] {
                let spelling = try #require(entry[key] as? String)
                #expect(isSame(try readString([UInt8](spelling.utf8)), text), "\(name) \(key)")
            }
        }
        #expect(cases.count == 49)
    }

    @Test func `every scalar comes back and no control character is written`() throws {
        var text = ""
        for value in UInt32(0) ... 0x3000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            text.unicodeScalars.append(scalar)
        }
        let written = quoted(text)
        #expect(isSame(try readString([UInt8](written.utf8)), text))
        for scalar in written.unicodeScalars {
            #expect(scalar.value >= 0x20 && !(0x7F ... 0x9F).contains(scalar.value), "U+\(scalar.value)")
            #expect(scalar.value != 0x2028 && scalar.value != 0x2029)
        }
    }

    @Test func `escapes are the short ones where JSON has them`() {
        #expect(quoted("a\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}\u{85}\u{a0}\u{2028}é")
            == #""a\"\\/\b\t\n\f\r\u0000\u001f\u007f\u0085"# + "\u{a0}" + #"\u2028é""#)
    }

    @Test func `commas and colons put themselves`() throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", 1)
        writer.name("b")
        writer.beginArray()
        writer.string("x")
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.integer(Int64.min)
        writer.endArray()
        writer.member("c", true)
        writer.member("d", String?.none)
        writer.member("e", Int64?.some(2))
        writer.name("f")
        writer.raw([0x7B, 0x7D].span)
        writer.name("g")
        writer.string([0x61, 0xFF].span)
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text == #"{"a":1,"b":["x",{},[],-9223372036854775808],"c":true,"d":null,"e":2,"f":{},"g":"a"#
            + "\u{FFFD}\"}")
        _ = try JSONReader.read(writer.bytes.span)
    }

    @Test func `a reader and a writer agree on a whole document`() throws {
        let text = #"{"a":[1,-2,"x\"y",null,true,{"é":"\u0007"}]}"#
        let value = try JSONReader.read([UInt8](text.utf8).span)
        var writer = JSONWriter()
        write(value, to: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    private func write(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let number): writer.raw([UInt8](number.text.utf8).span)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .object(let object):
            writer.beginObject()
            for member in object.members {
                writer.name(member.name)
                write(member.value, to: &writer)
            }
            writer.endObject()
        }
    }
}
