internal import Bytes
internal import HTTPClient
internal import Linux
internal import Settings
internal import SigV4

/// One walk along the chain, to credentials or to the reason why there are none.
final class CredentialFetch {
    private let options: CredentialOptions
    private let client: HTTPClient
    private let wallMilliseconds: () -> Int64
    private let completion: (Result<FetchedCredentials, CredentialFailure>) -> Void
    private var transfer: HTTPTransfer?

    /// The longest token that STS takes is 20,000 bytes long.
    private static let tokenBytesMax = 32_768

    /// - Parameter completion: runs once, maybe inside of ``start()``, unless the fetch is cancelled.
    init(
        _ options: CredentialOptions, client: HTTPClient, wallMilliseconds: @escaping () -> Int64,
        completion: @escaping (Result<FetchedCredentials, CredentialFailure>) -> Void
    ) {
        self.options = options
        self.client = client
        self.wallMilliseconds = wallMilliseconds
        self.completion = completion
    }

    func start() {
        switch CredentialChain(options, read: Self.read).choose() {
        case .ready(let fetched): completion(.success(fetched))
        case .failed(let failure): completion(.failure(failure))
        case .webIdentity(let role, let source): assume(role, source)
        case .container(let container): ask(container)
        case .instance(let endpoint, let tried):
            let metadata = InstanceMetadata(endpoint: endpoint, takesVersion1: options.takesMetadataVersion1)
            ask(metadata, .token) { failure in
                CredentialFailure(failure.kind, "\(CredentialChain.nothing)\(tried); \(failure)")
            }
        }
    }

    func cancel() {
        transfer?.cancel()
        transfer = nil
    }

    private static func read(_ path: String) -> CredentialChain.FileReading {
        do throws(SystemError) {
            return .content(try Files.readWhole(path, bytesMax: ProfileFile.fileBytesMax))
        } catch {
            return error.isNoSuchFile ? .absent : .unreadable("\(error)")
        }
    }

    /// The text of a token's file, without the white space at its end.
    private static func token(_ path: String) throws(CredentialFailure) -> String {
        var bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.readWhole(path, bytesMax: tokenBytesMax)
        } catch {
            throw CredentialFailure(.file, "its token cannot be read: \(error)")
        }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        // A scheme such as `Basic` may stand before it.
        guard !bytes.isEmpty, bytes.allSatisfy({ $0.isVisible || $0 == 0x20 }) else {
            throw CredentialFailure(.file, "\(path) holds no token")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: web identity

    private func assume(_ role: WebIdentityRole, _ source: String) {
        let token: String
        do throws(CredentialFailure) {
            token = try Self.token(role.tokenFile)
        } catch {
            return fail(error.kind, "\(source): \(error)")
        }
        let endpoint = options.stsEndpoint
        send(CredentialRequests.webIdentity(role, token: token, endpoint: endpoint)) { [self] result in
            switch result {
            case .failure(let failure):
                fail(.unreachable, "\(source): no answer of STS at \(endpoint.url): \(failure.detail)")
            case .success(let response) where response.status == 200:
                do throws(CredentialAnswer.Flaw) {
                    let now = wallMilliseconds()
                    completion(.success(try CredentialAnswer.xml(response.body.span, now: now, source: source)))
                } catch {
                    fail(.unreadable, "\(source): STS at \(endpoint.url): \(error.text)")
                }
            case .success(let response):
                let complaint = CredentialAnswer.complaint(response.body.span)
                let advice = Self.advice(complaint)
                let said = "HTTP \(response.status)\(complaint.isEmpty ? "" : ", " + complaint)"
                fail(.refused, "\(source): STS does not give us \(role.roleARN) (\(said))\(advice)")
            }
        }
    }

    private static func advice(_ complaint: String) -> String {
        if complaint.hasPrefix("AccessDenied") {
            return ": the role's trust policy must allow sts:AssumeRoleWithWebIdentity to the token's issuer and "
                + "subject"
        }
        if complaint.hasPrefix("ExpiredToken") { return ": whoever writes the token's file does not renew it" }
        if complaint.hasPrefix("InvalidIdentityToken") {
            return ": the account must know the token's issuer as an identity provider"
        }
        return ""
    }

    // MARK: container

    private func ask(_ container: ContainerSource) {
        let source = "the container's endpoint \(container.origin)"
        var authorization: String?
        switch container.authorization {
        case .none: break
        case .token(let token): authorization = token
        case .file(let path):
            do throws(CredentialFailure) {
                authorization = try Self.token(path)
            } catch {
                return fail(error.kind, "\(source): \(error)")
            }
        }
        send(CredentialRequests.container(container, authorization: authorization)) { [self] result in
            switch result {
            case .failure(let failure): fail(.unreachable, "\(source) does not answer: \(failure.detail)")
            case .success(let response) where response.status == 200:
                do throws(CredentialAnswer.Flaw) {
                    let now = wallMilliseconds()
                    completion(.success(try CredentialAnswer.json(response.body.span, now: now, source: source)))
                } catch {
                    fail(.unreadable, "\(source): \(error.text)")
                }
            case .success(let response):
                let complaint = CredentialAnswer.complaint(response.body.span)
                let said = "\(response.status)\(complaint.isEmpty ? "" : " (\(complaint))")"
                fail(.refused, "\(source) answers \(said): check the task's role, and the authorization token")
            }
        }
    }

    // MARK: instance

    private func ask(
        _ metadata: InstanceMetadata, _ step: InstanceMetadata.Step,
        _ explained: @escaping (CredentialFailure) -> CredentialFailure
    ) {
        send(metadata.request(step)) { [self] result in
            let outcome =
                switch result {
                case .failure(let failure): metadata.silence(step, failure)
                case .success(let response):
                    metadata.take(step, status: response.status, body: response.body.span, now: wallMilliseconds())
                }
            switch outcome {
            case .next(let step): ask(metadata, step, explained)
            case .done(let fetched): completion(.success(fetched))
            case .failed(let failure): completion(.failure(explained(failure)))
            }
        }
    }

    private func send(
        _ request: HTTPRequest, _ completion: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) {
        transfer = client.start(request) { [weak self] result in
            self?.transfer = nil
            completion(result)
        }
    }

    private func fail(_ kind: CredentialFailure.Kind, _ text: String) {
        completion(.failure(CredentialFailure(kind, "AWS credentials by \(text)")))
    }
}
