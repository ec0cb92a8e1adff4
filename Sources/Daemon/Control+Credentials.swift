internal import AWS
internal import HTTPClient
internal import Logging
internal import ObjectStore
internal import Recovery
internal import Settings
internal import SigV4

/// AWS credentials: fetched here, handed to the workers and to the secret's cache whenever they change.
extension Control {
    /// Makes the caches of what is fetched from AWS, and the client that they share; nil where nothing is.
    func makeAWS() throws -> HTTPClient? {
        let parameter = SecretSource(settings).parameterName
        guard settings.store.isS3 || parameter != nil else { return nil }
        guard let region = settings.aws.region else { throw StartProblem("AWS_REGION is missing") }
        var configuration = HTTPClientConfiguration()
        configuration.caBundlePath = settings.aws.caBundle
        let client = try LoopHTTPDriver.makeClient(on: loop, configuration: configuration)
        let credentials = CredentialCache(
            CredentialOptions(settings.aws, region: region), client: client, loop: loop, observer: self)
        credentialCache = credentials
        guard let parameter else { return client }
        var policy = SecretPolicy()
        policy.ttlMilliseconds = settings.secretTTLSeconds * 1_000
        policy.graceMilliseconds = settings.secretGraceSeconds * 1_000
        policy.staleMillisecondsMax = settings.secretStaleSeconds * 1_000
        let endpoint = settings.aws.ssmEndpoint.map(ServiceEndpoint.init)
        secretCache = SecretCache(
            ParameterRequest(name: parameter, region: region, endpoint: endpoint), policy: policy,
            credentials: { credentials.current }, client: client, loop: loop, observer: self)
        return client
    }

    /// Why the store cannot be asked for want of credentials; nil: it can.
    var storeCredentialTrouble: String? {
        guard settings.store.isS3, let credentialCache, case .failure(let failure) = credentialCache.current
        else { return nil }
        return failure.description
    }
}

extension Control: CredentialObserver {
    func credentialsChanged(_ snapshot: CredentialSnapshot?) {
        tellWorkers(.credentials(snapshot))
        keeper?.credentials = snapshot?.credentials
        recovery?.poke()
        guard snapshot != nil else { return }
        // The first time it starts; later it need not wait out a failure of the former ones.
        secretCache?.start()
        secretCache?.credentialsChanged()
    }

    func credentialsReported(_ report: CredentialReport) {
        switch report {
        case .loaded(let source): logger.info("AWS credentials from \(source)")
        case .changed(let source): logger.info("other AWS credentials from \(source)")
        case .recovered: logger.notice("the AWS credentials can be fetched again")
        case .failing(let failure, isServing: true, retryAfterMilliseconds: let delay):
            logger.warning(
                "AWS credentials cannot be refreshed, the last known ones serve on while they are valid: \(failure)",
                metadata: ["retry_ms": "\(delay)"])
        case .failing(let failure, isServing: false, retryAfterMilliseconds: let delay):
            logger.error("\(failure): uploads get 503", metadata: ["retry_ms": "\(delay)"])
            // It says why it cannot be fetched, too.
            secretCache?.start()
        case .expired: logger.error("the AWS credentials have expired, uploads get 503 until there are others")
        }
    }
}

extension CredentialSnapshot {
    /// Those of the environment, so that workers can sign before the chain was asked for the first time.
    init?(ofEnvironment settings: AWSSettings) {
        guard let credentials = settings.credentials.map(Credentials.init) else { return nil }
        self.init(credentials: credentials, generation: 0)
    }
}

extension CredentialOptions {
    init(_ settings: AWSSettings, region: String) {
        self.init(stsEndpoint: settings.stsEndpoint.map(ServiceEndpoint.init) ?? .aws("sts", region: region))
        environment = settings.credentials.map(Credentials.init)
        let chain = settings.chain
        profile = chain.profile
        credentialsFile = chain.credentialsFile.map { SharedFile(path: $0.path, isGiven: $0.isGiven) }
        configFile = chain.configFile.map { SharedFile(path: $0.path, isGiven: $0.isGiven) }
        webIdentity = chain.webIdentity.map { identity in
            WebIdentityRole(
                tokenFile: identity.tokenFile, roleARN: identity.roleARN, sessionName: chain.roleSessionName)
        }
        container = chain.container.map { container in
            var authorization = ContainerSource.Authorization.none
            if let file = container.tokenFile {
                authorization = .file(file)
            } else if let token = container.token {
                authorization = .token(token.text)
            }
            return ContainerSource(url: container.url.text, authorization: authorization)
        }
        instanceEndpoint = chain.metadataEndpoint?.text
    }
}

extension Credentials {
    init(_ settings: AWSCredentialSettings) {
        self.init(
            accessKeyID: settings.accessKeyID, secretAccessKey: settings.secretAccessKey.text,
            sessionToken: settings.sessionToken?.text)
    }
}

extension ServiceEndpoint {
    init(_ endpoint: EndpointURL) {
        self.init(url: endpoint.text, authority: endpoint.authority, path: endpoint.path)
    }
}

extension StoreSettings {
    var isS3: Bool {
        if case .s3 = self { true } else { false }
    }
}

extension SecretText {
    /// For whoever sends it where it belongs.
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
