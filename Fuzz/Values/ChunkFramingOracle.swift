internal import Bytes
internal import FuzzBasics
internal import SigV4

/// Encodes a body as aws-chunked in one of its forms, and reads it back.
enum ChunkFramingOracle {
    private static let trailers = [(name: "x-amz-checksum-crc32c", value: "sOO8/Q==")]

    /// - Parameter isLate: whether another request was signed on another day before the chunks are.
    static func check(_ request: SigningInput, _ framing: ChunkFraming, isLate: Bool) throws(OracleFailure) {
        let (body, chunkBytes) = (request.body, request.chunkBytes)
        let sent = framing == .signed ? [] : trailers
        let (wire, seed) = try encode(request, framing, isLate: isLate)
        let announced = framing.encodedLength(
            decoded: Int64(body.count), chunkBytes: Int64(chunkBytes), trailers: sent)
        guard announced == Int64(wire.count) else {
            throw OracleFailure("\(wire.count) bytes, announced \(String(describing: announced))")
        }
        guard try decode(wire, framing, seed) == body else { throw OracleFailure("decoded, it is another body") }
    }

    private static let lengths: [Int64] = [
        .max, .max - 20, .max - 28, .max - 100, .max - 101, .max - 210, 1 << 62, (1 << 58) * 31, 1 << 58, 5 << 40,
        65_536, 1, 0, -1,
    ]

    /// Lengths that are too long for a file, or none.
    static func checkLengths(_ framing: ChunkFraming, _ turn: Int) throws(OracleFailure) {
        let (decoded, chunk) = (lengths[turn % 14], lengths[turn / 14 % 14])
        func head(_ count: Int128) -> Int128 {
            Int128(String(count, radix: 16).utf8.count + 2 + (framing == .unsignedTrailer ? 0 : 17 + 64))
        }
        let announced = framing.encodedLength(decoded: decoded, chunkBytes: chunk)
        guard decoded >= 0, chunk > 0 else {
            guard announced == nil else { throw OracleFailure("a length of nothing") }
            return
        }
        let (full, rest) = Int128(decoded).quotientAndRemainder(dividingBy: Int128(chunk))
        var length = full * (head(Int128(chunk)) + 2) + Int128(decoded) + head(0) + 2
        if rest > 0 { length += head(rest) + 2 }
        if framing == .signedTrailer { length += 24 + 64 + 2 }
        guard announced == Int64(exactly: length) else { throw OracleFailure("another length of \(decoded)") }
        guard chunk > 1 << 60 || framing.encodedLength(chunk: chunk) == Int64(head(Int128(chunk))) + chunk + 2
        else { throw OracleFailure("another length of a chunk of \(chunk)") }
    }

    /// The body on the wire, and the signature that the first chunk's continues.
    private static func encode(
        _ request: SigningInput, _ framing: ChunkFraming, isLate: Bool
    ) throws(OracleFailure) -> (wire: [UInt8], seed: [UInt8]) {
        let hash = PlainHash()
        let credentials = Credentials(
            accessKeyID: RequestSigning.keyID, secretAccessKey: RequestSigning.secret, sessionToken: nil)
        var requestSigner = RequestSigner(
            hash: hash, credentials: credentials, region: "eu-west-1", service: "s3", rules: .s3)
        let moment = RequestSigning.moments[0].milliseconds
        let signed = requestSigner.sign(request.head, payload: .streamingSigned, at: moment)
        if isLate { _ = requestSigner.sign(request.head, payload: .empty, at: moment + 86_400_000) }
        var signer = requestSigner.chunkSigner(for: signed)
        var wire: [UInt8] = []
        for start in stride(from: 0, to: request.body.count, by: request.chunkBytes) {
            let chunk = request.body[start ..< min(start + request.chunkBytes, request.body.count)]
            switch framing {
            case .signed, .signedTrailer:
                signer.appendHead(count: chunk.count, digest: hash.sha256(Array(chunk).span), to: &wire)
            case .unsignedTrailer: ChunkFraming.appendUnsignedHead(count: chunk.count, to: &wire)
            }
            wire += chunk
            wire += [0x0D, 0x0A]
        }
        switch framing {
        case .signed: signer.appendEnd(to: &wire)
        case .signedTrailer: signer.appendEnd(trailers: trailers, to: &wire)
        case .unsignedTrailer: ChunkFraming.appendUnsignedEnd(trailers: trailers, to: &wire)
        }
        if framing != .unsignedTrailer {
            let last = PlainSigner.code(signer.lastStringToSign, under: PlainSigner.key("s3"))
            guard signer.lastSignature.span.copied() == last else { throw OracleFailure("another last signature") }
        }
        return (wire, signed.signature.span.copied())
    }

    /// The body, each of its chunks with the signature that continues the one before.
    private static func decode(
        _ wire: [UInt8], _ framing: ChunkFraming, _ seed: [UInt8]
    ) throws(OracleFailure) -> [UInt8] {
        var rest = wire[...]
        var body: [UInt8] = []
        var previous = PlainBytes.hexadecimal(seed)
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
                    stringToSign("PAYLOAD", previous) + PlainBytes.hexadecimal(PlainSigner.digest(""))
                    + "\n" + PlainBytes.hexadecimal(PlainSigner.digest(data))
                previous = PlainBytes.hexadecimal(PlainSigner.code(text, under: PlainSigner.key("s3")))
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
            let text = stringToSign("TRAILER", previous) + PlainBytes.hexadecimal(PlainSigner.digest(canonical))
            let signature = PlainBytes.hexadecimal(PlainSigner.code(text, under: PlainSigner.key("s3")))
            guard try line(&rest) == "x-amz-trailer-signature:" + signature
            else { throw OracleFailure("trailers with another signature") }
        }
        guard try line(&rest).isEmpty, rest.isEmpty else { throw OracleFailure("no end") }
        return body
    }

    private static func stringToSign(_ kind: String, _ previous: String) -> String {
        "AWS4-HMAC-SHA256-\(kind)\n\(RequestSigning.moments[0].date)\n20150830/eu-west-1/s3/aws4_request\n\(previous)\n"
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) throws(OracleFailure) -> String {
        guard let end = rest.firstIndex(of: 0x0D), rest[end...].starts(with: [0x0D, 0x0A])
        else { throw OracleFailure("a line without its end") }
        defer { rest = rest[(end + 2)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
