internal import Bytes
internal import Crypto
package import FuzzBasics
internal import FuzzPlain
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
        /// `name: value` of what goes to the request's fields.
        package var added: [String]
    }

    /// Under which rules, for whom and when a request is signed.
    package struct Way: Sendable {
        package var rules: SigningRules
        package var service: String
        package var token: String?
        package var payload: PayloadHash
        /// An index of ``RequestSigning/moments``.
        package var moment = 0

        package init(_ rules: SigningRules, _ service: String, _ token: String?, _ payload: PayloadHash = .unsigned) {
            (self.rules, self.service, self.token, self.payload) = (rules, service, token, payload)
        }
    }

    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let keyID = "AKIDEXAMPLE"
    /// Milliseconds since the epoch, and how SigV4 writes them.
    static let moments: [(milliseconds: Int64, date: String)] = [
        (1_440_938_160_000, "20150830T123600Z"), (-1, "19691231T235959Z"),
    ]

    private static let ways = [
        Way(.s3, "s3", nil), Way(.general, "ssm", "a+token/=="),
        Way(
            SigningRules(
                normalisesPath: true, encodesPathAgain: false, sendsPayloadHash: true, signsSessionToken: false),
            "s3", "token", .empty),
        Way(SigningRules(normalisesPath: false, encodesPathAgain: true, sendsPayloadHash: false), "ssm", ""),
    ]

    private static func payload(_ turn: Int, _ body: [UInt8]) -> PayloadHash {
        switch turn {
        case 0: .unsigned
        case 1: .streamingSigned
        case 2: .streamingSignedTrailer
        case 3: .streamingUnsignedTrailer
        case 4: .digest(PlainHash().sha256(body.span))
        default: .empty
        }
    }

    /// With some effort, in one of the ways and in one form of aws-chunked.
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        guard let request = SigningInput(input) else { return }
        var generator = InputHash(input)
        let turn = Int(generator.next() % 720)
        for (index, way) in ways.enumerated()
        where effort == .all || index == turn % 4 {
            var way = way
            way.payload = payload(turn / 4 % 6, request.body)
            way.moment = turn / 24 % 5 == 0 ? 1 : 0
            for isUsed in effort == .all ? [false, true] : [turn % 3 == 0] {
                try check(request.head, way) { head in sign(head, way, isUsed: isUsed) }
            }
        }
        if effort == .all || turn % 8 == 0 { try checkQuery(request.head.query) }
        for (index, framing) in [ChunkFraming.signed, .signedTrailer, .unsignedTrailer].enumerated()
        where effort == .all || index == turn / 240 {
            if effort == .all || turn % 16 == 0 { try checkDescription(framing == .signed ? nil : "a session's token") }
            for turn in effort == .all ? 0 ..< 196 : turn ..< turn + 1 {
                try ChunkFramingOracle.checkLengths(framing, turn)
            }
            try ChunkFramingOracle.check(request, framing, isLate: turn % 5 == 0)
        }
    }

    /// What the signer makes of a request. One that was used has signed another one before, with other credentials.
    package static func sign(_ head: SigningRequest, _ way: Way, isUsed: Bool = false) -> Outcome {
        let credentials = Credentials(accessKeyID: keyID, secretAccessKey: secret, sessionToken: way.token)
        var signer = RequestSigner(
            hash: PlainHash(), credentials: credentials, region: "eu-west-1", service: way.service, rules: way.rules)
        if isUsed {
            signer.credentials = Credentials(accessKeyID: "other", secretAccessKey: "other")
            _ = signer.sign(head, payload: .empty, at: moments[way.moment].milliseconds)
            signer.credentials = credentials
            _ = signer.sign(head, payload: signer.digest(of: Span()), at: moments[way.moment].milliseconds)
        }
        let signed = signer.sign(head, payload: way.payload, at: moments[way.moment].milliseconds)
        var added: [(name: String, value: String)] = []
        signed.append(to: &added)
        return Outcome(
            canonicalRequest: signer.lastCanonicalRequest, stringToSign: signer.lastStringToSign,
            authorization: signed.authorization, added: added.map { $0.name + ": " + $0.value })
    }

    /// The oracle, over any way to sign.
    package static func check(
        _ head: SigningRequest, _ way: Way, sign: (SigningRequest) -> Outcome
    ) throws(OracleFailure) {
        let plain = PlainSigner(way: way).sign(head)
        let outcome = sign(head)
        guard outcome.canonicalRequest.utf8.elementsEqual(plain.canonicalRequest.utf8), outcome == plain
        else { throw OracleFailure("\(outcome)\nplain: \(plain)") }
    }

    /// Parameters, taken from the query as it stands, become its canonical form.
    static func checkQuery(_ query: String) throws(OracleFailure) {
        let plain = PlainSigner(way: ways[0])
        var parameters: [(name: String, value: String)] = []
        for piece in query.split(separator: "&", omittingEmptySubsequences: false) {
            let halves = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            parameters.append((halves[0], halves.count > 1 ? halves[1] : ""))
        }
        let wire = parameters.map {
            plain.encoded($0.name.utf8, keeping: nil) + "=" + plain.encoded($0.value.utf8, keeping: nil)
        }
        guard CanonicalQuery.text(parameters) == plain.query(wire.joined(separator: "&"))
        else { throw OracleFailure("another query of \(parameters)") }
    }

    /// What is written of credentials shows none of their secrets.
    static func checkDescription(_ token: String?) throws(OracleFailure) {
        let credentials = Credentials(accessKeyID: keyID, secretAccessKey: secret, sessionToken: token)
        let parts = Array(Mirror(reflecting: credentials).children)
        let texts = ["\(credentials)", String(reflecting: credentials), "\(parts)"]
        for text in texts where text.contains(secret) || !text.contains(keyID) || token.map(text.contains) ?? false {
            throw OracleFailure("written as \(text)")
        }
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
        // More chunks than eight show nothing new, and each costs four hashes.
        chunkBytes = max(Int.random(in: 1 ... 300, using: &generator), body.count / 8)
    }
}

/// libcrypto's hashes.
struct PlainHash: SigningHash {
    private let hasher = Crypto.SHA256()

    func sha256(_ bytes: Span<UInt8>) -> SigningDigest { SigningDigest(copying: hasher.hash(bytes).span) }

    func key(_ secret: Span<UInt8>) -> HMACKey { HMACKey(algorithm: .sha256, key: secret) }

    func code(for message: Span<UInt8>, under key: HMACKey) -> SigningDigest {
        SigningDigest(copying: key.code(for: message).span)
    }
}
