internal import Bytes
internal import JSONWire
internal import XMLWire

/// An error answer of SSM: JSON from AWS, XML from some servers that stand in for it.
struct ParameterError {
    private let status: Int
    private let code: String
    private let message: String

    /// Longer messages are cut in the log.
    private static let messageCharactersMax = 300

    init(status: Int, errorType: String?, body: Span<UInt8>) {
        self.status = status
        var code = errorType ?? ""
        var message = ""
        if let object = (try? JSONReader.read(body, limits: JSONLimits(documentBytesMax: 65_536)))?.object {
            if code.isEmpty { code = (object["__type"] ?? object["code"])?.string ?? "" }
            message = (object["message"] ?? object["Message"])?.string ?? ""
        } else if case .error(let error) = StoreReply.parse(body) {
            if code.isEmpty { code = error.code }
            message = error.message
        }
        self.code = Self.bareCode(code)
        self.message = Self.printable(message)
    }

    /// What the operator is told.
    func failure(of request: ParameterRequest) -> SecretFailure {
        let kind = kind
        return SecretFailure(kind, advice(for: kind, request) + said(by: kind))
    }

    private var kind: SecretFailure.Kind {
        if code.hasPrefix("KMS") || code == "InvalidKeyId" || code == "DisabledException" || mentionsKMS {
            return .encryptionKey
        }
        switch code {
        case "ParameterNotFound", "ParameterVersionNotFound", "ParameterVersionLabelNotFound":
            return .parameterNotFound
        case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "OptInRequired":
            return .accessDenied
        case "ExpiredTokenException", "ExpiredToken":
            return .expiredCredentials
        case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId",
            "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
            "IncompleteSignatureException", "InvalidToken":
            return .credentials
        case "RequestExpired", "RequestTimeTooSkewed":
            return .clock
        case "InvalidSignatureException", "SignatureDoesNotMatch":
            return message.contains("expired") || message.contains("not yet current") ? .clock : .credentials
        case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded":
            return .throttled
        default:
            return kindOfStatus
        }
    }

    private var kindOfStatus: SecretFailure.Kind {
        switch status {
        case 401, 403: .accessDenied
        case 429: .throttled
        case 500...: .service
        default: .unreadable
        }
    }

    /// Denied decryption comes as AccessDeniedException or ValidationException with KMS's words in the message.
    private var mentionsKMS: Bool {
        guard code == "ValidationException" || code == "AccessDeniedException" || code == "AccessDenied" else {
            return false
        }
        return ["kms:", "KMS", "ciphertext"].contains { message.contains($0) }
    }

    private func advice(for kind: SecretFailure.Kind, _ request: ParameterRequest) -> String {
        let name = request.name
        switch kind {
        case .parameterNotFound:
            return "SSM has no parameter \(name) in \(request.region): create it (type SecureString), or set "
                + "JWT_SECRET_PARAMETER or AWS_REGION"
        case .accessDenied:
            return "SSM does not let us read \(name): allow ssm:GetParameter on it to the credentials' role"
        case .encryptionKey:
            return "SSM could not decrypt \(name): allow kms:Decrypt on its key to the credentials' role, and check "
                + "that the key is enabled"
        case .credentials:
            return "SSM does not accept the AWS credentials: check the access key, its secret and the session token"
        case .expiredCredentials:
            return "the AWS session token has expired: new credentials are needed"
        case .clock:
            return "SSM says that the time is wrong: set this machine's clock"
        case .throttled:
            return "SSM asks for fewer requests; it is asked again later"
        case .service, .unreachable:
            return "SSM failed; it is asked again later"
        case .unusable, .unreadable:
            return "\(request.endpoint.url) gave an answer that is not understood: check the SSM endpoint"
        }
    }

    /// Code and message. A message about a signature quotes the request, which may hold the session token.
    private func said(by kind: SecretFailure.Kind) -> String {
        let code = code.isEmpty ? "HTTP \(status)" : "\(code), HTTP \(status)"
        guard kind != .credentials, kind != .expiredCredentials, kind != .clock, !message.isEmpty
        else { return " (\(code))" }
        return " (\(code): \(message))"
    }

    /// `Namespace#Code:http://…` without what is around the code; nothing where that is no name.
    private static func bareCode(_ text: String) -> String {
        let head = text.prefix { $0 != ":" }
        let code = head.split(separator: "#").last ?? ""
        guard code.utf8.count <= 64, code.utf8.allSatisfy({ $0.isAlpha || $0.isDigit || $0 == 0x2E || $0 == 0x5F })
        else { return "" }
        return String(code)
    }

    /// One line without what could steer a terminal, cut where it is long.
    static func printable(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars.prefix(messageCharactersMax) {
            let isControl = scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator
            output.unicodeScalars.append(isControl ? " " : scalar)
        }
        return output
    }
}
