import Bytes
import HTTPClient
import SigV4
import Testing

@testable import ObjectStore

@Suite struct UnsignedChunkSourceTests {
    static func source(_ body: TestBody, length: Int) -> UnsignedChunkSource {
        UnsignedChunkSource(PartSource(body, length: Int64(length), hasChecksum: true), length: Int64(length))
    }

    static func readAll(_ source: some RequestBodySource, step: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        while case .supplied = source.next({ span in
            let count = min(step, span.count)
            for index in 0..<count { bytes.append(span[index]) }
            return count
        }) {}
        return bytes
    }

    /// The body as it has to be: chunks of 64 KiB, the last one shorter, and the trailer.
    static func expected(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            let chunk = bytes[start..<min(start + 65_536, bytes.count)]
            output += Array((String(chunk.count, radix: 16) + "\r\n").utf8) + chunk + [13, 10]
        }
        var sum = CRC32C()
        sum.update(bytes.span)
        return output + Array("0\r\nx-amz-checksum-crc32c:\(sum.base64)\r\n\r\n".utf8)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    func `has the length that was announced, and the same bytes again after a rewind`(length: Int) throws {
        let body = TestBody(TestBody.pattern(length))
        let source = Self.source(body, length: length)
        let first = Self.readAll(source)
        #expect(first == Self.expected(body.bytes))
        #expect(Int64(first.count) == ChunkTrailer.encodedLength(Int64(length), .unsignedTrailer))
        #expect(source.rewind())
        #expect(Self.readAll(source, step: 1_000) == first)
        #expect(source.rewind())
        _ = source.next { min($0.count, 10) }
        #expect(source.rewind())
        #expect(Self.readAll(source) == first)
    }

    @Test func `nothing is held back while a chunk fills`() {
        let body = TestBody(isOver: false)
        let source = Self.source(body, length: 70_000)
        var sent: [UInt8] = []
        for end in stride(from: 10_000, through: 70_000, by: 10_000) {
            guard case .pending = source.next({ $0.count }) else {
                Issue.record("bytes out of nothing")
                return
            }
            body.bytes = TestBody.pattern(end)
            let before = sent.count
            while case .supplied = source.next({ span in
                sent.append(contentsOf: span)
                return span.count
            }) {}
            #expect(sent.count >= before + 10_000)
        }
        #expect(sent == Self.expected(body.bytes))
    }

    @Test func `an end before the length, and a failure, are passed on`() {
        let body = TestBody([1, 2])
        let source = Self.source(body, length: 3)
        guard case .supplied = source.next({ $0.count }), case .end = source.next({ $0.count }) else {
            Issue.record("no end")
            return
        }
        body.fails = true
        guard case .failed = Self.source(body, length: 3).next({ $0.count }) else {
            Issue.record("no failure")
            return
        }
    }

    @Test func `whether the store waits for the source is seen through the chunks`() {
        let body = TestBody([1, 2, 3], isOver: false)
        let part = PartSource(body, length: 5, hasChecksum: true)
        let source = UnsignedChunkSource(part, length: 5)
        _ = source.next { min($0.count, 1) }
        #expect(!part.isPending)
        while case .supplied = source.next({ $0.count }) {}
        #expect(part.isPending)
        #expect(!part.isTaken)
    }
}
