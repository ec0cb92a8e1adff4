import Bytes
import Crypto
import Foundation
import Testing
import TestSupport
import Tokens

private func base64URL(_ text: String) -> [UInt8]? { Base64URL.decode([UInt8](text.utf8).span) }

@Suite(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
struct VectorTests {
    @Test func `every token gets one of its allowed answers`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/jwt/tokens.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let token = try #require(entry["token"] as? String)
            let now = try #require(entry["now"] as? Int)
            let allowed = try #require(entry["allowed"] as? [String])
            let signer = Signer(secret: try secret(of: entry))
            let result = signer.verify(token, TokenPolicy(now: Int64(now)))
            #expect(allowed.contains(verdict(result)), "\(name): \(result)")
            guard case .success(let claims) = result else { continue }
            #expect(claims.isSubject(try #require(entry["user_id"] as? String)), "\(name)")
            #expect(claims.role.name == entry["role"] as? String, "\(name)")
        }
        #expect(cases.count == 379)
    }

    @Test func `every Authorization field gets one of its allowed answers`() throws {
        let (file, cases) = try SharedFiles.cases("vectors/jwt/authorization.json")
        let signer = Signer(secret: try #require(file["secret"] as? String))
        let policy = TokenPolicy(now: Int64(try #require(file["now"] as? Int)))
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let values = try #require(entry["values"] as? [String])
            let allowed = try #require(entry["allowed"] as? [String])
            let result = signer.verify(fields: values.map { [UInt8]($0.utf8) }, policy)
            #expect(allowed.contains(verdict(result)), "\(name): \(result)")
        }
        #expect(cases.count == 26)
    }

    /// Wycheproof's payloads are no JSON objects: that far is as good as a token can come with them.
    @Test func `every Wycheproof JWS is told right from wrong`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/jwt/wycheproof_jws.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let token = try #require(entry["jws"] as? String)
            let encodedKey = try #require(entry["key_b64url"] as? String)
            let signer = Signer(secret: try #require(base64URL(encodedKey)))
            let result = signer.verify(token, TokenPolicy(now: 1_700_000_000))
            let isAccepted = result == .failure(.invalid(.payload)) || result == .failure(.invalid(.expiry))
            guard entry["either"] as? Bool != true else { continue }
            #expect(isAccepted == (entry["strict_result"] as? String == "valid"), "\(name): \(result)")
        }
        #expect(cases.count == 26)
    }

    private func secret(of entry: [String: Any]) throws -> [UInt8] {
        if let text = entry["secret"] as? String { return [UInt8](text.utf8) }
        let encoded = try #require(entry["secret_b64"] as? String)
        return [UInt8](try #require(Data(base64Encoded: encoded)))
    }
}
