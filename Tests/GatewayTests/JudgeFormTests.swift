import Bytes
import FormData
import Gateway
import HTTPWire
import Testing
import Tokens

struct JudgeFormTests {
    /// The verdict on a head with these lines, of a client whose token is right or, with `isKnown` false, wrong.
    private func verdict(_ lines: [String], isKnown: Bool = true, field: String? = nil) throws -> Verdict {
        func coded(_ text: String) -> String {
            var output: [UInt8] = []
            Base64URL.append(Array(text.utf8).span, to: &output)
            return String(decoding: output, as: UTF8.self)
        }
        let token =
            coded(#"{"alg":"HS256"}"#) + "." + coded(#"{"sub":"1","exp":9000000000}"#) + "."
            + coded(
                String(repeating: "s", count: 32))
        let text = (["POST /images HTTP/1.1", "Host: h", "Authorization: Bearer \(token)"] + lines + ["", ""])
            .joined(separator: "\r\n")
        let bytes = Array(text.utf8)
        var parser = RequestParser(limits: WireLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { throw NoHead() }
        var judge = Judge(
            policy: UploadPolicy(uploadBytesMax: 1_000, partBytes: 5_242_880), leewaySeconds: 0, trustedRoles: [],
            servesDevelopment: false)
        judge.formField = field
        let context = JudgementContext(nowMilliseconds: 5, uuid: "u", recordToken: "r", hasSecret: true)
        return judge.verdict(on: head, bytes: bytes.span, context: context) { _, _, _ in isKnown }
    }

    private struct NoHead: Error {}

    private func refusal(_ lines: [String], isKnown: Bool = true) throws -> RefusedHead? {
        guard case .refused(let refused) = try verdict(lines, isKnown: isKnown) else { return nil }
        return refused
    }

    private let form = "Content-Type: multipart/form-data; boundary=b"

    @Test func `a form is accepted with what its upload will need`() throws {
        let lines = [form, "Content-Length: 100", "x-filename: n.png", "Expect: 100-continue"]
        guard case .form(let plan) = try verdict(lines, field: "file") else {
            Issue.record("no form")
            return
        }
        #expect(plan.boundary.delimiter == Array("\r\n--b".utf8))
        #expect(plan.field == "file" && plan.filename == "n.png" && plan.host == "h" && plan.expectsContinue)
        #expect(plan.claims.subject == "1" && plan.recordToken == "r" && plan.uuid == "u" && plan.milliseconds == 5)
    }

    @Test func `the token is judged before the form`() throws {
        #expect(try refusal(["Content-Type: multipart/form-data"], isKnown: false)?.refusal == .tokenInvalid)
        #expect(try refusal([form, "Content-Length: 100000"], isKnown: false)?.refusal == .tokenInvalid)
    }

    @Test func `a bad boundary is told, with the subject for the log`() throws {
        let refused = try refusal(["Content-Type: multipart/form-data", "Content-Length: 100000"])
        #expect(refused?.refusal == .badRequest)
        #expect(refused?.detail == "Content-Type: multipart/form-data needs a boundary")
        #expect(refused?.subject == "1")
    }

    @Test func `the declared length may exceed the cap by 64 KiB`() throws {
        let most = 1_000 + 64 * 1_024
        #expect(try refusal([form, "Content-Length: \(most)"])?.refusal == nil)
        #expect(try refusal([form, "Content-Length: \(most + 1)"])?.refusal == .fileTooLarge)
        #expect(try refusal([form, "Transfer-Encoding: chunked"])?.refusal == nil)
        #expect(try refusal(["Content-Type: image/png", "Content-Length: \(most)"])?.refusal == .fileTooLarge)
    }

    @Test func `other types and two types are refused as before`() throws {
        #expect(try refusal(["Content-Type: multipart/mixed; boundary=b"])?.refusal == .invalidFileType)
        #expect(try refusal([form, form])?.refusal == .invalidFileType)
    }
}
