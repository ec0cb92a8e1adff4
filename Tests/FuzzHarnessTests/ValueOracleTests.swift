import FuzzBasics
import FuzzClaims
import FuzzValues
import Images
import JSONWire
import SigV4
import Testing
import Tokens
import XMLWire

/// The oracles of the other targets, held against code that is wrong in one way.
struct ValueOracleTests {
    private func failure(_ body: () throws(OracleFailure) -> Void) -> OracleFailure? {
        do throws(OracleFailure) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    private func tokenFailure(
        _ input: String, _ judge: (Int, TokenStructured.Verdict) -> TokenStructured.Verdict
    ) -> OracleFailure? {
        let user = TokenStructured.Verdict.success(
            TokenClaims(subject: "42", role: .user, expiresAt: 1_700_000_001))
        let verdicts: [String: TokenStructured.Verdict] = [
            "0000000": user, "0001000": .failure(.expired),
        ]
        return failure { () throws(OracleFailure) in
            var turn = -1
            try TokenStructured.check([UInt8](input.utf8).span) { _, _ in
                turn += 1
                return judge(turn, turn == 0 ? verdicts[input] ?? user : .failure(.invalid(.signature)))
            }
        }
    }

    @Test func `a token at a bound that is judged otherwise, or a changed one that is taken, is noticed`() {
        #expect(tokenFailure("0000000") { $1 } == nil)
        #expect(tokenFailure("0001000") { $1 } == nil)
        let user = TokenStructured.Verdict.success(
            TokenClaims(subject: "42", role: .user, expiresAt: 1_700_000_000))
        #expect(tokenFailure("0001000") { turn, right in turn == 0 ? user : right } != nil)
        #expect(tokenFailure("0000000") { turn, right in turn == 0 ? .failure(.expired) : right } != nil)
        for wrong in [user, .failure(.expired)] {
            for place in 1 ... 25 {
                #expect(tokenFailure("0000000") { turn, right in turn == place ? wrong : right } != nil, "\(place)")
            }
        }
    }

    @Test(arguments: [
        ("01", "1"), ("[1,]", "[1]"), ("{\"a\":1,\"a\":2}", "{\"a\":2}"), ("\"\\ud800\"", "\"\u{FFFD}\""), ("1", "1.0"),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), ("\"\\u00e9\"", "\"e\u{301}\""), ("[[[[1]]]]", "1"),
        ("true", "false"),
    ])
    func `JSON that is read as other JSON is noticed`(_ text: String, _ other: String) {
        let right = failure { () throws(OracleFailure) in try JSONReading.run([UInt8](text.utf8).span) }
        #expect(right == nil)
        let wrong = failure { () throws(OracleFailure) in
            try JSONReading.check([UInt8](text.utf8).span, limits: JSONReading.tightLimits) { _, limits in
                try? JSONReader.read([UInt8](other.utf8).span, limits: limits)
            }
        }
        #expect(wrong != nil)
        let refused = failure { () throws(OracleFailure) in
            try JSONReading.check([UInt8](other.utf8).span, limits: JSONReading.tightLimits) { _, _ in nil }
        }
        #expect(refused != nil)
    }

    @Test func `a signature over anything else is noticed`() {
        let head = SigningRequest(
            method: "GET", path: "/a//b/../c", query: "b=1&a=2&a=1", fields: [("X-B", " a  b "), ("host", "a")])
        func failure(_ change: (inout SigningRequest) -> Void) -> OracleFailure? {
            self.failure { () throws(OracleFailure) in
                for rules in [SigningRules.s3, .general] {
                    let way = RequestSigning.Way(rules, "s3", nil)
                    try RequestSigning.check(head, way) { _ in
                        var changed = head
                        change(&changed)
                        return RequestSigning.sign(changed, way)
                    }
                }
            }
        }
        #expect(failure { _ in } == nil)
        #expect(failure { $0.query = "a=1&a=2&b=1" } == nil)
        #expect(failure { $0.query = "b=1&a=2" } != nil)
        #expect(failure { $0.path = "/a/c" } != nil)
        #expect(failure { $0.method = "PUT" } != nil)
        #expect(failure { $0.fields.append(("x", "")) } != nil)
        #expect(failure { $0.fields[0].value = "ab" } != nil)
    }

    @Test func `a store's answer that is read as another is noticed`() {
        let text = "<Error><Code>a</Code><Code>b</Code></Error>"
        let outline = ["<Error", "<Code", "=a", ">", "<Code", "=b", ">", ">"]
        var error = StoreError()
        error.code = "a"
        func failure(_ outline: [String]?, _ reply: StoreReply) -> OracleFailure? {
            self.failure { () throws(OracleFailure) in
                try StoreDocument.check([UInt8](text.utf8).span, limits: XMLLimits(), outline: outline, reply: reply)
            }
        }
        #expect(failure(outline, .error(error)) == nil)
        #expect(failure(nil, .error(error)) != nil)
        #expect(failure(outline.dropLast(), .error(error)) != nil)
        #expect(failure(outline, .other(root: "Error")) != nil)
        #expect(failure(outline, .malformed(.incompleteReply)) != nil)
        #expect(failure(outline, .malformed(.truncated)) != nil)
        error.code = "b"
        #expect(failure(outline, .error(error)) != nil)
    }

    @Test func `a file's beginning or name that is read otherwise is noticed`() {
        func magic(_ bytes: [UInt8], _ judge: (MagicVerdict) -> MagicVerdict) -> OracleFailure? {
            failure { () throws(OracleFailure) in
                try MagicReading.check(bytes.span) { judge(MagicNumber.verdict(of: $0, isWhole: $1, $2)) }
            }
        }
        #expect(magic([0xFF, 0xD8, 0xFF]) { $0 } == nil)
        #expect(magic([0xFF, 0xD8, 0xFF]) { _ in .matches } != nil)
        #expect(magic([0xFF, 0xD8, 0xFF]) { $0 == .matches ? .needsMore : $0 } != nil)
        #expect(magic([0x42]) { $0 == .refused ? .needsMore : $0 } != nil)
        func name(_ value: String, _ decoded: String?) -> OracleFailure? {
            failure { () throws(OracleFailure) in try FileNaming.check([UInt8](value.utf8).span) { _ in decoded } }
        }
        #expect(name("a%20b", "a b") == nil)
        #expect(name("a%20b", "a%20b") != nil)
        #expect(name("a%0Ab", "a\nb") != nil)
        #expect(name("a", nil) != nil)
        #expect(name("", "a") != nil)
        #expect(name(String(repeating: "a", count: 256), String(repeating: "a", count: 256)) != nil)
        #expect(name(String(repeating: "a", count: 256), String(repeating: "a", count: 255)) == nil)
    }
}
