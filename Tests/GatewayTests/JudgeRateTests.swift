import Bytes
import Gateway
import HTTPWire
import Testing
import Tokens

/// Where in the order of the checks the two rates stand: route → method → address → token → `sub` → content type.
struct JudgeRateTests {
    private struct NoHead: Error {}

    /// The refusal, and what was asked in its order.
    private func judge(
        _ line: String = "POST /images HTTP/1.1", _ fields: [String] = ["Content-Type: image/png"],
        isKnown: Bool = true, refuses: RateSubject? = nil, hasSecret: Bool = true
    ) throws -> (refused: RefusedHead?, asked: [String]) {
        func coded(_ text: String) -> String {
            var output: [UInt8] = []
            Base64URL.append(Array(text.utf8).span, to: &output)
            return String(decoding: output, as: UTF8.self)
        }
        let token =
            coded(#"{"alg":"HS256"}"#) + "." + coded(#"{"sub":"7","exp":9000000000}"#) + "."
            + coded(String(repeating: "s", count: 32))
        let text = ([line, "Host: h", "Authorization: Bearer \(token)"] + fields + ["", ""]).joined(separator: "\r\n")
        let bytes = Array(text.utf8)
        var parser = RequestParser(limits: WireLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { throw NoHead() }
        var judge = Judge(
            policy: UploadPolicy(uploadBytesMax: 1_000, partBytes: 5_242_880), leewaySeconds: 0, trustedRoles: [],
            servesDevelopment: false)
        judge.servesGuestTokens = true
        let context = JudgementContext(nowMilliseconds: 5, uuid: "u", recordToken: "r", hasSecret: hasSecret)
        var asked: [String] = []
        let verdict = judge.verdict(on: head, bytes: bytes.span, context: context) { subject in
            switch subject {
            case .caller: asked.append("caller")
            case .subject(let text): asked.append("sub \(text)")
            case .guestToken: asked.append("guest token")
            }
            return subject == refuses ? .refused(retryAfterSeconds: 17) : .admitted
        } accepts: { _, _, _ in
            asked.append("token")
            return isKnown
        }
        if case .refused(let refused) = verdict { return (refused, asked) }
        return (nil, asked)
    }

    @Test func `an upload is asked for its address, its token and its sub, in this order`() throws {
        let (refused, asked) = try judge()
        #expect(refused == nil)
        #expect(asked == ["caller", "token", "sub 7"])
    }

    @Test func `an address that asks too often is refused before its token is looked at`() throws {
        let (refused, asked) = try judge(isKnown: false, refuses: .caller)
        #expect(refused?.refusal == .tooManyRequests)
        #expect(refused?.retryAfterSeconds == 17)
        #expect(refused?.subject == nil)
        #expect(asked == ["caller"])
    }

    @Test func `a sub that asks too often is refused before its content type is looked at`() throws {
        let (refused, asked) = try judge("POST /images HTTP/1.1", ["Content-Type: text/plain"], refuses: .subject("7"))
        #expect(refused?.refusal == .tooManyRequests)
        #expect(refused?.retryAfterSeconds == 17)
        #expect(refused?.subject == "7")
        #expect(asked == ["caller", "token", "sub 7"])
    }

    @Test func `a wrong token counts for its address and for no sub`() throws {
        let (refused, asked) = try judge(isKnown: false)
        #expect(refused?.refusal == .tokenInvalid)
        #expect(asked == ["caller", "token"])
    }

    @Test func `a form is asked as any upload`() throws {
        let fields = ["Content-Type: multipart/form-data; boundary=b"]
        let (refused, asked) = try judge("POST /images HTTP/1.1", fields, refuses: .subject("7"))
        #expect(refused?.refusal == .tooManyRequests)
        #expect(asked == ["caller", "token", "sub 7"])
    }

    @Test(arguments: ["POST /images/metadata HTTP/1.1", "GET /images/5 HTTP/1.1"])
    func `what speaks of records is asked as any upload`(_ line: String) throws {
        #expect(try judge(line).refused == nil)
        #expect(try judge(line).asked == ["caller", "token", "sub 7"])
        #expect(try judge(line, refuses: .caller).asked == ["caller"])
        #expect(try judge(line, refuses: .caller).refused?.refusal == .tooManyRequests)
        #expect(try judge(line, refuses: .subject("7")).refused?.subject == "7")
        #expect(try judge(line, isKnown: false).refused?.refusal == .tokenInvalid)
        #expect(try judge(line, isKnown: false, hasSecret: false).refused?.refusal == .storeUnavailable)
    }

    @Test func `a body that is declared too large registers nothing`() throws {
        let line = "POST /images/metadata HTTP/1.1"
        #expect(try judge(line, ["Content-Length: 8192"]).refused == nil)
        let (refused, asked) = try judge(line, ["Content-Length: 8193"])
        #expect(refused?.refusal == .badRequest)
        #expect(refused?.detail == "The body is larger than 8192 bytes.")
        #expect(asked == ["caller", "token", "sub 7"])
    }

    @Test func `a guest token asks for no token and counts twice for its address`() throws {
        let line = "GET /auth/guest-token HTTP/1.1"
        #expect(try judge(line).refused == nil)
        #expect(try judge(line).asked == ["caller", "guest token"])
        #expect(try judge(line, refuses: .caller).asked == ["caller"])
        #expect(try judge(line, refuses: .guestToken).refused?.refusal == .tooManyRequests)
        #expect(try judge(line, refuses: .guestToken).refused?.retryAfterSeconds == 17)
    }

    @Test func `while the secret is unknown no guest token is counted`() throws {
        let (refused, asked) = try judge("GET /auth/guest-token HTTP/1.1", hasSecret: false)
        #expect(refused?.refusal == .storeUnavailable)
        #expect(asked == ["caller"])
    }

    @Test(arguments: [
        ("OPTIONS /images/5 HTTP/1.1", nil), ("POST /images/5 HTTP/1.1", Refusal.methodNotAllowed),
        ("GET /images/metadata HTTP/1.1", .methodNotAllowed), ("GET /images/05 HTTP/1.1", .notFound),
        ("POST /auth/guest-token HTTP/1.1", .methodNotAllowed),
        ("OPTIONS /images HTTP/1.1", nil), ("GET /images HTTP/1.1", Refusal.methodNotAllowed),
        ("POST /other HTTP/1.1", .notFound),
    ])
    func `what is decided by route and method is not counted`(_ line: String, _ refusal: Refusal?) throws {
        let (refused, asked) = try judge(line, refuses: .caller)
        #expect(refused?.refusal == refusal)
        #expect(asked == [])
    }
}
