@testable import AWS
import SigV4
import Testing

private typealias SharedFile = CredentialOptions.SharedFile

private let keys = "aws_access_key_id = AKIA1\naws_secret_access_key = s1\n"
private let role = WebIdentityRole(tokenFile: "/token", roleARN: "arn:aws:iam::1:role/r")
private let container = ContainerSource(url: "http://169.254.170.2/v2/credentials/guid")

/// Both files where they usually are, and the instance's metadata; nothing else.
private func bare() -> CredentialOptions {
    var options = CredentialOptions(stsEndpoint: .aws("sts", region: "us-east-1"))
    options.credentialsFile = SharedFile(path: "/home/.aws/credentials", isGiven: false)
    options.configFile = SharedFile(path: "/home/.aws/config", isGiven: false)
    options.instanceEndpoint = "http://169.254.169.254"
    return options
}

private func choose(
    _ options: CredentialOptions, credentials: String? = nil, config: String? = nil
) -> CredentialChain.Choice {
    CredentialChain(options) { path in
        let text = path.hasSuffix("config") ? config : credentials
        if text == "unreadable" { return .unreadable("open \(path): EACCES") }
        return text.map { .content([UInt8]($0.utf8)) } ?? .absent
    }.choose()
}

private func keysOf(_ choice: CredentialChain.Choice) -> String? {
    if case .ready(let fetched) = choice { fetched.credentials.accessKeyID } else { nil }
}

private func failure(_ choice: CredentialChain.Choice) -> String? {
    if case .failed(let failure) = choice { failure.description } else { nil }
}

struct CredentialChainTests {
    @Test func `the environment comes first, then files, web identity, container and instance`() {
        var options = bare()
        guard case .instance(let endpoint, let tried) = choose(options) else {
            Issue.record("no instance")
            return
        }
        #expect(endpoint == "http://169.254.169.254")
        for word in ["AWS_ACCESS_KEY_ID", "/home/.aws/credentials", "/home/.aws/config", "WEB_IDENTITY", "CONTAINER"] {
            #expect(tried.contains(word), "\(word)")
        }
        options.container = container
        #expect(choose(options) == .container(container))
        options.webIdentity = role
        #expect(choose(options) == .webIdentity(role, source: "AWS_WEB_IDENTITY_TOKEN_FILE"))
        #expect(keysOf(choose(options, credentials: "[default]\n" + keys)) == "AKIA1")
        options.environment = Credentials(accessKeyID: "ENV", secretAccessKey: "s")
        #expect(keysOf(choose(options, credentials: "[default]\n" + keys)) == "ENV")
    }

    @Test func `without any source it says what was tried`() throws {
        var options = bare()
        options.instanceEndpoint = nil
        let text = try #require(failure(choose(options, config: "[profile other]\n" + keys)))
        #expect(text == "there are no AWS credentials: AWS_ACCESS_KEY_ID is not set; "
            + "/home/.aws/credentials is not there, /home/.aws/config has no profile default; "
            + "AWS_WEB_IDENTITY_TOKEN_FILE is not set; no AWS_CONTAINER_CREDENTIALS_…_URI is set; "
            + "the instance's metadata is turned off by AWS_EC2_METADATA_DISABLED")
    }

    @Test func `the credentials file wins over the config file`() {
        let config = "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n"
        #expect(keysOf(choose(bare(), credentials: "[default]\n" + keys, config: config)) == "AKIA1")
        #expect(keysOf(choose(bare(), credentials: "[other]\n" + keys, config: config)) == "CONFIG")
    }

    @Test func `a profile that is named must be there`() throws {
        var options = bare()
        options.profile = "work"
        options.container = container
        #expect(keysOf(choose(options, credentials: "[work]\n" + keys)) == "AKIA1")
        #expect(keysOf(choose(options, config: "[profile work]\n" + keys)) == "AKIA1")
        #expect(failure(choose(options, credentials: "[default]\n" + keys))?.contains("AWS_PROFILE is work") == true)
        #expect(failure(choose(options)) != nil)
        #expect(failure(choose(options, credentials: "unreadable"))?.contains("EACCES") == true)
        // One that is there and says nothing of credentials leaves them to the next source.
        #expect(choose(options, config: "[profile work]\nregion = x\n") == .container(container))
    }

    @Test func `a file that is named must be there, one that is not may be out of reach`() {
        var options = bare()
        options.container = container
        #expect(choose(options, credentials: "unreadable", config: "unreadable") == .container(container))
        options.credentialsFile = SharedFile(path: "/x/credentials", isGiven: true)
        #expect(failure(choose(options)) == "AWS credentials: /x/credentials is not there")
        #expect(failure(choose(options, credentials: "unreadable"))?.contains("EACCES") == true)
        #expect(failure(choose(options, credentials: "rubbish"))?.contains("line 1") == true)
    }

    @Test func `a file that makes no sense is told, not passed over`() {
        #expect(failure(choose(bare(), credentials: "[default]\nhunter2\n"))?.contains("line 2") == true)
        #expect(failure(choose(bare(), credentials: "[default]\nhunter2\n"))?.contains("hunter2") == false)
    }

    @Test func `half a key, and keys that could not be sent, are told`() throws {
        let half = try #require(failure(choose(bare(), credentials: "[default]\naws_access_key_id = AKIA\n")))
        #expect(half.contains("lacks aws_secret_access_key"))
        let odd = "[default]\naws_access_key_id = A B\naws_secret_access_key = hunter2\n"
        #expect(failure(choose(bare(), credentials: odd))?.contains("bytes that no key has") == true)
        #expect(failure(choose(bare(), credentials: odd))?.contains("hunter2") == false)
    }

    @Test func `a session token belongs to the keys beside it`() {
        let text = "[default]\n" + keys + "aws_session_token = t\n"
        guard case .ready(let fetched) = choose(bare(), credentials: text) else {
            Issue.record("none")
            return
        }
        #expect(fetched.credentials.sessionToken == "t")
        #expect(fetched.lifetimeMilliseconds == nil)
        #expect(fetched.source == "profile default in /home/.aws/credentials")
        guard case .ready(let plain) = choose(bare(), credentials: "[default]\n" + keys + "aws_session_token =\n")
        else {
            Issue.record("none")
            return
        }
        #expect(plain.credentials.sessionToken == nil)
    }

    @Test func `a profile may take a role by web identity`() {
        let config = "[default]\nrole_arn = arn:x\nweb_identity_token_file = /t\nrole_session_name = me\n"
        let expected = WebIdentityRole(tokenFile: "/t", roleARN: "arn:x", sessionName: "me")
        #expect(choose(bare(), config: config) == .webIdentity(expected, source: "web identity in profile default"))
        let lacking = choose(bare(), config: "[default]\nweb_identity_token_file = /t\n")
        #expect(failure(lacking)?.contains("lacks role_arn") == true)
    }

    @Test(arguments: [
        "role_arn = r\nsource_profile = other\n", "role_arn = r\ncredential_source = Ec2InstanceMetadata\n",
        "credential_process = /bin/x\n", "sso_session = s\n", "sso_account_id = 1\n",
    ])
    func `what it does not do it says, and does nothing else instead`(properties: String) {
        var options = bare()
        options.webIdentity = role
        let text = failure(choose(options, config: "[default]\n" + properties))
        #expect(text?.contains("Sluice does not do") == true)
        // Keys beside a role that is assumed with them would act with more rights than were asked for.
        let keyed = failure(choose(options, credentials: "[default]\n" + keys, config: "[default]\n" + properties))
        #expect((keyed != nil) == properties.hasPrefix("role_arn"))
    }

    @Test func `a container's path stays hidden`() {
        #expect(container.origin == "http://169.254.170.2")
        #expect(ContainerSource(url: "https://x.test:1/a?b").origin == "https://x.test:1")
        #expect(ContainerSource(url: "http://127.0.0.1").origin == "http://127.0.0.1")
    }
}
