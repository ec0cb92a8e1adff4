import FuzzBasics
import FuzzClaims
import Testing
import Tokens

private let policy = TokenPolicy(now: 1_700_000_000)

private func signed(_ payload: String, header: String = #"{"alg":"HS256"}"#) -> [UInt8] {
    TokenVerify.token(of: [UInt8]("2\(header)\n\(payload)".utf8).span)
}

private func failure(_ result: Result<TokenClaims, TokenRefusal>, _ token: [UInt8]) -> OracleFailure? {
    do throws(OracleFailure) {
        try TokenOracle.check(result, of: token, policy: policy)
        return nil
    } catch {
        return error
    }
}

private func accepted(_ subject: String = "1", _ role: TokenRole = .user) -> Result<TokenClaims, TokenRefusal> {
    .success(TokenClaims(subject: subject, role: role, expiresAt: 1_700_000_300))
}

struct TokenOracleTests {
    private let good = #"{"sub":"1","exp":1700000300}"#

    @Test func `the right answers pass`() {
        #expect(failure(accepted(), signed(good)) == nil)
        #expect(failure(.failure(.expired), signed(#"{"sub":"1","exp":1}"#)) == nil)
        #expect(failure(.failure(.invalid(.signature)), signed(good).dropLast() + [0x2D]) == nil)
        #expect(failure(.failure(.invalid(.payload)), signed("[]")) == nil)
    }

    @Test func `acceptance with a wrong signature is noticed`() {
        var token = signed(good)
        for index in token.indices {
            token[index] ^= 1
            #expect(failure(accepted(), token) != nil, "byte \(index)")
            token[index] ^= 1
        }
        #expect(failure(accepted(), signed(good, header: #"{"alg":"HS512"}"#)) != nil)
        #expect(failure(accepted(), signed(good, header: #"{"alg":"none"}"#)) != nil)
        #expect(failure(accepted(), signed(good, header: #"{"alg":"HS256","alg":"HS256"}"#)) != nil)
        #expect(failure(accepted(), []) != nil)
    }

    @Test func `acceptance against the claims is noticed`() {
        for payload in [
            #"{"sub":"1","exp":1700000000}"#, #"{"sub":"1","exp":"1700000300"}"#, #"{"sub":"1"}"#, "[]", "",
            #"{"sub":"1","exp":1,"exp":1700000300}"#, #"{"sub":"1","exp":1700000300,"nbf":1700000001}"#,
            #"{"sub":"1","exp":1700000300,"nbf":"0"}"#, #"{"sub":"2","exp":1700000300}"#, #"{"exp":1700000300}"#,
            #"{"sub":1,"exp":1700000300}"#, #"{"sub":"1","sub":"1","exp":1700000300}"#,
            #"{"sub":"1","exp":1700000300,"role":"ADMIN"}"#, #"{"sub":"1","exp":1700000300,"role":null}"#,
            #"{"sub":"1","exp":1700000300}x"#, #"{"x":{"sub":"1","exp":1700000300}}"#,
        ] {
            #expect(failure(accepted(), signed(payload)) != nil, "\(payload)")
        }
        for subject in ["", "..", "a/b", "a\\\\b", "\\u0000", "\\u009b", String(repeating: "a", count: 129)] {
            let claimed = subject == "a\\\\b" ? "a\\b" : subject
            #expect(failure(accepted(claimed), signed(#"{"sub":"\#(subject)","exp":1700000300}"#)) != nil, "\(subject)")
        }
    }

    @Test func `acceptance against the header, or of too long a token, is noticed`() {
        for header in [#""crit":["b64"]"#, #""crit":[]"#, #""crit":null"#, #""typ":1"#, #""typ":null"#] {
            let token = signed(good, header: #"{"alg":"HS256",\#(header)}"#)
            #expect(failure(accepted(), token) != nil, "\(header)")
        }
        #expect(failure(accepted(), signed(good, header: #"{"alg":"HS256","typ":"JWT","kid":1}"#)) == nil)
        func long(_ bytes: Int) -> [UInt8] {
            let text = String(repeating: "a", count: bytes)
            return signed(#"{"sub":"1","exp":1700000300,"a":"\#(text)"}"#)
        }
        let counts = [long(6_060), long(6_061)].map(\.count)
        #expect(counts == [8_192, 8_193])
        #expect(failure(accepted(), long(6_060)) == nil)
        #expect(failure(accepted(), long(6_061)) != nil)
    }

    @Test func `roles that the claims do not give are noticed`() {
        #expect(failure(accepted("1", .guest), signed(#"{"sub":"1","exp":1700000300,"role":"GUEST"}"#)) != nil)
        #expect(failure(accepted("1", .guest), signed(good)) != nil)
        #expect(failure(accepted("1", .trusted("SERVICE")), signed(good)) != nil)
        let admin = signed(#"{"sub":"1","exp":1700000300,"role":"ADMIN"}"#)
        #expect(failure(accepted("1", .trusted("ADMIN")), admin) != nil)
    }

    @Test func `expiry that was told wrongly is noticed`() {
        #expect(failure(.failure(.expired), signed(good)) != nil)
        #expect(failure(.failure(.expired), signed(#"{"sub":"1","exp":1}"#).dropLast() + [0x2D]) != nil)
        #expect(failure(.failure(.missing), signed(good)) != nil)
        #expect(failure(.failure(.invalid(.signature)), signed(good)) != nil)
    }

    @Test func `an input that begins with a digit is signed, any other is a token as it is`() {
        #expect(String(decoding: signed(good), as: UTF8.self).hasPrefix("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi"))
        let raw = [UInt8]("eyJ.x.y".utf8)
        #expect(TokenVerify.token(of: raw.span) == raw)
        #expect(TokenVerify.token(of: [UInt8]("2".utf8).span).count == 45)
    }
}
