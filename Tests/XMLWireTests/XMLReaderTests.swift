import Testing
import XMLWire

private func events(_ text: String, limits: XMLLimits = XMLLimits()) throws(XMLRefusal) -> [String] {
    try events([UInt8](text.utf8), limits: limits)
}

private func events(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLRefusal) -> [String] {
    var reader = XMLReader(limits: limits)
    var output: [String] = []
    while true {
        switch try reader.next(bytes.span) {
        case .start(let range): output.append("<" + String(decoding: bytes[range], as: UTF8.self))
        case .text: output.append(String(decoding: reader.text, as: UTF8.self))
        case .end: output.append(">")
        case .finished: return output
        }
    }
}

private func refusal(_ text: String, limits: XMLLimits = XMLLimits()) -> XMLRefusal? {
    refusal([UInt8](text.utf8), limits: limits)
}

private func refusal(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) -> XMLRefusal? {
    do {
        _ = try events(bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

private func texts(_ path: [String], _ text: String) throws -> [String] {
    let bytes = [UInt8](text.utf8)
    return try XMLTexts.all(at: path, in: bytes.span)
}

struct XMLReaderTests {
    @Test func `gives elements and texts in order`() throws {
        let text = "\u{FEFF}<?xml version=\"1.0\"?><a x='1' y = \"2\"><b:c/>t<d >u</d\n></a><!-- end --> <?pi?>\n"
        #expect(try events(text) == ["<a", "<c", ">", "t", "<d", "u", ">", ">"])
    }

    @Test func `resolves references, sections and comments into one text`() throws {
        let text = "<a>1&lt;&gt;&amp;&quot;&apos;<!-- <b> -->&#65;&#x1F600;&#x0000041;<![CDATA[&lt;]]]]>2</a>"
        #expect(try events(text) == ["<a", "1<>&\"'A😀A&lt;]]2", ">"])
    }

    @Test func `refuses a document type`() {
        #expect(refusal("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>") == .doctype)
        #expect(refusal("<a><!DOCTYPE a></a>") == .doctype)
        #expect(refusal("<a>&b;</a>") == .unknownEntity)
    }

    @Test func `refuses what is not well-formed`() {
        let bad = [
            "x", "<a></b>", "</a>", "<a></a><b/>", "<a></a>x", "<a/>&amp;", "<1/>", "<-a/>", "<a b/>", "<a b=c/>",
            "<a b='<'/>", "<a b='1'c='2'/>", "<a/ >", "<a></a b>", "<!ENTITY>", "<![CDATA[x]]><a/>", "< a/>", "<>",
            "<a>\u{1}</a>", "<a>&#0;</a>",
            "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#xFFFE;</a>", "<a>&#;</a>", "<a>&#x;</a>",
            "<a>&#X41;</a>", "<a>&averyveryverylongname;</a>", "<a>&#1;</a>",
        ]
        for text in bad {
            guard case .malformed = refusal(text) else {
                Issue.record("\(text): \(String(describing: refusal(text)))")
                continue
            }
        }
        #expect(refusal([0x3C, 0x61, 0x3E, 0xC3, 0x28, 0x3C, 0x2F, 0x61, 0x3E]) == .notUTF8)
        let cut = [
            "<", "<a", "<a ", "<a b", "<a b=", "<a b='", "<a/", "<a>", "<a>&am", "<a></", "<a></a", "<?", "<!", "<!-",
            "<!--", "<a><![CDATA[x]]", "<!DOCTYP",
        ]
        for text in cut {
            #expect(refusal(text) == .truncated, "\(text)")
        }
    }

    @Test func `holds its limits exactly`() {
        var limits = XMLLimits()
        limits.depthMax = 2
        limits.textBytesMax = 3
        limits.nameBytesMax = 4
        limits.attributesMax = 1
        limits.documentBytesMax = 40
        #expect(refusal("<a><b/></a>", limits: limits) == nil)
        #expect(refusal("<a><b><c/></b></a>", limits: limits) == .tooDeep)
        #expect(refusal("<a>123</a>", limits: limits) == nil)
        #expect(refusal("<a>1&lt;&lt;4</a>", limits: limits) == .textTooLong)
        #expect(refusal("<a><![CDATA[1234]]></a>", limits: limits) == .textTooLong)
        #expect(refusal("<abcd/>", limits: limits) == nil)
        #expect(refusal("<abcde/>", limits: limits) == .nameTooLong)
        #expect(refusal("<a b='1'/>", limits: limits) == nil)
        #expect(refusal("<a b='1' c='2'/>", limits: limits) == .tooManyAttributes)
        #expect(refusal("<a/>" + String(repeating: " ", count: 36), limits: limits) == nil)
        #expect(refusal("<a/>" + String(repeating: " ", count: 37), limits: limits) == .documentTooLong)
    }

    @Test func `finds the texts at a path and nowhere else`() throws {
        let text = """
            <l><u><k>1</k><i><k>no</k></i></u><u/><u>x<k>2&amp;</k><k/></u><k>no</k><x><u><k>no</k></u></x></l>
            """
        #expect(try texts(["l", "u", "k"], text) == ["1", "2&", ""])
        #expect(try texts(["l", "u"], text) == ["", "", "x"])
        #expect(try texts(["l", "z"], text) == [])
        #expect(try texts([], text) == [])
        let bytes = [UInt8](text.utf8)
        let first = try XMLTexts.first(at: ["l", "u", "k"], in: bytes.span)
        #expect(first == "1")
    }
}
