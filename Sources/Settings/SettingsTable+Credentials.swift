extension SettingsTable {
    /// The standard chain of credentials, in its order: environment, shared files, web identity, container, instance.
    static let credentials: [Setting] = [
        Setting(.accessKeyID, .text(bytesMax: 128), .unset(summary: "the next source of credentials"),
            "The access key that requests to AWS are signed with. The sources are asked in the order of these rows; "
                + "the first that is configured is the one, and what goes wrong with it is not covered up by another."),
        Setting(.secretAccessKey, .text(bytesMax: 256), .unset(summary: "required with `AWS_ACCESS_KEY_ID`"),
            "The secret of `AWS_ACCESS_KEY_ID`.", isSecret: true),
        // STS documents no bound for session tokens; those of chained roles are about 2 KiB.
        Setting(.sessionToken, .text(bytesMax: 8_192), .unset(summary: "none"),
            "The session token that belongs to temporary credentials.", isSecret: true),
        Setting(.profile, .text(bytesMax: 256), .unset(summary: "`default`, where there is one"),
            "The profile of the two files below that credentials are taken from; it must be there when it is named."),
        Setting(.credentialsFile, .path, .computed(summary: "`~/.aws/credentials`, where it is there") {
            $0.homePath(".aws/credentials")
        }, "AWS's file of credentials, read again every five minutes. Keys in it, or a role by web identity."),
        Setting(.configFile, .path, .computed(summary: "`~/.aws/config`, where it is there") {
            $0.homePath(".aws/config")
        }, "AWS's other file of profiles, read for credentials alone; the file above wins."),
        Setting(.webIdentityTokenFile, .path, .unset(summary: "the next source"),
            "A token of an identity provider (EKS writes one) that STS gives `AWS_ROLE_ARN` for; read for each "
                + "request, since it is renewed."),
        Setting(.roleARN, .text(bytesMax: 2_048), .unset(summary: "required with `AWS_WEB_IDENTITY_TOKEN_FILE`"),
            "The role to take by web identity."),
        Setting(.roleSessionName, .text(bytesMax: 64), .fixed("sluice"),
            "What the session is called in the account's audit log: 2 to 64 letters, digits and `_+=,.@-`."),
        Setting(.endpointSTS, .endpoint, .unset(summary: "`AWS_ENDPOINT_URL`, else AWS's own of the region"),
            "A custom endpoint for STS alone."),
        Setting(.containerRelativeURI, .text(bytesMax: 2_048), .unset(summary: "the next source"),
            "Where the credentials of an ECS task are, at 169.254.170.2; ECS sets it.", isSecret: true),
        Setting(.containerFullURI, .text(bytesMax: 2_048), .unset(summary: "the next source"),
            "Where a container's credentials are (EKS Pod Identity sets it): https, or http to this machine, "
                + "169.254.170.2, 169.254.170.23 or fd00:ec2::23.", isSecret: true),
        Setting(.containerToken, .text(bytesMax: 8_192), .unset(summary: "none"),
            "What to say as `Authorization` there.", isSecret: true),
        Setting(.containerTokenFile, .path, .unset(summary: "`AWS_CONTAINER_AUTHORIZATION_TOKEN`"),
            "A file that holds it, read for each request; it wins over the variable."),
        Setting(.metadataDisabled, .choice(Truth.self), .fixed("false"),
            "Whether the EC2 instance's metadata, the last source, is never asked. Without EC2 nothing answers there, "
                + "and only a second's waiting is saved."),
        Setting(.metadataV1Disabled, .choice(Truth.self), .fixed("true"),
            "Whether an instance that gives no session token (IMDSv2) is not asked without one. `false` asks, as the "
                + "tools of AWS do by default: anything on the instance that can be made to fetch a URL then gives its "
                + "credentials away, so turn IMDSv2 on instead where you can."),
        Setting(.metadataEndpoint, .endpoint, .fixed("http://169.254.169.254"),
            "Where the instance's metadata is. In a container the instance's hop limit must be 2."),
    ]
}
