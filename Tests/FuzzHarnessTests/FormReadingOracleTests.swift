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

    @Test func `a form that is not complete and taken for one is noticed`() throws {
        #expect(try failure(of: Array(body.dropLast(4))) { transcript, _ in transcript.fault = nil } != nil)
        #expect(try failure(of: Array(body.dropLast(4))) { _, _ in } == nil)
    }
}
