import Testing
import Tokens

private let now: Int64 = 1_700_000_000
private let signer = TokenSigner()

/// The signer owns contexts of libcrypto, so each test asks for its own.
private struct TokenSigner {
    func verify(
        payload: String, policy: TokenPolicy = TokenPolicy(now: now), algorithm: TokenAlgorithm = .hs256
    ) -> Result<TokenClaims, TokenRefusal> {
        let signer = Signer(secret: "secret")
        return signer.verify(signer.token(payload: payload, algorithm: algorithm), policy)
    }

    func verify(header: String) -> Result<TokenClaims, TokenRefusal> {
        let signer = Signer(secret: "secret")
        let payload = #"{"sub":"1","exp":1700000300}"#
        return signer.verify(signer.token(header: header, payload: payload), TokenPolicy(now: now))
    }

    func verify(expiry: String, policy: TokenPolicy = TokenPolicy(now: now)) -> String {
        verdict(verify(payload: #"{"sub":"1","exp":\#(expiry)}"#, policy: policy))
    }

    func verify(subject: String) -> Result<TokenClaims, TokenRefusal> {
        verify(payload: #"{"sub":\#(subject),"exp":1700000300}"#)
    }
}

struct TokenTests {
    @Test func `a minted token verifies and says what it was minted with`() throws {
        let signer = Signer(secret: "secret")
        for algorithm in TokenAlgorithm.allCases {
            let token = TokenMint.compact(
                subject: "한글 \"x\"", role: "USER", issuedAt: now, expiresAt: now + 5, algorithm: algorithm,
                mac: signer.mac)
            let claims = try signer.verify(token, TokenPolicy(now: now)).get()
            #expect(claims == TokenClaims(subject: "한글 \"x\"", role: .user, expiresAt: now + 5))
            #expect(signer.verify(token, TokenPolicy(now: now + 5)) == .failure(.expired))
        }
    }

    @Test func `the header that is recognised by its bytes is the one that would be read`() throws {
        #expect(signer.verify(header: #"{"alg":"HS256","typ":"JWT"}"#) == signer.verify(header: #"{"alg":"HS256"}"#))
        let verifier = Signer(secret: "secret")
        for algorithm in TokenAlgorithm.allCases {
            let header = "{\"alg\":\"\(algorithm.rawValue)\",\"typ\":\"JWT\"}"
            let token = verifier.token(header: header, payload: "{}", signedAs: algorithm)
            #expect(token.split(separator: ".")[0] == TokenMint.encodedHeader(algorithm))
        }
    }

    @Test func `a header that asks for an extension, or has a type that is no text, is refused`() {
        for critical in [#"["b64"],"b64":false"#, #"["exp"]"#, "[]", "null", "false"] {
            let header = #"{"alg":"HS256","crit":\#(critical)}"#
            #expect(signer.verify(header: header) == .failure(.invalid(.critical)), "\(header)")
        }
        for type in ["1", "null", #"["JWT"]"#] {
            let header = #"{"alg":"HS256","typ":\#(type)}"#
            #expect(signer.verify(header: header) == .failure(.invalid(.type)), "\(header)")
        }
        #expect(verdict(signer.verify(header: #"{"alg":"HS256","typ":"JOSE","kid":1}"#)) == "valid")
    }

    @Test func `no single changed byte is accepted`() {
        let signer = Signer(secret: "secret")
        let token = [UInt8](signer.token(payload: #"{"sub":"1","exp":1700000300}"#).utf8)
        for index in token.indices {
            for mask: UInt8 in [0x01, 0x02, 0x20, 0x80] {
                var changed = token
                changed[index] ^= mask
                let result = Token.verify(changed.span, policy: TokenPolicy(now: now), accepts: signer.accepts)
                #expect(verdict(result) == "TOKEN_INVALID", "byte \(index), mask \(mask)")
            }
        }
    }

    @Test func `expiry is not told before the signature is right`() {
        let token = Signer(secret: "other").token(payload: #"{"sub":"1","exp":1}"#)
        #expect(Signer(secret: "secret").verify(token, TokenPolicy(now: now)) == .failure(.invalid(.signature)))
        #expect(Signer(secret: "other").verify(token, TokenPolicy(now: now)) == .failure(.expired))
    }

    @Test func `the MAC is asked at most once, with a signature of its length, over header and payload`() {
        let signer = Signer(secret: "secret")
        let token = [UInt8](signer.token(payload: "{}", algorithm: .hs384).utf8)
        var asked: [(TokenAlgorithm, Int, Int)] = []
        for length in 0 ... token.count {
            _ = Token.verify(
                token.span.extracting(0 ..< length), policy: TokenPolicy(now: now),
                accepts: { algorithm, signature, input in
                    asked.append((algorithm, signature.count, input.count))
                    return false
                })
        }
        #expect(asked.count == 1)
        #expect(asked.first?.0 == .hs384)
        #expect(asked.first?.1 == 48)
        #expect(asked.first?.2 == token.count - 65)
    }

    @Test func `no number stops the reading of a date`() {
        let expected = [
            "1700000001": "valid", "1700000000": "TOKEN_EXPIRED", "1700000000.5": "valid", "1.7000000005e9": "valid",
            "1699999999.5": "TOKEN_EXPIRED", "-0": "TOKEN_EXPIRED", "-0.0": "TOKEN_EXPIRED", "1.5": "TOKEN_EXPIRED",
            "9223372036854775807": "valid", "-9223372036854775808": "TOKEN_EXPIRED",
            "9223372036854775808": "TOKEN_INVALID", "-9223372036854775809": "TOKEN_EXPIRED",
            "-9223372036854777856": "TOKEN_INVALID", "9223372036854774784.5": "valid", "1e18": "valid",
            "1e19": "TOKEN_INVALID", "1e400": "TOKEN_INVALID", "-1e400": "TOKEN_INVALID", "1e-400": "TOKEN_EXPIRED",
            "1e99999999999999999999": "TOKEN_INVALID", "18446744075409551616": "TOKEN_INVALID",
            "1\(String(repeating: "0", count: 4000))": "TOKEN_INVALID",
            "1700000300.\(String(repeating: "0", count: 4000))": "valid",
        ]
        for (text, answer) in expected { #expect(signer.verify(expiry: text) == answer, "\(text)") }
    }

    @Test func `leeway moves both ends and never overflows`() {
        let lenient = TokenPolicy(now: now, leewaySeconds: 10)
        #expect(signer.verify(expiry: "1699999991", policy: lenient) == "valid")
        #expect(signer.verify(expiry: "1699999990", policy: lenient) == "TOKEN_EXPIRED")
        #expect(signer.verify(expiry: "9223372036854775807", policy: lenient) == "valid")
        let payload = #"{"sub":"1","exp":1800000000,"nbf":1700000010}"#
        #expect(verdict(signer.verify(payload: payload, policy: lenient)) == "valid")
        #expect(signer.verify(payload: payload, policy: TokenPolicy(now: now, leewaySeconds: 9))
            == .failure(.invalid(.early)))
        let edge = TokenPolicy(now: Int64.max, leewaySeconds: Int64.max)
        #expect(verdict(signer.verify(payload: payload, policy: edge)) == "TOKEN_EXPIRED")
    }

    @Test func `roles are the two known ones and the trusted ones`() {
        func role(_ claim: String, trusted: [String] = ["SERVICE"]) -> Result<TokenClaims, TokenRefusal> {
            signer.verify(
                payload: #"{"sub":"guest-550e8400-e29b-41d4-a716-446655440000","exp":1700000300,"role":\#(claim)}"#,
                policy: TokenPolicy(now: now, trustedRoles: trusted))
        }
        #expect((try? role(#""USER""#).get())?.role == .user)
        #expect((try? role(#""GUEST""#).get())?.role == .guest)
        #expect((try? role(#""SERVICE""#).get())?.role == .trusted("SERVICE"))
        #expect((try? role(#""ADMIN""#, trusted: ["SERVICE", "ADMIN"]).get())?.role == .trusted("ADMIN"))
        for claim in [#""SERVICE""#, #""""#] {
            #expect(role(claim, trusted: []) == .failure(.invalid(.role)), "\(claim)")
        }
        for claim in [#""user""#, #""ADMIN""#, #""USER ""#, "null", "1", #"["USER"]"#, "{}", "true", #""""#] {
            #expect(role(claim) == .failure(.invalid(.role)), "\(claim)")
        }
    }

    @Test func `a guest's sub is guest- and a UUID`() {
        func guest(_ subject: String) -> String {
            verdict(signer.verify(payload: #"{"sub":"\#(subject)","exp":1700000300,"role":"GUEST"}"#))
        }
        #expect(guest("guest-550e8400-e29b-41d4-a716-446655440000") == "valid")
        for subject in [
            "1", "guest-", "guest-1", "Guest-550e8400-e29b-41d4-a716-446655440000",
            "guest-550e8400e29b41d4a716446655440000",
            "guest-550e8400-e29b-41d4-a716-44665544000g", "guest-550e8400-e29b-41d4-a716-4466554400000",
            "xguest-550e8400-e29b-41d4-a716-446655440000",
        ] {
            #expect(guest(subject) == "TOKEN_INVALID", "\(subject)")
        }
    }

    @Test func `sub is one safe path segment`() {
        let long = String(repeating: "a", count: 128)
        for subject in ["1", "a b", "a..b", ".hidden", "é", long, "urn:user:1", "100%", "…"] {
            #expect(verdict(signer.verify(subject: "\"\(subject)\"")) == "valid", "\(subject)")
        }
        for subject in [
            #""""#, #"".""#, #""..""#, #""...""#, #""a/b""#, #""/""#, #""\u002e\u002e\u002fx""#, #""a\\b""#,
            #""a\nb""#, #""a\u0000""#, #""\u007f""#, #""\u009b""#, #""a\u2028""#, "\"\(long)a\"",
            "\"\(String(repeating: "é", count: 65))\"", "1", "null", "true", "[]", #"{"a":1}"#,
        ] {
            #expect(signer.verify(subject: subject) == .failure(.invalid(.subject)), "\(subject)")
        }
    }

    @Test func `what everybody knows is no secret, and no secret is printed`() throws {
        func flaw(_ text: String) -> TokenSecretFlaw? {
            do throws(TokenSecretFlaw) {
                _ = try TokenSecret([UInt8](text.utf8))
                return nil
            } catch {
                return error
            }
        }
        #expect(flaw("") == .empty)
        #expect(flaw("-----BEGIN PUBLIC KEY-----\nMII") == .key)
        #expect(flaw("\n -----BEGIN CERTIFICATE-----") == .key)
        #expect(flaw("----BEGIN") == nil)
        #expect(flaw(" ") == nil)
        let secret = try TokenSecret([UInt8]("hush".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \([secret]) \(dumped)".contains("104"))
        #expect("\(secret)" == "[redacted]")
    }

    @Test func `subjects are compared byte by byte`() {
        let claims = TokenClaims(subject: "\u{e9}", role: .user, expiresAt: 0)
        #expect(claims.isSubject("\u{e9}"))
        #expect(!claims.isSubject("e\u{301}"))
    }

    @Test func `a token is 8192 bytes at most`() {
        let signer = Signer(secret: "secret")
        func token(filler: Int) -> String {
            signer.token(payload: #"{"sub":"1","exp":1700000300,"x":"\#(String(repeating: "y", count: filler))"}"#)
        }
        let overhead = token(filler: 0).utf8.count
        let fitting = token(filler: (8_192 - overhead) / 4 * 3)
        #expect(fitting.utf8.count > 8_180 && fitting.utf8.count <= 8_192)
        #expect(verdict(signer.verify(fitting, TokenPolicy(now: now))) == "valid")
        #expect(signer.verify(token(filler: 6_200), TokenPolicy(now: now)) == .failure(.invalid(.tooLong)))
    }
}
