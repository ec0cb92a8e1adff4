internal import Bytes
internal import SigV4

/// Encodes a body as aws-chunked in each of its forms, and reads it back.
enum ChunkFramingOracle {
    private static let trailers = [(name: "x-amz-checksum-crc32c", value: "sOO8/Q==")]

    static func check(_ body: [UInt8], chunkBytes: Int) throws(OracleFailure) {
        for framing in [ChunkFraming.signed, .signedTrailer, .unsignedTrailer] {
            let sent = framing == .signed ? [] : trailers
            let wire = encode(body, chunkBytes, framing)
            let announced = framing.encodedLength(
                decoded: Int64(body.count), chunkBytes: Int64(chunkBytes), trailers: sent)
            guard announced == Int64(wire.count) else {
                throw OracleFailure("\(wire.count) bytes, announced \(String(describing: announced))")
            }
            guard try decode(wire, framing) == body else { throw OracleFailure("decoded, it is another body") }
        }
    }

    private static let seed = [UInt8](repeating: 0x5A, count: 32)

    private static func encode(_ body: [UInt8], _ chunkBytes: Int, _ framing: ChunkFraming) -> [UInt8] {
        let hash = PlainHash()
        let key = SigningKey(
            hash, secretAccessKey: RequestSigning.secret, date: "20150830".utf8Span.span, region: "eu-west-1",
            service: "s3")
        var signer = ChunkSigner(
            hash: hash, key: key, date: RequestSigning.date, seed: SigningDigest(copying: seed.span))
        var wire: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: chunkBytes) {
            let chunk = Array(body[start ..< min(start + chunkBytes, body.count)])
            switch framing {
            case .signed, .signedTrailer:
                signer.appendHead(count: chunk.count, digest: hash.sha256(chunk.span), to: &wire)
            case .unsignedTrailer: ChunkFraming.appendUnsignedHead(count: chunk.count, to: &wire)
            }
            wire += chunk + [0x0D, 0x0A]
        }
        switch framing {
        case .signed: signer.appendEnd(to: &wire)
        case .signedTrailer: signer.appendEnd(trailers: trailers, to: &wire)
        case .unsignedTrailer: ChunkFraming.appendUnsignedEnd(trailers: trailers, to: &wire)
        }
        return wire
    }

    /// The body, each of its chunks with the signature that continues the one before.
    private static func decode(_ wire: [UInt8], _ framing: ChunkFraming) throws(OracleFailure) -> [UInt8] {
        var rest = wire[...]
        var body: [UInt8] = []
        var previous = PlainSigner.hexadecimal(seed)
        while true {
            let pieces = try line(&rest).split(separator: ";", omittingEmptySubsequences: false)
            guard let digits = pieces.first, let size = Int(digits, radix: 16), String(size, radix: 16) == digits,
                size <= rest.count
            else { throw OracleFailure("a chunk without its size") }
            let data = Array(rest.prefix(size))
            if framing == .unsignedTrailer {
                guard pieces.count == 1 else { throw OracleFailure("an extension where there is none") }
            } else {
                let text =
                    stringToSign("PAYLOAD", previous) + PlainSigner.hexadecimal(PlainSigner.digest(""))
                    + "\n" + PlainSigner.hexadecimal(PlainSigner.digest(data))
                previous = PlainSigner.hexadecimal(PlainSigner.code(text, under: PlainSigner.key("s3")))
                guard pieces.count == 2, pieces[1] == "chunk-signature=" + previous
                else { throw OracleFailure("a chunk with another signature") }
            }
            body += data
            rest = rest.dropFirst(size)
            if size == 0 { break }
            guard try line(&rest).isEmpty else { throw OracleFailure("a chunk without its end") }
        }
        if framing != .signed {
            for (name, value) in trailers {
                guard try line(&rest) == "\(name):\(value)" else { throw OracleFailure("another trailer") }
            }
        }
        if framing == .signedTrailer {
            let canonical = trailers.map { "\($0.name):\($0.value)\n" }.joined()
            let text = stringToSign("TRAILER", previous) + PlainSigner.hexadecimal(PlainSigner.digest(canonical))
            let signature = PlainSigner.hexadecimal(PlainSigner.code(text, under: PlainSigner.key("s3")))
            guard try line(&rest) == "x-amz-trailer-signature:" + signature
            else { throw OracleFailure("trailers with another signature") }
        }
        guard try line(&rest).isEmpty, rest.isEmpty else { throw OracleFailure("no end") }
        return body
    }

    private static func stringToSign(_ kind: String, _ previous: String) -> String {
        "AWS4-HMAC-SHA256-\(kind)\n\(RequestSigning.date)\n20150830/eu-west-1/s3/aws4_request\n\(previous)\n"
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) throws(OracleFailure) -> String {
        guard let end = rest.firstIndex(of: 0x0D), rest[end...].starts(with: [0x0D, 0x0A])
        else { throw OracleFailure("a line without its end") }
        defer { rest = rest[(end + 2)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
