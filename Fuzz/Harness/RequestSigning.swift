internal import Bytes
internal import Crypto
package import SigV4

/// Fuzzes signatures: canonical request, string to sign and signature equal those of a plain signer, and an
/// aws-chunked body decodes to what went in, in as many bytes as were announced.
///
/// An input is `METHOD path?query`, lines of `name: value`, an empty line and a body, lines ending with LF.
package enum RequestSigning {
    /// What a signer made of a request.
    package struct Outcome: Equatable, Sendable {
        package var canonicalRequest: String
        package var stringToSign: String
        package var authorization: String
    }

    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let keyID = "AKIDEXAMPLE"
    /// 2015-08-30T12:36:00Z.
    static let time: Int64 = 1_440_938_160_000
    static let date = "20150830T123600Z"

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        guard let request = SigningInput(input) else { return }
        for (rules, service, token) in [(SigningRules.s3, "s3", nil), (.general, "ssm", "a+token/==")] {
            try check(request.head, rules: rules, service: service, token: token) { head in
                sign(head, rules: rules, service: service, token: token)
            }
        }
        try ChunkFramingOracle.check(request.body, chunkBytes: request.chunkBytes)
    }

    /// What the signer makes of a request.
    package static func sign(
        _ head: SigningRequest, rules: SigningRules, service: String, token: String?
    ) -> Outcome {
        let credentials = Credentials(accessKeyID: keyID, secretAccessKey: secret, sessionToken: token)
        var signer = RequestSigner(
            hash: PlainHash(), credentials: credentials, region: "eu-west-1", service: service, rules: rules)
        let signed = signer.sign(head, payload: .unsigned, at: time)
        return Outcome(
            canonicalRequest: signer.lastCanonicalRequest, stringToSign: signer.lastStringToSign,
            authorization: signed.authorization)
    }

    /// The oracle, over any way to sign.
    package static func check(
        _ head: SigningRequest, rules: SigningRules, service: String, token: String?,
        sign: (SigningRequest) -> Outcome
    ) throws(OracleFailure) {
        let plain = PlainSigner(rules: rules, service: service, token: token).sign(head)
        let outcome = sign(head)
        guard Array(outcome.canonicalRequest.utf8) == Array(plain.canonicalRequest.utf8), outcome == plain
        else { throw OracleFailure("\(outcome)\nplain: \(plain)") }
    }
}

/// The parts of an input.
struct SigningInput {
    let head: SigningRequest
    let body: [UInt8]
    let chunkBytes: Int

    /// Nil where the input is no request that a client of HTTP could send.
    init?(_ input: Span<UInt8>) {
        var rest = input.copied()[...]
        func line() -> String? {
            guard let end = rest.firstIndex(of: 0x0A) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return String(validating: rest[..<end], as: UTF8.self)
        }
        guard let first = line(), let space = first.firstIndex(of: " ") else { return nil }
        let target = first[first.index(after: space)...]
        let path = target.prefix { $0 != "?" }
        var fields: [(name: String, value: String)] = []
        while let field = line(), !field.isEmpty {
            let bytes = Array(field.utf8)
            let name = bytes.prefix { $0 != 0x3A }
            guard PlainExtensions.isToken(name), name.count < bytes.count, fields.count < 40 else { return nil }
            let value = String(decoding: bytes.dropFirst(name.count + 1), as: UTF8.self)
            fields.append((String(decoding: name, as: UTF8.self), value))
        }
        head = SigningRequest(
            method: String(first[..<space]), path: String(path), query: String(target.dropFirst(path.count + 1)),
            fields: fields)
        body = Array(rest)
        var generator = InputHash(input)
        chunkBytes = Int.random(in: 1 ... 300, using: &generator)
    }
}

/// libcrypto's hashes, made anew each time.
struct PlainHash: SigningHash {
    func sha256(_ bytes: Span<UInt8>) -> SigningDigest {
        SigningDigest(copying: Crypto.SHA256().hash(bytes).span)
    }

    func key(_ secret: Span<UInt8>) -> [UInt8] { secret.copied() }

    func code(for message: Span<UInt8>, under key: [UInt8]) -> SigningDigest {
        SigningDigest(copying: HMAC.code(.sha256, key: key.span, for: message).span)
    }
}
