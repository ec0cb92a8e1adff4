import FormData
import FuzzBasics
import FuzzValues
import Testing

private let body = [UInt8](
    """
    --b\r
    Content-Disposition: form-data; name="a"\r
    \r
    one\r
    --b\r
    Content-Disposition: form-data; name="f"; filename="x"\r
    \r
    \r
    --\r
    two\r
    --b--\r\n
    """.utf8)

/// Runs the oracle over a reader that answers rightly but for what `spoil` does to its answer.
private func failure(
    of body: [UInt8] = body, spoil: (inout FormTranscript, _ cuts: [Int]) -> Void
) throws -> OracleFailure? {
    guard let boundary = FormBoundary([0x62].span) else { return OracleFailure("no boundary") }
    do throws(OracleFailure) {
        try FormReading.check(body.span, boundary: boundary) { body, cuts throws(OracleFailure) in
            var transcript = try FormTranscript(body, boundary: boundary, cuts: cuts, limits: FormLimits())
            spoil(&transcript, cuts)
            return transcript
        }
        return nil
    } catch {
        return error
    }
}

/// The form with something else in it.
private func other(_ old: String, _ new: String) -> [UInt8] {
    [UInt8](String(decoding: body, as: UTF8.self).replacing(old, with: new).utf8)
}

/// What the oracle says of a finder of boundaries that finds these.
private func boundaryFailure(
    _ value: String, found: (Span<UInt8>) throws(FormFault) -> FormBoundary?
) -> OracleFailure? {
    do throws(OracleFailure) {
        try FormReading.checkBoundary([UInt8](value.utf8).span, parse: found)
        return nil
    } catch {
        return error
    }
}

struct FormReadingOracleTests {
    @Test func `the reader's own answers pass`() throws {
        var parts: [[UInt8]] = []
        #expect(try failure { transcript, _ in parts = transcript.parts.map(\.data) } == nil)
        #expect(parts == [[UInt8]("one".utf8), [UInt8]("\r\n--\r\ntwo".utf8)])
    }

    @Test func `an answer that depends on the cuts is noticed`() throws {
        #expect(try failure { transcript, cuts in if cuts.count > 3 { transcript.parts[0].data.removeLast() } } != nil)
        #expect(try failure { transcript, cuts in if cuts.count == 1 { transcript.isClosed = false } } != nil)
        #expect(try failure { transcript, cuts in if cuts.count == 9 { transcript.fault = .bareLF } } != nil)
    }

    @Test func `wrong data is noticed even where every cut gives the same`() throws {
        #expect(try failure { transcript, _ in transcript.parts[1].data[2] ^= 1 } != nil)
        #expect(try failure { transcript, _ in transcript.parts[1].data.removeLast() } != nil)
        #expect(try failure { transcript, _ in transcript.parts[0].data.append(0x0D) } != nil)
        #expect(try failure { transcript, _ in transcript.parts.removeLast() } != nil)
        #expect(try failure { transcript, _ in transcript.parts[1].isComplete = false } != nil)
        #expect(try failure { transcript, _ in transcript.fault = .cutShort } != nil)
    }

    @Test func `a reader that refuses what every browser sends is noticed`() throws {
        #expect(try failure { transcript, _ in transcript.fault = .fieldName } != nil)
        let quoted = other(#"name="a""#, #"name="\"""#)
        #expect(try failure(of: quoted) { transcript, _ in transcript.fault = .fieldName } != nil)
        #expect(try failure(of: quoted) { _, _ in } == nil)
    }

    @Test func `a head that is read otherwise is noticed even where every cut gives the same`() throws {
        func failure(_ head: PartHead, of body: [UInt8] = body) throws -> OracleFailure? {
            try FuzzHarnessTests.failure(of: body) { transcript, _ in transcript.parts[1].head = head }
        }
        let (f, x) = ([0x66], [0x78]) as ([UInt8], [UInt8])
        #expect(try failure(PartHead(name: f, filename: x)) == nil)
        #expect(try failure(PartHead(name: x, filename: x)) != nil)
        #expect(try failure(PartHead(name: f)) != nil)
        #expect(try failure(PartHead(name: f, filename: f)) != nil)
        #expect(try failure(PartHead(name: f, filename: x, extendedFilename: x)) != nil)
        #expect(try failure(PartHead(name: f, filename: x, contentType: x)) != nil)
        #expect(try failure(PartHead(name: f, filename: x, isEncoded: true)) != nil)
        let encoded = other(#""x""#, "x; filename*=f\r\ncontent-transfer-encoding: 7-bit\r\nCONTENT-TYPE:x")
        #expect(try failure(PartHead(name: f, filename: x), of: encoded) != nil)
        let right = PartHead(name: f, filename: x, extendedFilename: f, contentType: x, isEncoded: true)
        #expect(try failure(right, of: encoded) == nil)
    }

    @Test func `a head that no strict reader takes is noticed where it is taken`() throws {
        guard let boundary = FormBoundary([0x62].span) else { throw OracleFailure("no boundary") }
        let right = try FormTranscript(body.span, boundary: boundary, cuts: [], limits: FormLimits())
        let disposition = "Content-Disposition: form-data; "
        for (old, new) in [
            (disposition, "Content-Disposition: form-data;\r\n "), (disposition, "A: \u{7F}\r\n" + disposition),
            (disposition, disposition + "name=b; "), (#"filename="x""#, #"filename="x"; FileName=x"#),
            (disposition, "A:b\r\nA\r\n" + disposition), (disposition, "a\nb:c\r\n" + disposition),
            (disposition, "Content-Type: a\r\ncontent-type: a\r\n" + disposition), ("form-data", "attachment"),
            ("\r\n\r\none", "\r\nContent-Disposition: form-data; name=a\r\n\r\none"), (disposition, "A: "),
            ("name=", "nam="), (disposition, "Content-Disposition : form-data; "), (#"name="a""#, #"name="a"#),
        ] {
            #expect(try failure(of: other(old, new)) { _, _ in } == nil, "\(new)")
            let taken = try failure(of: other(old, new)) { transcript, _ in transcript = right }
            #expect(taken != nil, "\(new)")
        }
    }

    @Test func `a reader without one of the bounds is noticed, and one that keeps within is not`() throws {
        guard let boundary = FormBoundary([0x62].span) else { throw OracleFailure("no boundary") }
        func failure(_ body: [UInt8], _ bounds: PlainForm.Bounds) -> OracleFailure? {
            func read(_ body: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> FormTranscript {
                try FormTranscript(body, boundary: boundary, cuts: cuts, limits: FormLimits())
            }
            do throws(OracleFailure) {
                try FormReading.check(body.span, boundary: boundary, bounds: bounds, read: read)
                return nil
            } catch {
                return error
            }
        }
        let long = [UInt8]("ab\r\n".utf8) + other("--b\r\n", "--b \t\r\n") + [UInt8]("cde".utf8)
        let exact = PlainForm.Bounds(
            preambleBytes: 2, paddingBytes: 2, headBytes: 58, fields: 1, parts: 2, epilogueBytes: 5)
        #expect(failure(long, exact) == nil)
        for bounds in [
            PlainForm.Bounds(preambleBytes: 1), PlainForm.Bounds(paddingBytes: 1), PlainForm.Bounds(headBytes: 57),
            PlainForm.Bounds(fields: 0), PlainForm.Bounds(parts: 1), PlainForm.Bounds(epilogueBytes: 4),
        ] {
            #expect(failure(long, bounds) != nil, "\(bounds)")
        }
    }

    @Test func `a boundary that is found otherwise is noticed`() {
        let right = #"multipart/form-data; a="\";"; boundary=b"#
        #expect(boundaryFailure(right) { FormBoundary($0.extracting(last: 1)) } == nil)
        #expect(boundaryFailure(right) { FormBoundary($0.extracting(last: 2)) } != nil)
        #expect(boundaryFailure(right) { _ in nil } != nil)
        #expect(boundaryFailure(right) { _ throws(FormFault) in throw .boundary } != nil)
        #expect(boundaryFailure("text/plain; boundary=b") { FormBoundary($0.extracting(last: 1)) } != nil)
        #expect(boundaryFailure("text/plain; boundary=b") { _ throws(FormFault) in throw .boundary } != nil)
        for rest in [
            "", ";boundary=", ";boundary", "; boundary=b;boundary=b", #";boundary="a\b""#, ";boundary=\"b ", ";=b",
            ";boundary=\"b \"", " boundary=b", ";boundary=\"b\"c", ";boundary=" + String(repeating: "b", count: 71),
        ] {
            #expect(boundaryFailure("multipart/form-data" + rest) { FormBoundary($0.extracting(last: 1)) } != nil)
            #expect(boundaryFailure("multipart/form-data" + rest) { _ throws(FormFault) in throw .boundary } == nil)
        }
    }

    @Test func `a form that is not complete and taken for one is noticed`() throws {
        #expect(try failure(of: Array(body.dropLast(4))) { transcript, _ in transcript.fault = nil } != nil)
        #expect(try failure(of: Array(body.dropLast(4))) { _, _ in } == nil)
    }
}
