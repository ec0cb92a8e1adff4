import FormData
import Testing

struct FormReaderTests {
    private let field = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"

    private func fault(_ text: String, limits: FormLimits = FormLimits()) throws -> FormFault? {
        try run(text, limits: limits).fault
    }

    private func head(_ lines: String) throws -> FormRun {
        try run("--b\r\n\(lines)\r\n\r\nx\r\n--b--")
    }

    @Test func `a form is its parts with their data`() throws {
        let form = try run(
            """
            --b\r
            Content-Disposition: form-data; name="title"\r
            \r
            hello\r
            --b\r
            Content-Disposition: form-data; name="file"; filename="a.png"; filename*=UTF-8''b.png\r
            Content-Type: image/png\r
            \r
            \r
            --x\r
            \r
            --b--\r

            """)
        #expect(form.fault == nil)
        #expect(form.isClosed)
        #expect(
            form.parts.map(\.head) == [
                PartHead(name: Array("title".utf8)),
                PartHead(
                    name: Array("file".utf8), filename: Array("a.png".utf8),
                    extendedFilename: Array("UTF-8''b.png".utf8), contentType: Array("image/png".utf8)),
            ])
        #expect(form.parts.map(\.data) == [Array("hello".utf8), Array("\r\n--x\r\n".utf8)])
    }

    @Test func `what only looks like a delimiter is data`() throws {
        for data in [
            "\r", "\n", "\r\n", "\r\r\n", "\r\n-", "\r\n--", "\r\n--B", "\r\n--\r\n--", "\r\n\r\n--a", "-", "\n--b",
            "\r--b",
            "x--b--", "\r\n-\r\n--a\r",
        ] {
            let form = try run(field + data + "\r\n--b--")
            #expect(form.fault == nil, "\(data.debugDescription)")
            #expect(form.parts.first?.data == Array(data.utf8), "\(data.debugDescription)")
        }
    }

    @Test func `held data is the delimiter's own bytes and needs no copy`() throws {
        var reader = FormReader(boundary: try formBoundary("b"))
        func next(_ text: String) -> [String] {
            let (event, consumed) = reader.next(Array(text.utf8).span)
            return ["\(event)", "\(consumed)"]
        }
        _ = next(field)
        #expect(next("x\r\n-") == ["data(Range(0..<1))", "1"])
        #expect(next("\r\n-") == ["incomplete", "3"])
        #expect(next("-") == ["incomplete", "1"])
        #expect(next("c") == ["heldData(Range(0..<4))", "0"])
        #expect(next("c") == ["data(Range(0..<1))", "1"])
    }

    @Test func `a delimiter ends with CRLF after white space, or with two hyphens`() throws {
        #expect(try fault("--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b \r\n") == .cutShort)
        #expect(try fault(field + "x\r\n--b--") == nil)
        #expect(try fault(field + "x\r\n--b-- \r\nbye") == nil)
        #expect(try fault(field + "x\r\n--bb\r\n--b--") == .delimiterLine)
        #expect(try fault(field + "x\r\n--b.\r\n--b--") == .delimiterLine)
        #expect(try fault(field + "x\r\n--b-\r\n--b--") == .delimiterLine)
        #expect(try fault(field + "x\r\n--b --") == .delimiterLine)
        #expect(try fault(field + "x\r\n--b\n--b--") == .bareLF)
        #expect(try fault(field + "x\r\n--b\r\r\n--b--") == .bareCR)
    }

    @Test func `a part without a line end before its delimiter is refused`() throws {
        #expect(try fault(field + "--b--") == .delimiterWithoutLine)
        #expect(try fault(field + "\r\n--b--") == nil)
    }

    @Test func `the first delimiter may stand at the beginning or after other lines`() throws {
        for preamble in ["", "\r\n", "\r\n\r\n", "any\nthing \0\r\n", "\r\n--\r\n--c\r\r\n"] {
            let form = try run(preamble + field + "x\r\n--b--")
            #expect(form.fault == nil && form.parts.count == 1, "\(preamble.debugDescription)")
        }
        #expect(try fault("x--b\r\n") == .noDelimiter)
        #expect(try fault("") == .noDelimiter)
        #expect(try fault("\n--b\r\n") == .noDelimiter)
    }

    @Test func `a form that ends anywhere before its close delimiter is not complete`() throws {
        let whole = Array((field + "x\r\n--b--").utf8)
        for length in 0 ..< whole.count {
            let form = try run(String(decoding: whole[..<length], as: UTF8.self))
            #expect(form.fault == (length < 3 ? .noDelimiter : .cutShort), "\(length)")
            #expect(!form.isClosed)
        }
    }

    @Test func `a part's head is read strictly`() throws {
        let disposition = "Content-Disposition: form-data; name=a"
        #expect(try head(disposition + "\r\nX-Other: \u{E9}\t1").fault == nil)
        #expect(try head(disposition + "\r\nX\rY: 1").fault == .bareCR)
        #expect(try head(disposition + "\nX: 1").fault == .bareLF)
        #expect(try head(disposition + "\r\nX: \0").fault == .controlByte)
        #expect(try head(disposition + "\r\n folded").fault == .foldedLine)
        #expect(try head(disposition + "\r\nno colon").fault == .fieldName)
        #expect(try head(disposition + "\r\n: empty").fault == .fieldName)
        #expect(try head(disposition + "\r\n" + disposition).fault == .dispositionRepeated)
        #expect(try head("Content-Type: image/png").fault == .dispositionMissing)
        #expect(try head(disposition + "\r\nContent-Type: a/b\r\ncontent-type: a/b").fault == .contentTypeRepeated)
        let encoding = "\r\nContent-Transfer-Encoding: "
        #expect(try head(disposition + encoding + "8BIT" + encoding + "8bit").fault == .transferEncodingRepeated)
        for (name, isEncoded) in [("7bit", false), ("8Bit", false), ("BINARY", false), ("base64", true), ("", true)] {
            #expect(try head(disposition + encoding + name).parts.first?.head.isEncoded == isEncoded)
        }
    }

    @Test(arguments: [
        ("attachment; name=a", FormFault.disposition), ("form-data name=a", .disposition),
        ("form-data; name = a", .disposition), ("form-data; name=\"a", .disposition),
        ("form-data; name=", .disposition), ("form-data; name=a b", .disposition),
        ("form-data; name=\"a\"b", .disposition), ("form-data; =a", .disposition),
        ("form-data; name=a; filename*=\"UTF-8''a\"", .disposition), ("form-data", .nameMissing),
        ("form-data; filename=a", .nameMissing), ("form-data; name=a; name=b", .parameterRepeated),
        ("form-data; name=a; filename=b; FILENAME=c", .parameterRepeated),
    ])
    func `a disposition that readers may read differently is refused`(value: String, expected: FormFault) throws {
        #expect(try head("Content-Disposition: " + value).fault == expected)
    }

    @Test(arguments: [
        ("form-data; name=a", "a"), ("FORM-DATA;NAME=\"a;b=c\";", "a;b=c"), ("form-data;;name=\"\"", ""),
        (#"form-data; name="a\"b\\c\d""#, #"a"b\c\d"#), ("form-data ; x=y\t;\tname=a", "a"),
    ])
    func `a name is a token or between quotes`(value: String, name: String) throws {
        let form = try head("Content-Disposition: " + value)
        #expect(form.fault == nil)
        #expect(form.parts.first?.head.name == Array(name.utf8))
    }

    @Test func `every bound holds at its last byte`() throws {
        let whole = field + "x\r\n--b--"
        let preamble = FormLimits(preambleBytesMax: 5)
        #expect(try fault("12345\r\n" + whole, limits: preamble) == nil)
        #expect(try fault("123456\r\n" + whole, limits: preamble) == .preambleTooLarge)
        #expect(try fault("\r\n--c\r\n" + whole, limits: preamble) == nil)
        #expect(try fault("\r\n--\r\n-\r\n" + whole, limits: preamble) == .preambleTooLarge)
        let padding = FormLimits(paddingBytesMax: 2)
        #expect(try fault("--b  " + whole.dropFirst(3), limits: padding) == nil)
        #expect(try fault("--b   " + whole.dropFirst(3), limits: padding) == .paddingTooLarge)
        let headBytes = field.utf8.count - 5
        #expect(try fault(whole, limits: FormLimits(partHeadBytesMax: headBytes)) == nil)
        #expect(try fault(whole, limits: FormLimits(partHeadBytesMax: headBytes - 1)) == .partHeadTooLarge)
        let two = "--b\r\nX: y\r\n" + field.replacing("--b\r\n", with: "", maxReplacements: 1) + "x\r\n--b--"
        #expect(try fault(two, limits: FormLimits(partFieldsMax: 2)) == nil)
        #expect(try fault(two, limits: FormLimits(partFieldsMax: 1)) == .partHeadTooLarge)
        let parts = String(repeating: field + "x\r\n", count: 3) + "--b--"
        #expect(try fault(parts, limits: FormLimits(partsMax: 3)) == nil)
        #expect(try fault(parts, limits: FormLimits(partsMax: 2)) == .tooManyParts)
        let epilogue = FormLimits(epilogueBytesMax: 4)
        #expect(try fault(whole + "\r\nab", limits: epilogue) == nil)
        #expect(try fault(whole + "\r\nabc", limits: epilogue) == .epilogueTooLarge)
    }

    @Test func `a line that nearly is the delimiter again and again is one pass`() throws {
        let boundary = String(repeating: "-", count: 70)
        let near = String(repeating: "\r\n" + String(repeating: "-", count: 71), count: 2_000)
        let text = "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n\(near)\r\n--\(boundary)--"
        let form = FormRun([Array(text.utf8)], boundary: try formBoundary(boundary))
        #expect(form.fault == nil)
        #expect(form.parts.first?.data == Array(near.utf8))
    }
}
