import FuzzBasics
import FuzzPlain
import FuzzWire
import HTTPWire
import Testing

/// The oracle of answers, held against readers that are wrong in one way.
struct AnswerReadingTests {
    /// What the oracle says of a reader that is shown `other` instead of `text`, and whose reading `change` alters.
    private func failure(
        _ text: String, as other: String? = nil, bounds: AnswerBounds = .wide, expectsBody: Bool = true,
        readerExpectsBody: Bool? = nil, _ change: (inout AnswerTranscript) -> Void = { _ in }
    ) -> OracleFailure? {
        do throws(OracleFailure) {
            try AnswerReading.check(Array(text.utf8), bounds: bounds, expectsBody: expectsBody) {
                stream, cuts throws(OracleFailure) in
                let shown = other.map { Array($0.utf8) } ?? Array(text.utf8)
                var transcript = try AnswerTranscript(
                    shown.span, cuts: other == nil ? cuts : [], limits: bounds.limits,
                    expectsBody: readerExpectsBody ?? expectsBody)
                change(&transcript)
                return transcript
            }
            return nil
        } catch {
            return error
        }
    }

    private func answer(_ fields: String, _ body: String = "", line: String = "HTTP/1.1 200 OK") -> String {
        "\(line)\r\n\(fields)\r\n\(body)"
    }

    @Test func `an answer that is read as another is noticed`() {
        let cases: [(String, String)] = [
            (answer("Content-Length: 5\r\nContent-Length: 4\r\n", "hello"), answer("X-ontent-Length: 5\r\n", "hello")),
            (answer("Content-Length: 4\r\n", "hell"), answer("Content-Length: 5\r\n", "hell")),
            (answer("A: b\r\n", "x"), answer("A:  b\r\n", "x")), (answer("A: b\r\n"), answer("A : b\r\n")),
            (answer("A: b\r\n c: d\r\n"), answer("A: b\r\nc: d\r\n")),
            (
                answer("Connection: close\r\nContent-Length: 0\r\n"),
                answer("Connection: clos_\r\nContent-Length: 0\r\n")
            ),
            (answer("Content-Length: 0\r\n", line: "HTTP/1.0 200 OK"), answer("Content-Length: 0\r\n")),
            (answer("", line: "HTTP/1.1 204 OK"), answer("", line: "HTTP/1.1 205 OK")),
            (answer("", line: "HTTP/2.1 204 OK"), answer("", line: "HTTP/1.1 204 OK")),
            ("HTTP/1.1 100 Wait\r\n\r\n", "HTTP/1.1 102 Wait\r\n\r\n"),
            (
                answer("Transfer-Encoding: chunked\r\n", "1\r\na\r\n"),
                answer("Transfer-Encoding: chunked\r\n", "1\r\nb\r\n")
            ),
            (answer("Transfer-Encoding: gzip\r\n"), answer("Transfer-Encoding: chunked\r\n")),
        ]
        for (text, other) in cases {
            #expect(failure(text) == nil, "\(text)")
            #expect(failure(text, as: other) != nil, "\(text)")
        }
    }

    @Test func `a body where none may be, and one too few, are noticed`() {
        let text = answer("Content-Length: 1\r\n", "x")
        #expect(failure(text, expectsBody: false) == nil)
        #expect(failure(text, expectsBody: false, readerExpectsBody: true) != nil)
        #expect(failure(text, expectsBody: true, readerExpectsBody: false) != nil)
    }

    @Test func `an end of the stream that is taken otherwise is noticed`() {
        for text in [answer("Content-Length: 2\r\n", "x"), answer("", "x"), "HTTP", ""] {
            #expect(failure(text) == nil, "\(text)")
            #expect(failure(text) { $0.atEndOfStream = .refused(.version) } != nil, "\(text)")
            #expect(
                failure(text) { $0.atEndOfStream = $0.atEndOfStream == .end ? .incomplete : .end } != nil, "\(text)")
        }
    }

    @Test func `a bound that does not hold is noticed`() {
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 9)
        #expect(failure(interim, bounds: .tight) == nil)
        #expect(failure(interim, bounds: .tight) { $0.end = .incomplete } != nil)
        let long = answer("", String(repeating: "x", count: 65))
        #expect(failure(long, bounds: .tight) == nil)
        #expect(failure(long, bounds: .tight) { $0.end = .incomplete } != nil)
        let chunks = answer("Transfer-Encoding: chunked\r\n", "0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n")
        #expect(failure(chunks, bounds: .tight) == nil)
        #expect(failure(chunks, bounds: .tight) { $0.end = .complete(66) } != nil)
        #expect(failure(chunks, bounds: .tight) { $0.end = .refused(.status) } != nil)
    }

    @Test func `an event that depends on the cuts is noticed`() {
        var runs = 0
        let text = answer("Content-Length: 1\r\n", "x")
        let found = failure(text) { transcript in
            runs += 1
            if runs == 4 { transcript.body = [] }
        }
        #expect(found?.description.hasPrefix("cut at") == true)
    }

    @Test func `what is right by construction and read otherwise is noticed`() {
        func failure(_ input: String, _ change: (inout AnswerTranscript) -> Void) -> OracleFailure? {
            var choices = Choices(Array(input.utf8).span)
            do throws(OracleFailure) {
                try AnswerReading.checkMade(GeneratedAnswer(&choices)) {
                    stream, cuts, expectsBody throws(OracleFailure) in
                    var transcript = try AnswerTranscript(
                        stream, cuts: cuts, limits: AnswerBounds.wide.limits, expectsBody: expectsBody)
                    change(&transcript)
                    return transcript
                }
                return nil
            } catch {
                return error
            }
        }
        for defect in 0 ..< 23 {
            let input = String(Unicode.Scalar(UInt8(0x30 + defect)))
            #expect(failure(input) { _ in } == nil, "\(defect)")
            #expect(failure(input) { $0.end = .complete(7) } != nil, "\(defect)")
            #expect(failure(input) { $0.atEndOfStream = .incomplete } != nil, "\(defect)")
        }
        #expect(failure("0") { $0.body.append(0) } != nil)
        #expect(failure("0") { $0.head = nil } != nil)
        #expect(failure("002") { $0.interim = [] } != nil)
    }
}
