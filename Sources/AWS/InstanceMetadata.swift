internal import Bytes
internal import HTTPClient

/// The credentials of an EC2 instance's role: IMDSv2, a session token first, then the role's name, then its credentials
/// (Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata").
///
/// Never IMDSv1: its plain GETs are what lets whoever can make a server fetch a URL walk away with its credentials.
struct InstanceMetadata {
    /// The next question.
    enum Step: Equatable {
        case token
        case role(token: String)
        case credentials(token: String, role: String)
    }

    enum Outcome: Equatable {
        case next(Step)
        case done(FetchedCredentials)
        case failed(CredentialFailure)
    }

    /// `http://host[:port]`
    let endpoint: String

    /// Each fetch asks for a token of its own, which serves for two requests.
    private static let tokenSeconds = 60
    private static let path = "/latest/meta-data/iam/security-credentials/"
    /// Session tokens have 56 bytes, names of roles 64 at most.
    private static let textBytesMax = 1_024
    private static let source = "the instance's metadata"

    func request(_ step: Step) -> HTTPRequest {
        switch step {
        case .token:
            request(.put, "/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds", "\(Self.tokenSeconds)")
        case .role(let token): request(.get, Self.path, "x-aws-ec2-metadata-token", token)
        case .credentials(let token, let role):
            request(.get, Self.path + role, "x-aws-ec2-metadata-token", token)
        }
    }

    /// It is on the same machine. Where there is none, its address leads nowhere, which only the deadline tells.
    private func request(_ method: HTTPMethod, _ path: String, _ name: String, _ value: String) -> HTTPRequest {
        HTTPRequest(
            method, endpoint + path, fields: HTTPFieldLines([(name, value)]), connectMilliseconds: 1_000,
            totalMilliseconds: 2_000, responseBytesMax: CredentialAnswer.bytesMax)
    }

    func take(_ step: Step, status: Int, body: Span<UInt8>, now wallMilliseconds: Int64) -> Outcome {
        guard status == 200 else { return .failed(refusal(step, status: status)) }
        switch step {
        case .token:
            guard let token = line(body) else { return .failed(unreadable("its answer is no session token")) }
            return .next(.role(token: token))
        case .role(let token):
            guard let role = line(body), role.utf8.allSatisfy(Self.isRoleByte) else {
                return .failed(unreadable("its answer is no name of a role"))
            }
            return .next(.credentials(token: token, role: role))
        case .credentials:
            do throws(CredentialAnswer.Flaw) {
                return .done(try CredentialAnswer.json(body, now: wallMilliseconds, source: Self.source))
            } catch {
                return .failed(unreadable(error.text))
            }
        }
    }

    /// There was no answer to `step`.
    func silence(_ step: Step, _ failure: HTTPFailure) -> CredentialFailure {
        var text = "no answer of \(endpoint): \(failure.detail)"
        if step == .token, failure.kind == .timeout || failure.kind == .connectionLost {
            // The answer to the PUT is sent with that many hops to live: a container's bridge is one.
            text += ": on EC2 in a container, the instance needs a metadata hop limit of 2 "
                + "(modify-instance-metadata-options --http-put-response-hop-limit 2)"
        }
        return CredentialFailure(.unreachable, text)
    }

    private func refusal(_ step: Step, status: Int) -> CredentialFailure {
        let advice =
            switch (step, status) {
            case (.role, 404): "the instance has no role: attach an instance profile to it"
            case (.token, 403), (.token, 404), (.token, 405):
                "it gives no session token: turn IMDSv2 on for the instance; IMDSv1 is not used"
            case (_, 401): "it does not take its own session token"
            default: "it is asked again later"
            }
        return CredentialFailure(.refused, "\(endpoint) answers \(status): \(advice)")
    }

    private func unreadable(_ why: String) -> CredentialFailure {
        CredentialFailure(.unreadable, "\(endpoint): \(why)")
    }

    /// The first line, which must be visible text.
    private func line(_ body: Span<UInt8>) -> String? {
        var end = 0
        while end < body.count, body[end] != 0x0A, body[end] != 0x0D { end += 1 }
        guard end > 0, end <= Self.textBytesMax else { return nil }
        for index in 0 ..< end where !body[index].isVisible { return nil }
        return body.extracting(first: end).repairedText()
    }

    /// IAM API Reference, "CreateRole": letters, digits and `_+=,.@-`, which all stand in a path as they are.
    private static func isRoleByte(_ byte: UInt8) -> Bool {
        byte.isAlpha || byte.isDigit || [UInt8]("_+=,.@-".utf8).contains(byte)
    }
}
