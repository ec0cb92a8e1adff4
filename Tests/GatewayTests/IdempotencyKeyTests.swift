import Bytes
import Gateway
import HTTPWire
import Testing
import Tokens

struct IdempotencyKeyTests {
    /// The verdict on a `POST /images` of a known caller with these lines.
    private func verdict(_ lines: [String], isKnown: Bool = true) throws -> Verdict {
        func coded(_ text: String) -> String {
            var output: [UInt8] = []
            Base64URL.append(Array(text.utf8).span, to: &output)
            return String(decoding: output, as: UTF8.self)
        }
        let signature = coded(String(repeating: "s", count: 32))
        let token = coded(#"{"alg":"HS256"}"#) + "." + coded(#"{"sub":"1","exp":9000000000}"#) + "." + signature
        let text = (["POST /images HTTP/1.1", "Host: h", "Authorization: Bearer \(token)"] + lines + ["", ""])
            .joined(separator: "\r\n")
        let bytes = Array(text.utf8)
        var parser = RequestParser(limits: WireLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { throw NoHead() }
        let judge = Judge(
            policy: UploadPolicy(uploadBytesMax: 1_000, partBytes: 5_242_880), leewaySeconds: 0, trustedRoles: [],
            servesDevelopment: false)
        let context = JudgementContext(nowMilliseconds: 5, uuid: "u", recordToken: "r", hasSecret: true)
        return judge.verdict(on: head, bytes: bytes.span, context: context) { _, _, _ in isKnown }
    }

    private struct NoHead: Error {}

    private static let image = ["Content-Type: image/png", "Content-Length: 100"]
    private static let form = ["Content-Type: multipart/form-data; boundary=b", "Content-Length: 100"]

    /// The key of the upload that is let in.
    private func key(_ lines: [String]) throws -> String? {
        switch try verdict(lines) {
        case .upload(let plan): plan.idempotencyKey
        case .form(let plan): plan.idempotencyKey
        default: throw NoHead()
        }
    }

    private func refusal(_ lines: [String], isKnown: Bool = true) throws -> RefusedHead? {
        guard case .refused(let refused) = try verdict(lines, isKnown: isKnown) else { return nil }
        return refused
    }

    @Test(arguments: [image, form]) func `visible ASCII is a key as it stands`(_ head: [String]) throws {
        let visible = String(decoding: Array(0x21 ... 0x7E as ClosedRange<UInt8>), as: UTF8.self)
        for text in ["a", "A", "\"a\"", visible, String(repeating: "k", count: 128)] {
            #expect(try key(head + ["Idempotency-Key: \(text)"]) == text)
            #expect(try key(head + ["idempotency-key:  \t\(text) "]) == text)
        }
        #expect(try key(head) == nil)
    }

    @Test(arguments: [image, form]) func `anything else is refused with what to send instead`(_ head: [String]) throws {
        let wrong = [
            [""], ["  "], [String(repeating: "k", count: 129)], ["a b"], ["a\tb"], ["é"], ["a", "a"], ["a", ""],
            ["", ""],
        ]
        for values in wrong {
            let refused = try refusal(head + values.map { "Idempotency-Key: \($0)" })
            #expect(refused?.refusal == .badRequest, "\(values)")
            #expect(refused?.detail == IdempotencyKey.detail && refused?.subject == "1")
        }
    }

    @Test func `the contract's own checks come before the key`() throws {
        let key = "Idempotency-Key: "
        #expect(try refusal(Self.image + [key], isKnown: false)?.refusal == .tokenInvalid)
        #expect(try refusal(["Content-Type: image/webp", key])?.refusal == .invalidFileType)
        #expect(try refusal(["Content-Type: image/png", "Content-Length: 1001", key])?.refusal == .fileTooLarge)
        #expect(try refusal(["Content-Type: multipart/form-data", key])?.detail?.contains("boundary") == true)
        #expect(
            try refusal(["Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000", key])?.refusal
                == .fileTooLarge)
    }
}
