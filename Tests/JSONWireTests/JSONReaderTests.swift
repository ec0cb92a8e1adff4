import JSONWire
import Testing

private func read(_ text: String, limits: JSONLimits = JSONLimits()) -> Result<JSONValue, JSONRefusal> {
    read([UInt8](text.utf8), limits: limits)
}

private func read(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> Result<JSONValue, JSONRefusal> {
    do throws(JSONRefusal) {
        return .success(try JSONReader.read(bytes.span, limits: limits))
    } catch {
        return .failure(error)
    }
}

private func value(_ text: String) throws -> JSONValue { try read(text).get() }

struct JSONReaderTests {
    @Test func `values of every kind are read`() throws {
        let object = try #require(try value(
            #" { "n" : null , "t":true,"f":false, "a":[1,-2.5e+3,[],{}], "s":"x" , "":0 } "#).object)
        #expect(object.members.map(\.name) == ["n", "t", "f", "a", "s", ""])
        #expect(object["n"] == .null)
        #expect(object["t"]?.bool == true)
        #expect(object["f"]?.bool == false)
        #expect(object["s"]?.string == "x")
        let array = try #require(object["a"]?.array)
        #expect(array.count == 4)
        #expect(array[1].number?.text == "-2.5e+3")
        #expect(object["missing"] == nil)
    }

    @Test func `escapes and surrogate pairs become characters`() throws {
        #expect(try value(#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\ude00-\u0000""#).string
            == "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600}-\u{0}")
        #expect(try value("\"plain \u{1F600}\"").string == "plain \u{1F600}")
    }

    @Test func `a lone surrogate is refused`() {
        for escapes in [
            #"\ud800"#, #"\udc00x"#, #"\ude00\ud83d"#, #"\ud800\n"#, #"\ud800\u0041"#, #"\ud800\ud800"#,
        ] {
            let text = "\"\(escapes)\""
            guard case .failure(.loneSurrogate(at: 1)) = read(text) else {
                Issue.record("\(text): \(read(text))")
                continue
            }
        }
    }

    @Test func `what is not in the grammar is refused`() {
        let texts = [
            "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1",
            "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{a:1}", "{1:1}", "{'a':1}", "tru", "truE", "nul", "falsey",
            "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "1_0", "1 1", "{}{}",
            "{}x", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\u12g4\"", "\"\\u12\"", "\"\\u", "\"a\nb\"",
            "\"\u{0}\"", "\"\u{1f}\"", "/**/1", "1//", "\u{c}1", "\u{a0}1", "\u{0}", "1\u{0}", "\u{FEFF}{}",
        ]
        for text in texts {
            guard case .failure(.malformed) = read(text) else {
                Issue.record("\(text): \(read(text))")
                continue
            }
        }
    }

    @Test func `every proper prefix of a document is refused`() {
        let document = [UInt8](#"{"a":[1.5e3,"x\u00e9\ud83d\ude00é",true,null],"b":{"c":-0}}"#.utf8)
        for length in 0 ..< document.count {
            guard case .failure = read([UInt8](document[..<length])) else {
                Issue.record("accepted \(length) bytes")
                continue
            }
        }
        guard case .success = read(document) else {
            Issue.record("refused the whole")
            return
        }
    }

    @Test func `bytes that are not UTF-8 are refused wherever they stand`() {
        let sequences: [[UInt8]] = [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE1, 0x88]]
        for bad in sequences {
            #expect(read([0x22] + bad + [0x22]) == .failure(.notUTF8))
            #expect(read([0x7B, 0x7D] + bad) == .failure(.notUTF8))
        }
    }

    @Test func `a name twice is refused however it is spelled`() {
        #expect(read(#"{"a":1,"a":1}"#) == .failure(.duplicateName(at: 7)))
        #expect(read(#"{"alg":1,"\u0061lg":2}"#) == .failure(.duplicateName(at: 9)))
        let many = (0 ..< 40).map { "\"k\($0)\":0" }.joined(separator: ",")
        guard case .success(let value) = read("{\(many)}") else {
            Issue.record("refused different names")
            return
        }
        #expect(value.object?.members.count == 40)
        for index in [0, 11, 12, 13, 39] {
            guard case .failure(.duplicateName) = read("{\(many),\"k\(index)\":1}") else {
                Issue.record("accepted k\(index) twice")
                continue
            }
        }
    }

    @Test func `names that only look the same are different`() throws {
        let object = try #require(try value("{\"\u{e9}\":1,\"e\u{301}\":2,\"\u{212A}\":3,\"K\":4}").object)
        #expect(object["K"]?.number?.int64 == 4)
        #expect(object["e\u{301}"]?.number?.int64 == 2)
    }

    @Test func `depth and size are bounded exactly`() {
        let limits = JSONLimits(documentBytesMax: 12, depthMax: 3)
        #expect((try? read("[[[1]]]", limits: limits).get()) != nil)
        #expect(read("[[[[1]]]]", limits: limits) == .failure(.tooDeep(at: 3)))
        #expect(read("[[{\"a\":[1]}]]", limits: JSONLimits(depthMax: 3)) == .failure(.tooDeep(at: 7)))
        #expect((try? read("[[],[],[[]]]", limits: limits).get()) != nil)
        #expect(read("            1", limits: limits) == .failure(.tooLarge))
        #expect((try? read("           1", limits: limits).get()) != nil)
        let deep = String(repeating: "[", count: 100_000)
        guard case .failure(.tooDeep) = read(deep, limits: JSONLimits(documentBytesMax: 100_000)) else {
            Issue.record("not refused as too deep")
            return
        }
    }

    @Test func `numbers keep their text and become machine numbers only where they fit`() throws {
        func number(_ text: String) throws -> JSONNumber { try #require(try value(text).number) }
        #expect(try number("9223372036854775807").int64 == Int64.max)
        #expect(try number("-9223372036854775808").int64 == Int64.min)
        #expect(try number("9223372036854775808").int64 == nil)
        #expect(try number("1.0").int64 == nil)
        #expect(try number("1e3").int64 == nil)
        #expect(try number("-0").int64 == 0)
        #expect(try number("1e3").double == 1000)
        #expect(try number("1e400").double == nil)
        #expect(try number("-1e999").double == nil)
        #expect(try number("1e-400").double == 0)
        #expect(try number("0.1").double == 0.1)
        #expect(try number("18446744073709551616").double == 18446744073709551616)
        #expect(try number("1E+2").text == "1E+2")
    }
}
