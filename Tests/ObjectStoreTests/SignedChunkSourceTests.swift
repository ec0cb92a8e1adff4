import AWS
import Bytes
import HTTPClient
import SigV4
import Testing

@testable import ObjectStore

@Suite struct SignedChunkSourceTests {
    static func source(
        _ body: TestBody, length: Int, hasTrailer: Bool = false, chunkBytes: Int = ChunkTrailer.slowChunkBytes
    ) -> SignedChunkSource {
        let hash = LibcryptoSigning()
        var signer = RequestSigner(
            hash: hash, credentials: Credentials(accessKeyID: "AK", secretAccessKey: "SK"), region: "us-east-1",
            service: "s3", rules: .s3)
        let request = SigningRequest(method: "PUT", path: "/b/k", fields: [(name: "host", value: "h")])
        let signed = signer.sign(request, payload: .streamingSigned, at: 1_700_000_000_000)
        return SignedChunkSource(
            PartSource(body, length: Int64(length), hasChecksum: hasTrailer), length: Int64(length),
            chunkBytes: chunkBytes, signer: signer.chunkSigner(for: signed), hash: hash, hasTrailer: hasTrailer)
    }

    static func readAll(_ source: SignedChunkSource, step: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        while case .supplied = source.next({ span in
            let count = min(step, span.count)
            for index in 0..<count { bytes.append(span[index]) }
            return count
        }) {}
        return bytes
    }

    @Test(arguments: [0, 1, 8_191, 8_192, 8_193, 16_384, 65_536, 200_000])
    func `has the length that was announced, and the same bytes again after a rewind`(length: Int) throws {
        let body = TestBody(TestBody.pattern(length))
        let source = Self.source(body, length: length)
        let first = Self.readAll(source)
        #expect(Int64(first.count) == Self.encodedLength(length, .signed))
        #expect(S3StoreTests.unchunked(first, parts: 1) == body.bytes)
        #expect(source.rewind())
        #expect(Self.readAll(source, step: 1_000) == first)
        #expect(source.rewind())
        _ = source.next { min($0.count, 10) }
        #expect(source.rewind())
        #expect(Self.readAll(source) == first)
    }

    @Test(arguments: [0, 1, 8_192, 200_000])
    func `the checksum of all bytes follows them, signed`(length: Int) throws {
        let body = TestBody(TestBody.pattern(length))
        let source = Self.source(body, length: length, hasTrailer: true)
        let first = Self.readAll(source)
        #expect(Int64(first.count) == Self.encodedLength(length, .signedTrailer))
        let plain = Self.readAll(Self.source(body.again, length: length))
        #expect(first.starts(with: plain.dropLast(2)))
        var sum = CRC32C()
        sum.update(body.bytes.span)
        let end = String(decoding: first[(plain.count - 2)...], as: UTF8.self)
        #expect(end.hasPrefix("x-amz-checksum-crc32c:\(sum.base64)\r\nx-amz-trailer-signature:"))
        #expect(end.hasSuffix("\r\n\r\n"))
        #expect(source.rewind())
        #expect(Self.readAll(source, step: 777) == first)
    }

    @Test func `a chunk waits until its last byte is there`() {
        let body = TestBody(isOver: false)
        let source = Self.source(body, length: 100_000)
        body.bytes = TestBody.pattern(8_191)
        var taken = 0
        guard case .pending = source.next({ taken += $0.count; return $0.count }) else {
            Issue.record("a torn chunk")
            return
        }
        #expect(taken == 0)
        body.bytes = TestBody.pattern(8_192)
        guard case .supplied = source.next({ taken += $0.count; return $0.count }) else {
            Issue.record("a whole chunk is kept back")
            return
        }
        #expect(taken == Self.chunkOnWire)
    }

    private static func encodedLength(_ length: Int, _ framing: ChunkFraming) -> Int64? {
        ChunkTrailer.encodedLength(Int64(length), framing, chunkBytes: ChunkTrailer.slowChunkBytes)
    }

    private static let chunkOnWire = 8_192 + "2000;chunk-signature=".utf8.count + 64 + 4

    /// A store that gets nothing for long ends the upload, however slowly the body comes.
    @Test(arguments: [1, 1_000, 8_192, 30_000]) func `what came is sent, but for less than one chunk`(step: Int) {
        let body = TestBody(isOver: false)
        let length = 100_000
        let source = Self.source(body, length: length)
        let whole = TestBody.pattern(length)
        var sent: [UInt8] = []
        while body.bytes.count < length {
            body.bytes = Array(whole.prefix(body.bytes.count + step))
            sent += Self.readAll(source)
            let chunks = body.bytes.count / 8_192
            #expect(sent.count >= chunks * Self.chunkOnWire)
        }
        #expect(Int64(sent.count) == Self.encodedLength(length, .signed))
        #expect(S3StoreTests.unchunked(sent, parts: 1) == whole)
    }

    /// What is offered at once goes out with one write, or a few.
    @Test func `chunks that are all there leave together`() {
        let body = TestBody(TestBody.pattern(100_000))
        body.tellsReady = true
        let source = Self.source(body, length: 100_000)
        var pieces: [Int] = []
        var all: [UInt8] = []
        while case .supplied = source.next({ span in
            pieces.append(span.count)
            for index in span.indices { all.append(span[index]) }
            return span.count
        }) {}
        #expect(pieces.first == 7 * Self.chunkOnWire)
        #expect(pieces.count == 2)
        #expect(S3StoreTests.unchunked(all, parts: 1) == body.bytes)
    }

    @Test func `what is said to be there and is not keeps nothing back`() {
        let body = TestBody(TestBody.pattern(8_192 + 100), isOver: false)
        body.tellsReady = true
        body.excessReady = 100_000
        let source = Self.source(body, length: 100_000)
        #expect(Self.readAll(source).count == Self.chunkOnWire)
        body.bytes = TestBody.pattern(100_000)
        #expect(Self.readAll(source).count > 90_000 - 8_192)
    }

    @Test func `an end before the length, and a failure, are passed on`() {
        let body = TestBody([1, 2])
        guard case .end = Self.source(body, length: 3).next({ $0.count }) else {
            Issue.record("no end")
            return
        }
        body.fails = true
        guard case .failed = Self.source(body, length: 3).next({ $0.count }) else {
            Issue.record("no failure")
            return
        }
    }
}

extension TestBody {
    /// The same bytes from their beginning.
    fileprivate var again: TestBody { TestBody(bytes) }
}
