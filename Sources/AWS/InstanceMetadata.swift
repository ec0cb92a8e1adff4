internal import Bytes
internal import HTTPClient

/// The credentials of an EC2 instance's role: IMDSv2, a session token first, then the role's name, then its credentials
/// (Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata").
///
/// IMDSv1 only where the operator asked for it: its plain GETs are what lets whoever can make a server fetch a URL walk
/// away with its credentials. Then it is taken where no token is to be had, as AWS's own tools take it.
struct InstanceMetadata {
    /// The next question.
    enum Step: Equatable {
        case token
        /// nil: IMDSv1.
        case role(token: String?)
        case credentials(token: String?, role: String)
    }

    enum Outcome: Equatable {
        case next(Step)
        case done(FetchedCredentials)
        case failed(CredentialFailure)
    }

    /// `http://host[:port]`
    let endpoint: String
    /// `AWS_EC2_METADATA_V1_DISABLED=false`.
    var takesVersion1 = false

    /// Each fetch asks for a token of its own, which serves for two requests.
    private static let tokenSeconds = 60
    private static let path = "/latest/meta-data/iam/security-credentials/"
    /// Session tokens have 56 bytes, names of roles 64 at most.
    private static let textBytesMax = 1_024
    private static let source = "the instance's metadata"

    func request(_ step: Step) -> HTTPRequest {
        switch step {
        case .token:
            request(.put, "/latest/api/token", [("x-aws-ec2-metadata-token-ttl-seconds", "\(Self.tokenSeconds)")])
        case .role(let token): request(.get, Self.path, Self.fields(token))
        case .credentials(let token, let role): request(.get, Self.path + role, Self.fields(token))
        }
    }

    private static func fields(_ token: String?) -> [(String, String)] {
        token.map { [("x-aws-ec2-metadata-token", $0)] } ?? []
    }

    /// It is on the same machine. Where there is none, its address leads nowhere, which only the deadline tells.
    private func request(_ method: HTTPMethod, _ path: String, _ fields: [(String, String)]) -> HTTPRequest {
        HTTPRequest(
            method, endpoint + path, fields: HTTPFieldLines(fields), connectMilliseconds: 1_000,
            totalMilliseconds: 2_000, responseBytesMax: CredentialAnswer.bytesMax)
    }

    func take(_ step: Step, status: Int, body: Span<UInt8>, now wallMilliseconds: Int64) -> Outcome {
        guard status == 200 else {
            if step == .token, takesVersion1, Self.knowsNoTokens(status) { return .next(.role(token: nil)) }
            return .failed(refusal(step, status: status))
        }
        switch step {
        case .token:
            guard let token = line(body) else { return .failed(unreadable("its answer is no session token")) }
            return .next(.role(token: token))
        case .role(let token):
            guard let role = line(body), role.utf8.allSatisfy(Self.isRoleByte) else {
                return .failed(unreadable("its answer is no name of a role"))
            }
            return .next(.credentials(token: token, role: role))
        case .credentials(let token, _):
            let source = token == nil ? Self.source + " by IMDSv1" : Self.source
            do throws(CredentialAnswer.Flaw) {
                return .done(try CredentialAnswer.json(body, now: wallMilliseconds, source: source))
            } catch {
                return .failed(unreadable(error.text))
            }
        }
    }

    /// Versions of the service before tokens, and those that are told not to give any: these the tools of AWS take for
    /// a reason to ask the old way.
    private static func knowsNoTokens(_ status: Int) -> Bool { [403, 404, 405].contains(status) }

    /// There was no answer to `step`.
    func silence(_ step: Step, _ failure: HTTPFailure) -> Outcome {
        var text = "no answer of \(endpoint): \(failure.detail)"
        if step == .token, failure.kind == .timeout || failure.kind == .connectionLost {
            // A connection that was never made will not be for the old way either.
            if takesVersion1, failure.requestSent { return .next(.role(token: nil)) }
            // The answer to the PUT is sent with that many hops to live: a container's bridge is one.
            text += ": on EC2 in a container, the instance needs a metadata hop limit of 2 "
                + "(modify-instance-metadata-options --http-put-response-hop-limit 2)"
        }
        return .failed(CredentialFailure(.unreachable, text))
    }

    private func refusal(_ step: Step, status: Int) -> CredentialFailure {
        let advice =
            switch (step, status) {
            case (.role, 404): "the instance has no role: attach an instance profile to it"
            case (.token, _) where Self.knowsNoTokens(status):
                "it gives no session token: turn IMDSv2 on for the instance; IMDSv1 is not used unless "
                    + "AWS_EC2_METADATA_V1_DISABLED=false"
            case (.role(nil), 401), (.credentials(nil, _), 401):
                "it wants a session token, and gives none: is the hop limit too small?"
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
