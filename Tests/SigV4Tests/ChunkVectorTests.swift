import Bytes
import Foundation
import SigV4
import TestSupport
import Testing

@Suite(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
struct ChunkVectorTests {
    @Test func `every aws-chunked body is framed and signed byte for byte`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/sigv4/chunked.json")
        var run = 0
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let vector = try ChunkVector(entry)
            let body = try vector.encode()
            #expect(body.count == entry["encoded_length"] as? Int, "\(name)")
            #expect(sha256Hex(body) == entry["encoded_sha256"] as? String, "\(name)")
            let length = vector.framing.encodedLength(ofParts: vector.sizes, trailers: vector.trailers)
            #expect(length == body.count, "\(name)")
            if let chunk = vector.evenChunkBytes {
                let length = vector.framing.encodedLength(
                    decoded: Int64(vector.payload.count), chunkBytes: chunk, trailers: vector.trailers)
                #expect(length == Int64(body.count), "\(name)")
            }
            run += 1
        }
        #expect(run == cases.count)
        #expect(run > 0)
    }
}

extension ChunkFraming {
    fileprivate func encodedLength(ofParts sizes: [Int], trailers: [(name: String, value: String)]) -> Int {
        var length = encodedLength(endWith: trailers)
        for size in sizes where size > 0 { length += encodedLength(chunk: Int64(size)) }
        return Int(length)
    }
}

private struct ChunkVector {
    let framing: ChunkFraming
    let payload: [UInt8]
    let chunks: [[String: Any]]
    let sizes: [Int]
    let trailers: [(name: String, value: String)]
    private let entry: [String: Any]

    init(_ entry: [String: Any]) throws {
        self.entry = entry
        chunks = try #require(entry["chunks"] as? [[String: Any]])
        sizes = try chunks.map { try #require($0["size"] as? Int) }
        trailers = (entry["trailers"] as? [[String]] ?? []).map { ($0[0], $0[1]) }
        framing =
            if entry["seed_signature"] is NSNull {
                .unsignedTrailer
            } else {
                trailers.isEmpty ? .signed : .signedTrailer
            }
        var payload: [UInt8] = []
        for segment in try value("payload", of: entry, as: [[String: Any]].self) {
            if let text = segment["repeat"] as? String {
                let unit = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
                for _ in 0 ..< (try value("times", of: segment, as: Int.self)) { payload += unit }
            } else {
                payload += try bytes(base64: value("b64", of: segment))
            }
        }
        self.payload = payload
    }

    /// The size of all chunks but the last, when that is one size.
    var evenChunkBytes: Int64? {
        let parts = sizes.dropLast()
        guard let first = parts.first, let last = parts.last, last <= first else { return nil }
        return parts.dropLast().allSatisfy { $0 == first } ? Int64(first) : nil
    }

    func encode() throws -> [UInt8] {
        #expect(sizes.last == 0)
        #expect(sizes.reduce(0, +) == payload.count)
        return framing == .unsignedTrailer ? try encodeUnsigned() : try encodeSigned()
    }

    private func encodeUnsigned() throws -> [UInt8] {
        var output: [UInt8] = []
        var offset = 0
        for chunk in chunks.dropLast() {
            let size = try #require(chunk["size"] as? Int)
            let start = output.count
            ChunkFraming.appendUnsignedHead(count: size, to: &output)
            #expect(String(decoding: output[start...], as: UTF8.self) == chunk["header_line"] as? String)
            output += payload[offset ..< offset + size]
            output += [13, 10]
            offset += size
        }
        ChunkFraming.appendUnsignedEnd(trailers: trailers, to: &output)
        return output
    }

    private func encodeSigned() throws -> [UInt8] {
        var signer = try chunkSigner()
        var output: [UInt8] = []
        var offset = 0
        for chunk in chunks.dropLast() {
            let size = try #require(chunk["size"] as? Int)
            let data = [UInt8](payload[offset ..< offset + size])
            let start = output.count
            signer.appendHead(count: size, digest: TestSigning().sha256(data.span), to: &output)
            #expect(String(decoding: output[start...], as: UTF8.self) == chunk["header_line"] as? String)
            #expect(signer.lastStringToSign == chunk["string_to_sign"] as? String)
            #expect(hex(signer.lastSignature) == chunk["signature"] as? String)
            output += data
            output += [13, 10]
            offset += size
        }
        let end = try #require(chunks.last)
        let start = output.count
        if trailers.isEmpty {
            signer.appendEnd(to: &output)
            #expect(signer.lastStringToSign == end["string_to_sign"] as? String)
        } else {
            signer.appendEnd(trailers: trailers, to: &output)
            #expect(signer.lastStringToSign == entry["trailer_string_to_sign"] as? String)
            #expect(hex(signer.lastSignature) == entry["trailer_signature"] as? String)
        }
        let line = try #require(end["header_line"] as? String)
        #expect(String(decoding: output[start...], as: UTF8.self).hasPrefix(line))
        return output
    }

    private func chunkSigner() throws -> ChunkSigner<TestSigning> {
        let context = try #require(entry["context"] as? [String: String])
        let date = try #require(context["timestamp"])
        let day = [UInt8](date.utf8.prefix(8))
        let key = SigningKey(
            TestSigning(), secretAccessKey: try #require(context["secret_access_key"]), date: day.span,
            region: try #require(context["region"]), service: try #require(context["service"]))
        let seed = digest(hex: try value("seed_signature", of: entry))
        return ChunkSigner(hash: TestSigning(), key: key, date: date, seed: seed)
    }
}
