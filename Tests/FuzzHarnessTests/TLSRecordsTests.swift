import FuzzBasics
import FuzzRecords
import FuzzWire
import HTTPWire
import Testing
import TLS

private let stream = [UInt8]("""
    POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n
    """.utf8)

/// Runs the oracle over a hearing, and over a reader that is right but for what `spoil` does to its answer.
private func failure(
    plaintext: [UInt8] = stream, cuts: [Int] = [7, stream.count], progress: TLSProgress = .established,
    end: TLSRecords.End = .open, of stream: [UInt8] = stream,
    spoil: (inout WireTranscript, _ cuts: [Int]) -> Void = { _, _ in }
) -> OracleFailure? {
    var hearing = TLSRecords.Hearing()
    hearing.plaintext = plaintext
    hearing.cuts = cuts
    hearing.progress = progress
    do throws(OracleFailure) {
        try TLSRecords.check(hearing, of: stream.span, end: end) { stream, cuts throws(OracleFailure) in
            var transcript = try WireTranscript(stream, cuts: cuts, limits: WireLimits())
            spoil(&transcript, cuts)
            return transcript
        }
        return nil
    } catch {
        return error
    }
}

struct TLSRecordsTests {
    @Test func `what is heard as it was said passes`() {
        #expect(failure() == nil)
        #expect(failure(progress: .closedByPeer, end: .closed) == nil)
        #expect(failure(progress: .failed(.malformed("bad record mac")), end: .broken) == nil)
        #expect(failure(end: .broken) == nil)
    }

    @Test func `bytes that are lost, others or too many are noticed`() {
        #expect(failure(plaintext: Array(stream.dropLast())) != nil)
        #expect(failure(plaintext: stream + [0x0D]) != nil)
        #expect(failure(plaintext: Array(stream.reversed())) != nil)
        #expect(failure(of: Array(stream.dropLast())) != nil)
        #expect(failure(plaintext: [], cuts: [0]) != nil)
    }

    @Test func `an end that is another is noticed`() {
        #expect(failure(progress: .closedByPeer) != nil)
        #expect(failure(progress: .handshaking) != nil)
        #expect(failure(end: .closed) != nil)
        #expect(failure(progress: .failed(.malformed(""))) != nil)
        #expect(failure(progress: .closedByPeer, end: .broken) != nil)
    }

    @Test func `a failure of the peer's that is said to be ours is noticed`() {
        #expect(failure(progress: .failed(.library("malloc failure")), end: .broken) != nil)
        #expect(failure(progress: .failed(.plainHTTP), end: .broken) != nil)
        #expect(failure(progress: .failed(.clientCertificate("")), end: .broken) != nil)
    }

    @Test func `events that depend on the records are noticed`() {
        #expect(failure { transcript, cuts in if !cuts.isEmpty { transcript.requests.removeLast() } } != nil)
        #expect(failure { transcript, cuts in if !cuts.isEmpty { transcript.requests[0].body = [] } } != nil)
        #expect(failure { transcript, cuts in if cuts.isEmpty { transcript.refusal = .uriTooLong } } != nil)
    }

    @Test(arguments: ["0", "1"], ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    func `every mishap of a record ends as it must, at every record`(_ version: String, _ mishap: String) throws {
        for place in ["0", "1", "2", "3"] {
            for sizes in ["", "5", "9,3", "1R,1", ",7"] {
                let input = [UInt8]("\(version)\(mishap)\(place)8\(sizes)\n".utf8) + stream
                #expect(throws: Never.self, "\(version)\(mishap)\(place)8\(sizes)") {
                    try TLSRecords.run(input.span)
                }
            }
        }
    }

    @Test func `what is no TLS never becomes HTTP`() {
        for text in ["", "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}\u{0}\u{0}\u{1}\u{0}", "00:\nabc"] {
            #expect(throws: Never.self, "\(text.debugDescription)") { try TLSRecords.run([UInt8](text.utf8).span) }
        }
    }
}
