import AWS
import Bytes
import HTTPClient
import SigV4
import Testing

@testable import ObjectStore

@Suite struct SignedChunkSourceTests {
    static func source(_ body: TestBody, length: Int, hasTrailer: Bool = false) -> SignedChunkSource {
        let hash = LibcryptoSigning()
        var signer = RequestSigner(
            hash: hash, credentials: Credentials(accessKeyID: "AK", secretAccessKey: "SK"), region: "us-east-1",
            service: "s3", rules: .s3)
        let request = SigningRequest(method: "PUT", path: "/b/k", fields: [(name: "host", value: "h")])
        let signed = signer.sign(request, payload: .streamingSigned, at: 1_700_000_000_000)
        return SignedChunkSource(
            PartSource(body, length: Int64(length), hasChecksum: hasTrailer), length: Int64(length),
            signer: signer.chunkSigner(for: signed), hash: hash, hasTrailer: hasTrailer)
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

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    func `has the length that was announced, and the same bytes again after a rewind`(length: Int) throws {
        let body = TestBody(TestBody.pattern(length))
        let source = Self.source(body, length: length)
        let first = Self.readAll(source)
        #expect(Int64(first.count) == ChunkTrailer.encodedLength(Int64(length), .signed))
        #expect(S3StoreTests.unchunked(first, parts: 1) == body.bytes)
        #expect(source.rewind())
        #expect(Self.readAll(source, step: 1_000) == first)
        #expect(source.rewind())
        _ = source.next { min($0.count, 10) }
        #expect(source.rewind())
        #expect(Self.readAll(source) == first)
    }

    @Test(arguments: [0, 1, 65_536, 200_000])
    func `the checksum of all bytes follows them, signed`(length: Int) throws {
        let body = TestBody(TestBody.pattern(length))
        let source = Self.source(body, length: length, hasTrailer: true)
        let first = Self.readAll(source)
        #expect(Int64(first.count) == ChunkTrailer.encodedLength(Int64(length), .signedTrailer))
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
        body.bytes = TestBody.pattern(65_535)
        var taken = 0
        guard case .pending = source.next({ taken += $0.count; return $0.count }) else {
            Issue.record("a torn chunk")
            return
        }
        #expect(taken == 0)
        body.bytes = TestBody.pattern(65_536)
        guard case .supplied = source.next({ taken += $0.count; return $0.count }) else {
            Issue.record("a whole chunk is kept back")
            return
        }
        #expect(taken == 65_536 + "10000;chunk-signature=".utf8.count + 64 + 4)
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
