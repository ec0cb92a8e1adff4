import TestSupport
import Testing

@testable import HTTPWire

/// Every pair of a state and a kind of byte for the head, and of a state and a kind of input for the whole stream.
struct HeadTableTests {
    // MARK: Request parser

    /// States by the bytes that lead there.
    private static let parserStates: [(name: String, wire: String)] = [
        ("start", ""), ("startCR", "\r"), ("afterEmptyLine", "\r\n"), ("method", "GE"), ("target", "GET /"),
        ("version", "GET / HTTP/1.1"), ("requestLineCR", "GET / HTTP/1.1\r"), ("lineStart", "GET / HTTP/1.1\r\n"),
        ("name", "GET / HTTP/1.1\r\nHost"), ("value", "GET / HTTP/1.1\r\nHost: a"),
        ("valueCR", "GET / HTTP/1.1\r\nHost: a\r"), ("nextLineStart", "GET / HTTP/1.1\r\nHost: a\r\n"),
        ("emptyLineCR", "GET / HTTP/1.1\r\nHost: a\r\n\r"), ("head", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("refused", "\n"),
    ]

    private static func words(_ progress: HeadProgress) -> String {
        switch progress {
        case .incomplete: "goes on"
        case .head: "head"
        case .refused(let refusal): BodyTableTests.words(refusal)
        }
    }

    /// What is said of the bytes when they come one by one.
    private static func parse(_ wire: [UInt8]) -> String {
        var parser = RequestParser(limits: WireLimits())
        var progress = HeadProgress.incomplete
        for count in 0 ... wire.count { progress = parser.parse(wire.span.extracting(first: count)) }
        return words(progress)
    }

    @Test func `a head takes each byte as its state says`() {
        for (name, wire) in Self.parserStates {
            var row = StateRow("\(name): \(Self.parse(Array(wire.utf8)))")
            for (kind, byte) in BodyTableTests.bytes {
                row.add(kind, Self.parse(Array(wire.utf8) + [byte]))
            }
            var again = RequestParser(limits: WireLimits())
            _ = again.parse(Array(wire.utf8).span)
            again.reset()
            row.add("reset", again.isFresh ? "fresh" : "not fresh")
            #expect(row.lines == Self.parserTable[name])
        }
        #expect(Self.parserTable.states == Set(Self.parserStates.map(\.name)))
    }

    private static let parserTable = StateTable(
        """
        start: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        startCR: goes on
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on: LF
          fresh: reset
        afterEmptyLine: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        method: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        target: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        version: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        requestLineCR: goes on
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on: LF
          fresh: reset
        lineStart: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        name: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        value: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        valueCR: goes on
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on: LF
          fresh: reset
        nextLineStart: goes on
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused bareLF: LF
          refused controlByte: NUL, DEL
          fresh: reset
        emptyLineCR: goes on
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          head: LF
          fresh: reset
        head: head
          head: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          fresh: reset
        refused: refused bareLF
          refused bareLF: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          fresh: reset
        """)

    // MARK: Wire reader

    private static let readerStates: [(name: String, wire: String)] = [
        ("betweenRequests", ""), ("afterEmptyLine", "\r\n"), ("inHead", "GET / HT"), ("beforeNoBody", head("")),
        ("inCountedBody", head("Content-Length: 3\r\n") + "x"),
        ("inChunkedBody", head("Transfer-Encoding: chunked\r\n") + "3\r\nx"),
        ("inTrailers", head("Transfer-Encoding: chunked\r\n") + "0\r\n"),
        ("afterRequest", head("Content-Length: 1\r\n") + "x"), ("refused", "\n"),
    ]

    private static let inputs: [(name: String, wire: String)] = [
        ("nothing", ""), ("an empty line", "\r\n"), ("the rest of a line", "TP/1.1\r\n"), ("a whole head", head("")),
        ("two bytes", "xy"), ("a line feed", "\n"), ("a NUL", "\0"),
    ]

    private static func head(_ fields: String) -> String { "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

    /// Reads all of `wire`, and says what the reader says of it in turn.
    private static func read(_ wire: String, _ reader: inout WireReader) -> String {
        let bytes = Array(wire.utf8)
        var offset = 0
        var words: [String] = []
        while true {
            let (event, consumed) = reader.next(bytes.span.extracting(droppingFirst: offset))
            offset += consumed
            switch event {
            case .incomplete: return (words + ["goes on"]).joined(separator: ", ")
            case .head: words.append("head")
            case .data(let range): words.append("\(range.count) of body")
            case .end:
                words.append("end")
                if offset == bytes.count { return words.joined(separator: ", ") }
            case .refused(let refusal): return (words + [BodyTableTests.words(refusal)]).joined(separator: ", ")
            }
            _ = reader.takeHeadBytes()
        }
    }

    @Test func `a stream takes each input as its state says`() {
        for (name, wire) in Self.readerStates {
            var start = WireReader()
            _ = Self.read(wire, &start)
            var row = StateRow("\(name): \(start.position)")
            for (kind, input) in Self.inputs {
                var reader = WireReader()
                _ = Self.read(wire, &reader)
                row.add(kind, Self.read(input, &reader) + " -> \(reader.position)")
            }
            #expect(row.lines == Self.readerTable[name])
        }
        #expect(Self.readerTable.states == Set(Self.readerStates.map(\.name)))
    }

    private static let readerTable = StateTable(
        """
        betweenRequests: betweenRequests
          goes on -> betweenRequests: nothing, an empty line
          refused method -> refused: the rest of a line
          head, end -> betweenRequests: a whole head
          goes on -> inHead: two bytes
          refused bareLF -> refused: a line feed
          refused controlByte -> refused: a NUL
        afterEmptyLine: betweenRequests
          goes on -> betweenRequests: nothing
          refused emptyLines -> refused: an empty line
          refused method -> refused: the rest of a line
          head, end -> betweenRequests: a whole head
          goes on -> inHead: two bytes
          refused bareLF -> refused: a line feed
          refused controlByte -> refused: a NUL
        inHead: inHead
          goes on -> inHead: nothing, the rest of a line, two bytes
          refused version -> refused: an empty line, a whole head
          refused bareLF -> refused: a line feed
          refused controlByte -> refused: a NUL
        beforeNoBody: betweenRequests
          goes on -> betweenRequests: nothing, an empty line
          refused method -> refused: the rest of a line
          head, end -> betweenRequests: a whole head
          goes on -> inHead: two bytes
          refused bareLF -> refused: a line feed
          refused controlByte -> refused: a NUL
        inCountedBody: inBody
          goes on -> inBody: nothing
          2 of body, end -> betweenRequests: an empty line, two bytes
          2 of body, end, refused method -> refused: the rest of a line
          2 of body, end, head, end -> betweenRequests: a whole head
          1 of body, goes on -> inBody: a line feed, a NUL
        inChunkedBody: inBody
          goes on -> inBody: nothing
          2 of body, goes on -> inBody: an empty line, two bytes
          2 of body, refused chunkEnd -> refused: the rest of a line, a whole head
          1 of body, goes on -> inBody: a line feed, a NUL
        inTrailers: inBody
          goes on -> inBody: nothing, two bytes
          end -> betweenRequests: an empty line
          refused trailer -> refused: the rest of a line, a whole head, a line feed, a NUL
        afterRequest: betweenRequests
          goes on -> betweenRequests: nothing, an empty line
          refused method -> refused: the rest of a line
          head, end -> betweenRequests: a whole head
          goes on -> inHead: two bytes
          refused bareLF -> refused: a line feed
          refused controlByte -> refused: a NUL
        refused: refused
          refused bareLF -> refused: nothing, an empty line, the rest of a line, a whole head, two bytes,
            a line feed, a NUL
        """)
}
