import TestSupport
import Testing

@testable import HTTPWire

/// Every pair of a state and a kind of byte, for the machines that read a chunked body.
struct BodyTableTests {
    /// Bytes that some grammar tells apart.
    static let bytes: [(name: String, byte: UInt8)] = [
        ("digit 0", 0x30), ("digit 5", 0x35), ("letter a", 0x61), ("letter g", 0x67), ("SP", 0x20), ("HTAB", 0x09),
        ("CR", 0x0D), ("LF", 0x0A), ("semicolon", 0x3B), ("equals", 0x3D), ("colon", 0x3A), ("quote", 0x22),
        ("backslash", 0x5C), ("comma", 0x2C), ("NUL", 0x00), ("DEL", 0x7F), ("byte 80", 0x80),
    ]

    private static let noBytes: [UInt8] = []

    // MARK: Chunked decoder

    /// States by the wire bytes that lead there.
    private static let chunkedStates: [(name: String, wire: String)] = [
        ("size", ""), ("sizeBegun", "1"), ("extensions", "1;a"), ("sizeLF", "1\r"), ("lastSizeLF", "0\r"),
        ("data", "2\r\n"), ("dataRest", "2\r\nx"), ("dataCR", "1\r\nx"), ("dataLF", "1\r\nx\r"),
        ("nextSize", "1\r\nx\r\n"), ("trailers", "0\r\n"), ("trailerField", "0\r\nx: y"),
        ("trailersEnd", "0\r\n\r"), ("end", "0\r\n\r\n"), ("refused", "x"),
    ]

    /// Feeds byte by byte; what the last one gave.
    private static func feed(_ wire: [UInt8], _ decoder: inout ChunkedDecoder) -> String {
        var said = ""
        for byte in wire {
            switch decoder.decode([byte].span) {
            case .data: said = "data"
            case .incomplete: said = "goes on"
            case .end(let consumed): said = consumed == 0 ? "end before it" : "end"
            case .refused(let refusal): said = words(refusal)
            }
            if said == "data" { _ = decoder.decode(Self.noBytes.span) }
        }
        return said + (decoder.wireBytesExpected > 0 ? ", expects \(decoder.wireBytesExpected)" : "")
    }

    static func words(_ refusal: WireRefusal) -> String {
        if case .badRequest(let fault) = refusal { return "refused \(fault.rawValue)" }
        return "refused \(refusal)"
    }

    @Test func `a chunked body takes each byte as its state says`() {
        for (name, wire) in Self.chunkedStates {
            var row = StateRow("\(name):")
            for (kind, byte) in Self.bytes {
                var decoder = ChunkedDecoder(limits: WireLimits())
                _ = Self.feed(Array(wire.utf8), &decoder)
                row.add(kind, Self.feed([byte], &decoder))
            }
            var decoder = ChunkedDecoder(limits: WireLimits())
            _ = Self.feed(Array(wire.utf8), &decoder)
            switch decoder.decode(Self.noBytes.span) {
            case .data: row.add("no bytes", "data")
            case .incomplete: row.add("no bytes", "goes on, nothing taken")
            case .end: row.add("no bytes", "end")
            case .refused(let refusal): row.add("no bytes", Self.words(refusal))
            }
            #expect(row.lines == Self.chunkedTable[name])
        }
        #expect(Self.chunkedTable.states == Set(Self.chunkedStates.map(\.name)))
    }

    private static let chunkedTable = StateTable(
        """
        size:
          goes on: digit 0, digit 5, letter a
          refused chunkSize: letter g, SP, HTAB, CR, LF, semicolon, equals, colon, quote, backslash, comma,
            NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        sizeBegun:
          goes on: digit 0, digit 5, letter a, SP, HTAB, semicolon
          refused chunkSize: letter g, LF, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
          goes on, expects 1: CR
          goes on, nothing taken: no bytes
        extensions:
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, semicolon, equals
          goes on, expects 1: CR
          refused chunkExtension: LF, colon, quote, backslash, comma, NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        sizeLF:
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on, expects 3: LF
          goes on, nothing taken: no bytes
        lastSizeLF:
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on: LF
          goes on, nothing taken: no bytes
        data:
          data, expects 3: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        dataRest:
          data, expects 2: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        dataCR:
          refused chunkEnd: digit 0, digit 5, letter a, letter g, SP, HTAB, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          goes on, expects 1: CR
          goes on, nothing taken: no bytes
        dataLF:
          refused chunkEnd: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          goes on: LF
          goes on, nothing taken: no bytes
        nextSize:
          goes on: digit 0, digit 5, letter a
          refused chunkSize: letter g, SP, HTAB, CR, LF, semicolon, equals, colon, quote, backslash, comma,
            NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        trailers:
          goes on: digit 0, digit 5, letter a, letter g, CR
          refused trailer: SP, HTAB, LF, semicolon, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
          goes on, nothing taken: no bytes
        trailerField:
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused trailer: LF, NUL, DEL
          goes on, nothing taken: no bytes
        trailersEnd:
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          end: LF
          goes on, nothing taken: no bytes
        end:
          end before it: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80
          end: no bytes
        refused:
          refused chunkSize: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, LF, semicolon, equals, colon,
            quote, backslash, comma, NUL, DEL, byte 80, no bytes
        """)

    // MARK: Trailers

    private static let trailerStates: [(name: String, wire: String)] = [
        ("lineStart", ""), ("name", "x"), ("forbiddenName", "host"), ("value", "x:"), ("lineLF", "x: y\r"),
        ("nextLineStart", "x: y\r\n"), ("endLF", "\r"),
    ]

    @Test func `a trailer section takes each byte as its state says`() throws {
        for (name, wire) in Self.trailerStates {
            var row = StateRow("\(name):")
            for (kind, byte) in Self.bytes {
                var scanner = TrailerScanner(limits: WireLimits())
                for byte in wire.utf8 { _ = try scanner.take(byte) }
                do throws(WireRefusal) {
                    row.add(kind, try scanner.take(byte) ? "end" : "goes on")
                } catch {
                    row.add(kind, Self.words(error))
                }
            }
            #expect(row.lines == Self.trailerTable[name])
        }
        #expect(Self.trailerTable.states == Set(Self.trailerStates.map(\.name)))
    }

    private static let trailerTable = StateTable(
        """
        lineStart:
          goes on: digit 0, digit 5, letter a, letter g, CR
          refused trailer: SP, HTAB, LF, semicolon, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
        name:
          goes on: digit 0, digit 5, letter a, letter g, colon
          refused trailer: SP, HTAB, CR, LF, semicolon, equals, quote, backslash, comma, NUL, DEL, byte 80
        forbiddenName:
          goes on: digit 0, digit 5, letter a, letter g
          refused trailer: SP, HTAB, CR, LF, semicolon, equals, quote, backslash, comma, NUL, DEL, byte 80
          refused trailerNotAllowed: colon
        value:
          goes on: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, byte 80
          refused trailer: LF, NUL, DEL
        lineLF:
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          goes on: LF
        nextLineStart:
          goes on: digit 0, digit 5, letter a, letter g, CR
          refused trailer: SP, HTAB, LF, semicolon, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
        endLF:
          refused bareCR: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals, colon, quote,
            backslash, comma, NUL, DEL, byte 80
          end: LF
        """)

    // MARK: Chunk extensions

    /// The first byte of an extension is the one behind the size.
    private static let extensionStates: [(name: String, wire: String)] = [
        ("semicolon", ""), ("semicolonAfterSpace", " "), ("nameStart", ";"), ("name", ";a"),
        ("equalsOrSemicolon", ";a "), ("valueStart", ";a="), ("token", ";a=b"), ("quoted", ";a=\""),
        ("escaped", ";a=\"\\"), ("lineOrSemicolon", ";a=\"b\""), ("semicolonAfterValue", ";a=b "),
    ]

    @Test func `a chunk extension takes each byte as its state says`() {
        for (name, wire) in Self.extensionStates {
            var row = StateRow("\(name):")
            for (kind, byte) in Self.bytes {
                var scanner = ChunkExtensionScanner()
                for byte in wire.utf8 where !scanner.take(byte) { Issue.record("\(name) is not reached") }
                row.add(kind, scanner.take(byte) ? "taken" : "refused")
            }
            #expect(row.lines == Self.extensionTable[name])
        }
        #expect(Self.extensionTable.states == Set(Self.extensionStates.map(\.name)))
    }

    private static let extensionTable = StateTable(
        """
        semicolon:
          refused: digit 0, digit 5, letter a, letter g, CR, LF, equals, colon, quote, backslash, comma, NUL,
            DEL, byte 80
          taken: SP, HTAB, semicolon
        semicolonAfterSpace:
          refused: digit 0, digit 5, letter a, letter g, CR, LF, equals, colon, quote, backslash, comma, NUL,
            DEL, byte 80
          taken: SP, HTAB, semicolon
        nameStart:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB
          refused: CR, LF, semicolon, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
        name:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon, equals
          refused: LF, colon, quote, backslash, comma, NUL, DEL, byte 80
        equalsOrSemicolon:
          refused: digit 0, digit 5, letter a, letter g, CR, LF, colon, quote, backslash, comma, NUL, DEL,
            byte 80
          taken: SP, HTAB, semicolon, equals
        valueStart:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB, quote
          refused: CR, LF, semicolon, equals, colon, backslash, comma, NUL, DEL, byte 80
        token:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB, CR, semicolon
          refused: LF, equals, colon, quote, backslash, comma, NUL, DEL, byte 80
        quoted:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB, semicolon, equals, colon, quote, backslash,
            comma, byte 80
          refused: CR, LF, NUL, DEL
        escaped:
          taken: digit 0, digit 5, letter a, letter g, SP, HTAB, semicolon, equals, colon, quote, backslash,
            comma, byte 80
          refused: CR, LF, NUL, DEL
        lineOrSemicolon:
          refused: digit 0, digit 5, letter a, letter g, LF, equals, colon, quote, backslash, comma, NUL, DEL,
            byte 80
          taken: SP, HTAB, CR, semicolon
        semicolonAfterValue:
          refused: digit 0, digit 5, letter a, letter g, CR, LF, equals, colon, quote, backslash, comma, NUL,
            DEL, byte 80
          taken: SP, HTAB, semicolon
        """)
}
