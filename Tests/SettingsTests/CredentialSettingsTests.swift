@testable import Settings
import Testing

private typealias SharedFile = CredentialChainSettings.SharedFile

/// The chain behind an environment without keys.
private func chain(
    _ changes: [String: String] = [:], context: SettingsContext = SettingsContext()
) throws -> CredentialChainSettings {
    let bare = ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]
    let settings = try SettingsSample.settings(bare.merging(changes) { _, new in new }, context: context)
    #expect(settings.aws.credentials == nil)
    return settings.aws.chain
}

@Suite struct CredentialSettingsTests {
    @Test func `without keys the start goes on, and the usual places are looked at`() throws {
        let bare = try chain(context: SettingsContext(homeDirectory: "/home/me"))
        #expect(bare.profile == nil)
        #expect(bare.credentialsFile == SharedFile(path: "/home/me/.aws/credentials", isGiven: false))
        #expect(bare.configFile == SharedFile(path: "/home/me/.aws/config", isGiven: false))
        #expect(bare.webIdentity == nil)
        #expect(bare.container == nil)
        #expect(bare.metadataEndpoint?.text == "http://169.254.169.254")
        #expect(try chain().credentialsFile == nil, "no home, no file")
        #expect(try chain(context: SettingsContext(homeDirectory: "/")).configFile?.path == "/.aws/config")
    }

    @Test func `files and a profile may be named`() throws {
        let named = try chain(
            ["AWS_PROFILE": "work", "AWS_SHARED_CREDENTIALS_FILE": "~/keys", "AWS_CONFIG_FILE": "/etc/aws"],
            context: SettingsContext(homeDirectory: "/home/me"))
        #expect(named.profile == "work")
        #expect(named.credentialsFile == SharedFile(path: "/home/me/keys", isGiven: true))
        #expect(named.configFile == SharedFile(path: "/etc/aws", isGiven: true))
    }

    @Test func `half a key is refused, not passed over`() {
        #expect(SettingsSample.problems(["AWS_SECRET_ACCESS_KEY": ""])
            == ["AWS_SECRET_ACCESS_KEY: is not set: needed with AWS_ACCESS_KEY_ID"])
        #expect(SettingsSample.problems(["AWS_ACCESS_KEY_ID": ""])
            == ["AWS_ACCESS_KEY_ID: is not set: needed with AWS_SECRET_ACCESS_KEY"])
    }

    @Test func `web identity wants a role, and a name that STS takes`() throws {
        let identity = try chain(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:r"])
        #expect(identity.webIdentity == CredentialChainSettings.WebIdentity(tokenFile: "/t", roleARN: "arn:r"))
        #expect(identity.roleSessionName == "sluice")
        #expect(try chain(["AWS_ROLE_ARN": "arn:r"]).webIdentity == nil)
        #expect(SettingsSample.problems(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
            == ["AWS_ROLE_ARN: is not set: needed with AWS_WEB_IDENTITY_TOKEN_FILE"])
        for name in ["a", "a b", String(repeating: "x", count: 65), "ä"] {
            #expect(SettingsSample.problems(["AWS_ROLE_SESSION_NAME": name]).count == 1, "\(name)")
        }
    }

    @Test func `STS has an endpoint of its own or the common one`() throws {
        let both = ["AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_STS": "http://sts:2"]
        #expect(try SettingsSample.settings(both).aws.stsEndpoint?.text == "http://sts:2")
        let common = try SettingsSample.settings(["AWS_ENDPOINT_URL": "http://all:1"]).aws
        #expect(common.stsEndpoint?.text == "http://all:1")
        #expect(try SettingsSample.settings().aws.stsEndpoint == nil)
    }

    @Test func `a container's path goes to ECS, and wins over a whole URL`() throws {
        let relative = try chain([
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/guid?a=b",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/f",
        ])
        #expect(relative.container?.url == SecretText("http://169.254.170.2/v2/credentials/guid?a=b"))
        #expect(relative.container?.token == SecretText("t"))
        #expect(relative.container?.tokenFile == "/f")
        for path in ["v2", "http://169.254.170.2/", "/a b", "/a#b", "/a\\b"] {
            #expect(SettingsSample.problems(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path]).count == 1, "\(path)")
        }
    }

    @Test(arguments: [
        "https://anywhere.test/x", "HTTPS://anywhere.test", "http://localhost:8080/x?y", "http://127.0.0.1/",
        "http://127.255.0.9:1", "http://[::1]/x", "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "http://127.0.0.1?x",
    ])
    func `a whole URL may lead to this machine, or anywhere over TLS`(url: String) throws {
        #expect(try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]).container?.url == SecretText(url))
    }

    @Test(arguments: [
        "http://evil.test/x", "http://169.254.170.3/", "http://169.254.169.254/", "http://127.0.0.1.evil.test/",
        "http://127.0.0.1@evil.test/", "http://localhost.evil.test/", "http://2130706433/", "http://0177.0.0.1/",
        "http://127.1/", "http://[fd00:ec2::24]/", "http://[::ffff:10.0.0.1]/", "ftp://127.0.0.1/", "127.0.0.1/x",
        "http://127.0.0.1\\@evil.test/", "http:///x", "http://127.0.0.1/a b", "http://evil.test?@127.0.0.1/",
        "http://evil.test#@127.0.0.1/", "http://10.0.0.1/",
    ])
    func `it leads nowhere else, and is not shown`(url: String) {
        let problems = SettingsSample.problems(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        #expect(problems.count == 1)
        #expect(problems.allSatisfy { !$0.contains("evil") })
    }

    @Test func `the instance's metadata may be turned off in any case, or moved`() throws {
        for word in ["true", "True", "TRUE"] {
            #expect(try chain(["AWS_EC2_METADATA_DISABLED": word]).metadataEndpoint == nil)
        }
        let moved = [
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[fd00:ec2::254]", "AWS_EC2_METADATA_DISABLED": "False",
        ]
        #expect(try chain(moved).metadataEndpoint?.text == "http://[fd00:ec2::254]")
        #expect(SettingsSample.problems(["AWS_EC2_METADATA_DISABLED": "yes"]).count == 1)
    }

    @Test func `it is asked the old way by who says so alone`() throws {
        #expect(try !chain().takesMetadataVersion1)
        #expect(try !chain(["AWS_EC2_METADATA_V1_DISABLED": "True"]).takesMetadataVersion1)
        #expect(try chain(["AWS_EC2_METADATA_V1_DISABLED": "False"]).takesMetadataVersion1)
        #expect(SettingsSample.problems(["AWS_EC2_METADATA_V1_DISABLED": "0"]).count == 1)
    }
}
