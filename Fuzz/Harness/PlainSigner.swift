internal import Bytes
internal import Crypto
internal import SigV4

/// Signature Version 4 as AWS's manual tells it, in strings and sorted arrays, with none of the signer's code.
struct PlainSigner {
    let rules: SigningRules
    let service: String
    let token: String?

    func sign(_ request: SigningRequest) -> RequestSigning.Outcome {
        let payload = "UNSIGNED-PAYLOAD"
        var fields = request.fields.map { (name: lowercased($0.name), value: $0.value) }
        fields.append(("x-amz-date", RequestSigning.date))
        if rules.sendsPayloadHash { fields.append(("x-amz-content-sha256", payload)) }
        if let token { fields.append(("x-amz-security-token", token)) }
        let unsigned = ["expect", "connection", "user-agent", "authorization", "x-amzn-trace-id"]
        var values: [String: [String]] = [:]
        for field in fields where !unsigned.contains(field.name) {
            values[field.name, default: []].append(folded(field.value))
        }
        let names = values.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        let signedNames = names.joined(separator: ";")
        let canonical =
            "\(request.method)\n\(path(request.path))\n\(query(request.query))\n\(lines)\n\(signedNames)\n\(payload)"
        let scope = "20150830/eu-west-1/\(service)/aws4_request"
        let digest = Self.hexadecimal(Self.digest(canonical))
        let stringToSign = "AWS4-HMAC-SHA256\n\(RequestSigning.date)\n\(scope)\n\(digest)"
        let signature = Self.hexadecimal(Self.code(stringToSign, under: Self.key(service)))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(RequestSigning.keyID)/\(scope), "
            + "SignedHeaders=\(signedNames), Signature=\(signature)"
        return RequestSigning.Outcome(
            canonicalRequest: canonical, stringToSign: stringToSign, authorization: authorization)
    }

    /// Date, region, service and a word, each under the code before.
    static func key(_ service: String) -> [UInt8] {
        ["20150830", "eu-west-1", service, "aws4_request"].reduce(Array("AWS4\(RequestSigning.secret)".utf8)) {
            code($1, under: $0)
        }
    }

    static func code(_ text: String, under key: [UInt8]) -> [UInt8] {
        HMAC.code(.sha256, key: key.span, for: text.utf8Span.span).bytes
    }

    static func digest(_ text: String) -> [UInt8] { digest(Array(text.utf8)) }

    static func digest(_ bytes: [UInt8]) -> [UInt8] { Crypto.SHA256().hash(bytes.span).bytes }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { (0x41 ... 0x5A).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    private func folded(_ value: String) -> String {
        let words = Array(value.utf8).split { $0 == 0x20 || (0x09 ... 0x0D).contains($0) }
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    private func encoded(_ bytes: some Sequence<UInt8>, keeping kept: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(kept)".utf8)
        return bytes.map { byte in
            plain.contains(byte)
                ? String(Unicode.Scalar(byte)) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16).uppercased()
        }.joined()
    }

    private func path(_ path: String) -> String {
        guard !path.utf8.isEmpty else { return "/" }
        guard rules.normalisesPath else { return path }
        var kept: [ArraySlice<UInt8>] = []
        let segments = Array(path.utf8).split(separator: 0x2F, omittingEmptySubsequences: false)
        let (dot, dots): (ArraySlice<UInt8>, ArraySlice<UInt8>) = ([0x2E], [0x2E, 0x2E])
        for segment in segments where !segment.isEmpty && segment != dot {
            if segment == dots { _ = kept.popLast() } else { kept.append(segment) }
        }
        let text = kept.map { "/" + encoded($0, keeping: "") }.joined()
        let last = segments.last ?? []
        return last.isEmpty || last == dot || last == dots ? text + "/" : text
    }

    private func query(_ query: String) -> String {
        let pairs = Array(query.utf8).split(separator: 0x26).map { piece in
            let name = piece.prefix { $0 != 0x3D }
            // What is encoded stays as it is.
            return (encoded(name, keeping: "%"), encoded(piece.dropFirst(name.count + 1), keeping: "%"))
        }
        let sorted = pairs.sorted { left, right in
            let (first, second) = (Array(left.0.utf8), Array(right.0.utf8))
            if first != second { return first.lexicographicallyPrecedes(second) }
            return Array(left.1.utf8).lexicographicallyPrecedes(Array(right.1.utf8))
        }
        return sorted.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}
