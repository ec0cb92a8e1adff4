import Foundation
import Images
import Testing
import TestSupport

private func decode(_ bytes: [UInt8]) -> String? { FileName.decode(fieldValue: bytes.span) }
private func decode(_ text: String) -> String? { decode([UInt8](text.utf8)) }

/// What is kept of a recommended text, said in another way than the code says it.
private func kept(_ text: String) -> String? {
    let shown = String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
        let isControl = scalar.properties.generalCategory == .control
            || scalar.properties.generalCategory == .lineSeparator
            || scalar.properties.generalCategory == .paragraphSeparator
        return isControl ? "\u{FFFD}" : scalar
    }))
    var characters = Array(shown.prefix(256))
    while String(characters).utf8.count > 255 { characters.removeLast() }
    return characters.isEmpty ? nil : String(characters)
}

private func isSame(_ left: String?, _ right: String?) -> Bool {
    left.map { [UInt8]($0.utf8) } == right.map { [UInt8]($0.utf8) }
}

struct FileNameTests {
    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `every field value becomes its recommended text, made harmless`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/filename/x_filename.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let encoded = try #require(entry["raw_b64"] as? String)
            let raw = [UInt8](try #require(Data(base64Encoded: encoded)))
            let recommended = try #require(entry["recommended"] as? [String: Any])
            var text = try #require(recommended["text"] as? String)
            // Spaces around a field value are not of it: HTTP trims them before anybody sees the value.
            if entry["legal_field_value"] as? Bool == false { text = text.trimmingCharacters(in: .whitespaces) }
            #expect(isSame(decode(raw), kept(text)), "\(name): \(decode(raw) ?? "nothing")")
        }
        #expect(cases.count == 114)
    }

    @Test func `nothing that breaks a line or steers a terminal comes out`() {
        for value in UInt32(0) ... 0x3000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let encoded = String(scalar).utf8.map { "%" + String(Int($0) + 0x100, radix: 16).suffix(2) }.joined()
            let shown = decode("a\(encoded)b")
            let isControl = value < 0x20 || (0x7F ... 0x9F).contains(value) || value == 0x2028 || value == 0x2029
            #expect(isSame(shown, isControl ? "a\u{FFFD}b" : "a\(scalar)b"), "U+\(String(value, radix: 16))")
        }
    }

    @Test(arguments: [
        ("photo.png", nil, "photo.png"), ("/tmp/photo.png", nil, "photo.png"), (#"C:\fakepath\a.jpg"#, nil, "a.jpg"),
        ("../../etc/passwd", nil, "passwd"), ("..", nil, ".."), ("dir/", nil, nil), ("", nil, nil), (nil, nil, nil),
        ("a%22b%20c%0Dd%", nil, "a\"b%20c\u{FFFD}d%"), ("%2Fa%2", nil, "%2Fa%2"),
        ("plain", "UTF-8''%ED%95%9C.jpg", "\u{D55C}.jpg"), ("plain", "utf-8'ko'x%2Fy%5Cz", "z"),
        ("plain", "ISO-8859-1''%E9", "plain"), ("plain", "UTF-8''%E9", "plain"), ("plain", "UTF-8''x/", "plain"),
        (nil, "UTF-8''%ZZ", nil), ("plain", "UTF-8''", "plain"),
    ] as [(String?, String?, String?)])
    func `a form's file name is the last component of what it says`(plain: String?, extended: String?, name: String?) {
        let found = FileName.decode(
            formFilename: plain.map { [UInt8]($0.utf8) }, extended: extended.map { [UInt8]($0.utf8) })
        #expect(isSame(found, name))
        #expect(FileName.decode(formFilename: [0x63, 0xE9], extended: nil) == "c\u{E9}")
    }

    @Test func `a long name is cut between characters`() {
        #expect(decode(String(repeating: "a", count: 255)) == String(repeating: "a", count: 255))
        #expect(decode(String(repeating: "a", count: 256)) == String(repeating: "a", count: 255))
        #expect(decode(String(repeating: "a", count: 254) + "é") == String(repeating: "a", count: 254))
        #expect(isSame(decode(String(repeating: "a", count: 253) + "e\u{301}"), String(repeating: "a", count: 253)))
        #expect(isSame(
            decode(String(repeating: "a", count: 252) + "e\u{301}"), String(repeating: "a", count: 252) + "e\u{301}"))
        let family = "\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}"
        #expect(isSame(decode(String(repeating: "a", count: 245) + family), String(repeating: "a", count: 245)))
        let pile = "a" + String(repeating: "\u{301}", count: 200)
        #expect(isSame(decode(pile), "a" + String(repeating: "\u{301}", count: 127)))
        // A replaced control character is longer than the one that was sent.
        #expect(decode(String(repeating: "%00", count: 100))?.utf8.count == 255)
    }

    @Test func `nothing left is nothing`() {
        for value in ["", " ", "\t ", "UTF-8''"] { #expect(decode(value) == nil, "\(value)") }
    }

    @Test func `an ext-value has a charset, a language and nothing but its own characters`() {
        #expect(decode("utf-8'en'%C2%A3") == "£")
        #expect(decode("UTF-8'de-CH'a") == "a")
        for value in ["UTF-8'd e'a", "UTF-8'en", "UTF-8", "UTF-16''a", "UTF-8''a\"", "UTF-8''a*"] {
            #expect(decode(value) == value)
        }
    }
}
