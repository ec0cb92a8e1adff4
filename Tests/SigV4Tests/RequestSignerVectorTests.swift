import Bytes
import Foundation
import SigV4
import TestSupport
import Testing

@Suite(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
struct RequestSignerVectorTests {
    @Test(arguments: ["suite", "s3", "s3_docs"])
    func `every case signs as botocore and AWS's own signers sign it`(file: String) throws {
        let (_, cases) = try SharedFiles.cases("vectors/sigv4/\(file).json")
        var run = 0
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let vector = try SigningVector(entry)
            var signer = vector.signer
            let signed = signer.sign(vector.request, payload: vector.payload, at: vector.milliseconds)
            #expect(signer.lastCanonicalRequest == entry["canonical_request"] as? String, "\(name)")
            #expect(signer.lastStringToSign == entry["string_to_sign"] as? String, "\(name)")
            #expect(hex(signed.signature) == entry["signature"] as? String, "\(name)")
            #expect(signed.authorization == entry["authorization"] as? String, "\(name)")
            #expect(signed.securityToken == signer.credentials.sessionToken, "\(name)")
            if signer.rules.sendsPayloadHash {
                #expect(signed.payloadHash == entry["payload_hash"] as? String, "\(name)")
            }
            try vector.checkBody(entry, name: name)
            try vector.checkQuery(entry, name: name)
            run += 1
        }
        #expect(run == cases.count)
        #expect(run > 0)
    }

    @Test func `the signing key of every case is derived in its four steps`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/sigv4/signing_keys.json")
        var run = 0
        for entry in cases {
            func text(_ key: String) throws -> String { try value(key, of: entry) }
            let name = try text("name")
            let date = [UInt8](try text("date").utf8)
            let recorder = RecordingHash()
            let key = SigningKey(
                recorder, secretAccessKey: try text("secret_access_key"), date: date.span,
                region: try text("region"), service: try text("service"))
            let expected = ["k_date", "k_region", "k_service", "k_signing"]
            for (index, step) in expected.enumerated() {
                #expect(recorder.log.codes[index] == entry[step] as? String, "\(name): \(step)")
            }
            #expect(recorder.log.codes.count == 4)
            let scope = "\(try text("date"))/\(try text("region"))/\(try text("service"))/aws4_request"
            #expect(key.scope == [UInt8](scope.utf8))
            run += 1
        }
        #expect(run == cases.count)
        #expect(run > 0)
    }
}

/// Writes down every code that is asked for.
struct RecordingHash: SigningHash {
    final class Log {
        var codes: [String] = []
        var keys = 0
    }

    let log = Log()
    private let real = TestSigning()

    func sha256(_ bytes: Span<UInt8>) -> SigningDigest { real.sha256(bytes) }
    func key(_ secret: Span<UInt8>) -> TestSigning.Key {
        log.keys += 1
        return real.key(secret)
    }
    func code(for message: Span<UInt8>, under key: TestSigning.Key) -> SigningDigest {
        let code = real.code(for: message, under: key)
        log.codes.append(hex(code))
        return code
    }
}

/// One case of the vector files, in our types.
struct SigningVector {
    let signer: RequestSigner<TestSigning>
    let request: SigningRequest
    let payload: PayloadHash
    let milliseconds: Int64

    init(_ entry: [String: Any]) throws {
        let context = try #require(entry["context"] as? [String: Any])
        let source = try #require(entry["request"] as? [String: Any])
        func setting(_ key: String) throws -> String { try #require(context[key] as? String) }
        func flag(_ key: String) throws -> Bool { try #require(context[key] as? Bool) }
        let credentials = Credentials(
            accessKeyID: try setting("access_key_id"), secretAccessKey: try setting("secret_access_key"),
            sessionToken: context["session_token"] as? String)
        let rules = SigningRules(
            normalisesPath: try flag("normalize_path"), encodesPathAgain: try flag("double_encode_path"),
            sendsPayloadHash: try flag("sign_body"), signsSessionToken: try !flag("omit_session_token"))
        signer = RequestSigner(
            hash: TestSigning(), credentials: credentials, region: try setting("region"),
            service: try setting("service"), rules: rules)
        var fields: [(name: String, value: String)] = []
        for pair in try #require(source["headers"] as? [[String]]) { fields.append((pair[0], pair[1])) }
        request = SigningRequest(
            method: try #require(source["method"] as? String), path: try #require(source["path"] as? String),
            query: try #require(source["query"] as? String), fields: fields)
        payload = Self.payload(try value("payload_hash", of: entry))
        milliseconds = try Self.milliseconds(try setting("timestamp"))
    }

    /// A payload hash that is a hash is the one of the case's body, where the case has its body.
    func checkBody(_ entry: [String: Any], name: String) throws {
        guard case .digest = payload, entry["note"] == nil else { return }
        let source = try #require(entry["request"] as? [String: Any])
        if let body = source["body"] as? String {
            #expect(sha256Hex([UInt8](body.utf8)) == entry["payload_hash"] as? String, "\(name)")
        } else {
            let body = try bytes(base64: value("body_b64", of: source))
            #expect(sha256Hex(body) == entry["payload_hash"] as? String, "\(name)")
        }
    }

    /// The query that we would send for the same parameters is the canonical one.
    func checkQuery(_ entry: [String: Any], name: String) throws {
        let source = try #require(entry["request"] as? [String: Any])
        guard let pairs = source["query_params"] as? [[String]] else { return }
        let lines = try #require(entry["canonical_request"] as? String).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(CanonicalQuery.text(pairs.map { ($0[0], $0[1]) }) == String(lines[2]), "\(name)")
    }

    static func payload(_ text: String) -> PayloadHash {
        for literal in [PayloadHash.unsigned, .streamingSigned, .streamingSignedTrailer, .streamingUnsignedTrailer]
        where literal.text == text {
            return literal
        }
        return .digest(digest(hex: text))
    }

    static func milliseconds(_ timestamp: String) throws -> Int64 {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        return Int64(try #require(format.date(from: timestamp)).timeIntervalSince1970) * 1_000
    }
}
