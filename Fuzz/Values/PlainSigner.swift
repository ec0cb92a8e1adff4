internal import Bytes
internal import Crypto
internal import FuzzBasics
internal import SigV4

/// Signature Version 4 as AWS's manual tells it, in strings and sorted arrays, with none of the signer's code.
package struct PlainSigner {
    private static let unsigned = ["expect", "connection", "user-agent", "authorization", "x-amzn-trace-id"]

    let way: RequestSigning.Way

    private var payload: String {
        switch way.payload {
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .streamingSigned: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        case .streamingSignedTrailer: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        case .streamingUnsignedTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        case .digest(let digest): PlainBytes.hexadecimal(digest.span.copied())
        case .empty: PlainBytes.hexadecimal(Self.digest(""))
        }
    }

    func sign(_ request: SigningRequest) -> RequestSigning.Outcome {
        let (payload, date) = (payload, RequestSigning.moments[way.moment].date)
        var added = [(name: "x-amz-date", value: date)]
        if way.rules.sendsPayloadHash { added.append(("x-amz-content-sha256", payload)) }
        var fields = request.fields.map { (name: lowercased($0.name), value: $0.value) } + added
        if let token = way.token, !token.isEmpty {
            added.append(("x-amz-security-token", token))
            if way.rules.signsSessionToken { fields.append(("x-amz-security-token", token)) }
        }
        var values: [String: [String]] = [:]
        for field in fields where !Self.unsigned.contains(field.name) {
            values[field.name, default: []].append(folded(field.value))
        }
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        let signedNames = names.joined(separator: ";")
        let canonical =
            "\(request.method)\n\(path(request.path))\n\(query(request.query))\n\(lines)\n\(signedNames)\n\(payload)"
        let scope = "\(date.prefix(8))/eu-west-1/\(way.service)/aws4_request"
        let digest = PlainBytes.hexadecimal(Self.digest(canonical))
        let stringToSign = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(digest)"
        let signature = PlainBytes.hexadecimal(Self.code(stringToSign, under: Self.key(way.service, way.moment)))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(RequestSigning.keyID)/\(scope), "
            + "SignedHeaders=\(signedNames), Signature=\(signature)"
        added.append(("authorization", authorization))
        return RequestSigning.Outcome(
            canonicalRequest: canonical, stringToSign: stringToSign, authorization: authorization,
            added: added.map { $0.name + ": " + $0.value })
    }

    private static let keys = ["s3", "ssm"].map { service in
        (service: service, keys: RequestSigning.moments.map { derivedKey(String($0.date.prefix(8)), service) })
    }

    static func key(_ service: String, _ moment: Int = 0) -> [UInt8] {
        keys.first { $0.service == service }?.keys[moment] ?? []
    }

    /// Date, region, service and a word, each under the code before.
    private static func derivedKey(_ day: String, _ service: String) -> [UInt8] {
        [day, "eu-west-1", service, "aws4_request"].reduce(Array("AWS4\(RequestSigning.secret)".utf8)) {
            code($1, under: $0)
        }
    }

    static func code(_ text: String, under key: [UInt8]) -> [UInt8] {
        HMAC.code(.sha256, key: key.span, for: text.utf8Span.span).bytes
    }

    static func digest(_ text: String) -> [UInt8] { digest(Array(text.utf8)) }

    static func digest(_ bytes: [UInt8]) -> [UInt8] { Crypto.SHA256().hash(bytes.span).bytes }

    private static let upperDigits = Array("0123456789ABCDEF".utf8)

    private func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { (0x41 ... 0x5A).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    private func folded(_ value: String) -> String {
        let words = Array(value.utf8).split { $0 == 0x20 || (0x09 ... 0x0D).contains($0) }
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    func encoded(_ bytes: some Sequence<UInt8>, keeping kept: UInt8?) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            if PlainBytes.isAlphanumeric(byte) || "-._~".utf8.contains(byte) || byte == kept {
                text.append(byte)
            } else {
                text += [0x25, Self.upperDigits[Int(byte / 16)], Self.upperDigits[Int(byte % 16)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func path(_ path: String) -> String {
        guard !path.utf8.isEmpty else { return "/" }
        let text = way.rules.normalisesPath ? normalised(path) : path
        return way.rules.encodesPathAgain ? encoded(text.utf8, keeping: 0x2F) : text
    }

    private func normalised(_ path: String) -> String {
        var kept: [String] = []
        let segments = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).map { String($0) ?? "" }
        for segment in segments where !segment.isEmpty && segment != "." {
            if segment == ".." { _ = kept.popLast() } else { kept.append(segment) }
        }
        let text = kept.map { "/" + $0 }.joined()
        return ["", ".", ".."].contains(segments.last ?? "") ? text + "/" : text
    }

    func query(_ query: String) -> String {
        let pairs = Array(query.utf8).split(separator: 0x26).map { piece in
            let name = piece.prefix { $0 != 0x3D }
            // What is encoded stays as it is.
            return (encoded(name, keeping: 0x25), encoded(piece.dropFirst(name.count + 1), keeping: 0x25))
        }
        let sorted = pairs.sorted { left, right in
            let (first, second) = (Array(left.0.utf8), Array(right.0.utf8))
            if first != second { return first.lexicographicallyPrecedes(second) }
            return Array(left.1.utf8).lexicographicallyPrecedes(Array(right.1.utf8))
        }
        return sorted.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}
