internal import Settings
internal import SigV4

/// Which source of the chain is the one: the first that is configured. What goes wrong with that one is not covered up
/// by another's credentials, which would act with other rights than those that were asked for.
struct CredentialChain {
    enum Choice: Equatable {
        case ready(FetchedCredentials)
        case webIdentity(WebIdentityRole, source: String)
        case container(ContainerSource)
        /// The instance's metadata, where nothing is configured: it may be there or not. `tried` says what was not.
        case instance(endpoint: String, tried: String)
        case failed(CredentialFailure)
    }

    /// What reading a file came to.
    enum FileReading {
        case absent
        case unreadable(String)
        case content([UInt8])
    }

    private let options: CredentialOptions
    private let read: (_ path: String) -> FileReading

    /// - Parameter read: reads a file of at most ``ProfileFile/fileBytesMax``.
    init(_ options: CredentialOptions, read: @escaping (_ path: String) -> FileReading) {
        self.options = options
        self.read = read
    }

    func choose() -> Choice {
        if let credentials = options.environment {
            return .ready(FetchedCredentials(credentials: credentials, source: "the environment"))
        }
        var tried = ["AWS_ACCESS_KEY_ID is not set"]
        switch profile() {
        case .success(.found(let choice)): return choice
        case .success(.nothing(let why)): tried.append(why)
        case .failure(let failure): return .failed(failure)
        }
        if let role = options.webIdentity {
            return .webIdentity(role, source: "AWS_WEB_IDENTITY_TOKEN_FILE")
        }
        tried.append("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
        if let container = options.container { return .container(container) }
        tried.append("no AWS_CONTAINER_CREDENTIALS_…_URI is set")
        guard let endpoint = options.instanceEndpoint else {
            tried.append("the instance's metadata is turned off by AWS_EC2_METADATA_DISABLED")
            return .failed(CredentialFailure(.nowhere, Self.nothing + tried.joined(separator: "; ")))
        }
        return .instance(endpoint: endpoint, tried: tried.joined(separator: "; "))
    }

    /// What a list of what was tried begins with.
    static let nothing = "there are no AWS credentials: "

    private enum ProfileChoice {
        case found(Choice)
        /// No profile, or nothing in it about credentials; in words.
        case nothing(String)
    }

    private func profile() -> Result<ProfileChoice, CredentialFailure> {
        let name = options.profile ?? "default"
        let files = [(options.credentialsFile, ProfileFile.Kind.credentials), (options.configFile, .config)]
        var found: [(path: String, properties: [String: String])] = []
        var missing: [String] = []
        for (file, kind) in files {
            guard let file else { continue }
            let reading: Result<ProfileFile, CredentialFailure>?
            switch read(file.path) {
            case .absent:
                reading = file.isGiven ? .failure(failure("\(file.path) is not there")) : nil
                missing.append("\(file.path) is not there")
            case .unreadable(let why):
                reading = file.isGiven || options.profile != nil ? .failure(failure(why)) : nil
                missing.append(why)
            case .content(let bytes): reading = parse(bytes, file.path, kind)
            }
            switch reading {
            case .success(let profiles)?:
                if let properties = profiles[name] {
                    found.append((file.path, properties))
                } else {
                    missing.append("\(file.path) has no profile \(name)")
                }
            case .failure(let failure)?: return .failure(failure)
            case nil: continue
            }
        }
        if found.isEmpty, options.profile != nil {
            let why = missing.isEmpty ? "there is no file of profiles" : missing.joined(separator: ", ")
            return .failure(failure("AWS_PROFILE is \(name), and \(why)"))
        }
        return choice(of: name, in: found).map { choice in
            choice.map(ProfileChoice.found)
                ?? .nothing(found.isEmpty ? missing.joined(separator: ", ") : "profile \(name) names no credentials")
        }
    }

    private func parse(
        _ bytes: [UInt8], _ path: String, _ kind: ProfileFile.Kind
    ) -> Result<ProfileFile, CredentialFailure> {
        do throws(ProfileFile.Fault) {
            return .success(try ProfileFile.parse(bytes.span, kind: kind))
        } catch {
            return .failure(failure("\(path): \(error)"))
        }
    }

    /// What a profile says of credentials, the credentials file before the config file; nil: nothing.
    private func choice(
        of name: String, in files: [(path: String, properties: [String: String])]
    ) -> Result<Choice?, CredentialFailure> {
        func value(_ property: String) -> String? {
            files.lazy.compactMap { $0.properties[property] }.first { !$0.isEmpty }
        }
        // A role on top of other credentials has fewer rights than they: never act with those instead.
        for property in ["source_profile", "credential_source"]
        where value("role_arn") != nil && value(property) != nil {
            return .failure(failure(notDone(name, "assumes a role by \(property)")))
        }
        for (path, properties) in files {
            let id = properties["aws_access_key_id"] ?? ""
            let secret = properties["aws_secret_access_key"] ?? ""
            if id.isEmpty, secret.isEmpty { continue }
            guard !id.isEmpty, !secret.isEmpty else {
                let lacking = id.isEmpty ? "aws_access_key_id" : "aws_secret_access_key"
                return .failure(failure("profile \(name) in \(path) lacks \(lacking)"))
            }
            let token = properties["aws_session_token"]
            guard let credentials = CredentialAnswer.credentials(id, secret, token) else {
                return .failure(failure("profile \(name) in \(path) holds a key with bytes that no key has"))
            }
            let source = "profile \(name) in \(path)"
            return .success(.ready(FetchedCredentials(credentials: credentials, source: source)))
        }
        if let tokenFile = value("web_identity_token_file") {
            guard let role = value("role_arn") else {
                return .failure(failure("profile \(name) has web_identity_token_file and lacks role_arn"))
            }
            let identity = WebIdentityRole(
                tokenFile: tokenFile, roleARN: role, sessionName: value("role_session_name"))
            return .success(.webIdentity(identity, source: "web identity in profile \(name)"))
        }
        for property in ["credential_process", "sso_session", "sso_account_id", "login_session"]
        where value(property) != nil {
            return .failure(failure(notDone(name, "wants \(property)")))
        }
        return .success(nil)
    }

    private func notDone(_ profile: String, _ what: String) -> String {
        "profile \(profile) \(what), which Sluice does not do: write temporary credentials to a profile of its own, or "
            + "use web identity, a container's role or an instance's"
    }

    private func failure(_ why: String) -> CredentialFailure { CredentialFailure(.file, "AWS credentials: \(why)") }
}
