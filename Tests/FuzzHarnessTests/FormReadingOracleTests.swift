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
        let text = String(decoding: body, as: UTF8.self)
        let quoted = [UInt8](text.replacing("name=\"a\"", with: #"name="\""#).utf8)
        #expect(try failure(of: quoted) { transcript, _ in transcript.fault = .fieldName } == nil)
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
