@testable import AWS
import Testing
import Tokens

private let request = ParameterRequest(name: "/community/JWT_SECRET", region: "ap-northeast-2")

private func read(_ status: Int, _ body: String, type: String? = nil) -> Result<TokenSecret, SecretFailure> {
    let bytes = [UInt8](body.utf8)
    return ParameterReply.read(status: status, errorType: type, body: bytes.span, of: request)
}

private func failure(_ status: Int, _ body: String, type: String? = nil) -> SecretFailure? {
    guard case .failure(let failure) = read(status, body, type: type) else { return nil }
    return failure
}

struct ParameterReplyTests {
    @Test func `takes the value as it is`() throws {
        let body = """
            {"Parameter":{"ARN":"arn:aws:ssm:r:1:parameter/x","DataType":"text","LastModifiedDate":1.7E9,\
            "Name":"/x","Type":"SecureString","Value":" s\\u00e9cret\\n","Version":3}}
            """
        #expect(try read(200, body).get().bytes == [UInt8](" sécret\n".utf8))
        let long = String(repeating: "x", count: 8_192)
        #expect(try read(200, "{\"Parameter\":{\"Value\":\"\(long)\"}}").get().bytes.count == 8_192)
    }

    @Test func `an answer without a value is no answer of SSM`() {
        let bodies = [
            "", "{}", "[]", "<html/>", "{\"Parameter\":{}}", "{\"Parameter\":{\"Value\":3}}",
            "{\"Parameter\":{\"Value\":\"a\",\"Value\":\"b\"}}", "{\"Parameter\":{\"Value\":\"a\"}",
        ]
        for body in bodies { #expect(failure(200, body)?.kind == .unreadable, "\(body)") }
        #expect(failure(200, "{\"Parameter\":{\"Value\":\"\"}}")?.kind == .unusable)
        #expect(failure(200, "{\"Parameter\":{\"Value\":\"-----BEGIN PUBLIC KEY-----\"}}")?.kind == .unusable)
    }

    @Test func `sorts the errors by who has to act`() {
        let denied = "User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: "
        let cases: [(Int, String, String, SecretFailure.Kind, String)] = [
            (400, "ParameterNotFound", "", .parameterNotFound, "create it"),
            (400, "com.amazonaws.ssm#ParameterVersionNotFound", "", .parameterNotFound, "/community/JWT_SECRET"),
            (400, "AccessDeniedException", denied + "ssm:GetParameter on: x", .accessDenied, "ssm:GetParameter"),
            (400, "AccessDeniedException", denied + "kms:Decrypt on resource: x", .encryptionKey, "kms:Decrypt"),
            (400, "AccessDeniedException", "The ciphertext refers to a customer master key", .encryptionKey, "kms:"),
            (400, "ValidationException", "x (Service: AWSKMS; Status Code: 400)", .encryptionKey, "kms:Decrypt"),
            (400, "ValidationException", "1 validation error detected", .unreadable, "1 validation error"),
            (400, "InvalidKeyId", "key is disabled", .encryptionKey, "enabled"),
            (400, "KMSInvalidStateException", "pending deletion", .encryptionKey, "pending deletion"),
            (400, "ExpiredTokenException", "The security token is expired", .expiredCredentials, "expired"),
            (400, "UnrecognizedClientException", "invalid", .credentials, "check the access key"),
            (400, "InvalidSignatureException", "does not match", .credentials, "its secret"),
            (400, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2", .clock, "clock"),
            (400, "ThrottlingException", "Rate exceeded", .throttled, "later"),
            (500, "InternalServerError", "", .service, "HTTP 500"),
            (429, "", "", .throttled, "HTTP 429"),
            (403, "", "", .accessDenied, "HTTP 403"),
            (503, "SomethingNew", "", .service, "SomethingNew"),
            (302, "", "", .unreadable, "endpoint"),
        ]
        for (status, code, message, kind, mention) in cases {
            let body = "{\"__type\":\"\(code)\",\"message\":\"\(message)\"}"
            let bare = "{\"Message\":\"\(message)\"}"
            for found in [failure(status, body), failure(status, bare, type: code + ":http://x")] {
                #expect(found?.kind == kind, "\(code)")
                #expect(found?.description.contains(mention) == true, "\(found?.description ?? "")")
            }
            let xml = "<ErrorResponse><Error><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>"
            if !code.isEmpty, !code.contains("#") {
                #expect(failure(status, xml)?.kind == kind, "\(code) in XML")
            }
        }
    }

    @Test func `says nothing of what a signature error quotes`() {
        let quoted = "The Canonical String should have been x-amz-security-token:hidden"
        for code in ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"] {
            let found = failure(403, "{\"__type\":\"\(code)\",\"message\":\"\(quoted)\"}")
            #expect(found?.description.contains("hidden") == false)
            #expect(found?.description.contains(code) == true)
        }
    }

    @Test func `a message stays one short line`() {
        let long = String(repeating: "x", count: 5_000)
        let found = failure(400, "{\"__type\":\"a\\nb\",\"message\":\"1\\r\\n2\\u001b\\u2028\(long)\"}")
        #expect(found?.description.contains { $0.isNewline || $0 == "\u{1B}" } == false)
        #expect((found?.description.count ?? 0) < 600)
        #expect(found?.description.contains("HTTP 400") == true)
    }

    @Test func `an endpoint of AWS has its region, and China its domain`() {
        #expect(request.endpoint.url == "https://ssm.ap-northeast-2.amazonaws.com")
        #expect(ServiceEndpoint.aws("ssm", region: "cn-north-1").authority == "ssm.cn-north-1.amazonaws.com.cn")
    }
}
