internal import Bytes

/// What requests to AWS need, and where the credentials for them come from.
extension SettingsResolver {
    static func readAWS(
        from reader: inout SettingReader, store: StoreKind, secret: JWTSecretSource, context: SettingsContext
    ) -> AWSSettings {
        let region = reader.region(.region)
        if store == .s3 {
            reader.require(.region, "with SLUICE_STORE=s3")
        } else if case .parameter = secret {
            reader.require(.region, "to read the token secret from SSM (or set JWT_SECRET_FILE)")
        }
        // A wrong AWS_ENDPOINT_URL is told once, by the store's reading of it.
        let shared = reader.text(.endpoint).flatMap { try? EndpointURL.parse($0, allowsPath: false).get() }
        return AWSSettings(
            region: region, credentials: readKeys(from: &reader), chain: readChain(from: &reader, context: context),
            ssmEndpoint: reader.endpoint(.endpointSSM) ?? shared,
            stsEndpoint: reader.endpoint(.endpointSTS) ?? shared, caBundle: reader.path(.caBundle))
    }

    private static func readKeys(from reader: inout SettingReader) -> AWSCredentialSettings? {
        let accessKeyID = reader.credential(.accessKeyID)
        let secretAccessKey = reader.credential(.secretAccessKey).map { SecretText($0) }
        let sessionToken = reader.credential(.sessionToken).map { SecretText($0) }
        // Half a key is a mistake, and no reason to act with the rights of whoever else can be found.
        if reader.isGiven(.accessKeyID) { reader.require(.secretAccessKey, "with AWS_ACCESS_KEY_ID") }
        if reader.isGiven(.secretAccessKey) { reader.require(.accessKeyID, "with AWS_SECRET_ACCESS_KEY") }
        guard let accessKeyID, let secretAccessKey else { return nil }
        return AWSCredentialSettings(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken)
    }

    private static func readChain(
        from reader: inout SettingReader, context: SettingsContext
    ) -> CredentialChainSettings {
        let isMetadataDisabled = reader.truth(.metadataDisabled)
        let isVersion1Disabled = reader.truth(.metadataV1Disabled)
        let metadataEndpoint = reader.endpoint(.metadataEndpoint)
        return CredentialChainSettings(
            profile: reader.plainText(.profile),
            credentialsFile: readSharedFile(.credentialsFile, from: &reader, context: context),
            configFile: readSharedFile(.configFile, from: &reader, context: context),
            webIdentity: readWebIdentity(from: &reader, context: context),
            roleSessionName: readSessionName(from: &reader),
            container: readContainer(from: &reader),
            metadataEndpoint: isMetadataDisabled ? nil : metadataEndpoint, takesMetadataVersion1: !isVersion1Disabled)
    }

    private static func readSharedFile(
        _ name: SettingName, from reader: inout SettingReader, context: SettingsContext
    ) -> CredentialChainSettings.SharedFile? {
        reader.path(name).map { path in
            CredentialChainSettings.SharedFile(path: expanded(path, context), isGiven: reader.isGiven(name))
        }
    }

    /// `~/` is the home directory, as AWS's tools have it, also where no shell has seen the value.
    private static func expanded(_ path: String, _ context: SettingsContext) -> String {
        guard path.hasPrefix("~/"), let whole = context.homePath(String(path.dropFirst(2))) else { return path }
        return whole
    }

    private static func readWebIdentity(
        from reader: inout SettingReader, context: SettingsContext
    ) -> CredentialChainSettings.WebIdentity? {
        let role = reader.credential(.roleARN)
        guard let tokenFile = reader.path(.webIdentityTokenFile) else { return nil }
        reader.require(.roleARN, "with AWS_WEB_IDENTITY_TOKEN_FILE")
        return CredentialChainSettings.WebIdentity(tokenFile: expanded(tokenFile, context), roleARN: role ?? "")
    }

    /// STS API Reference, "AssumeRoleWithWebIdentity".
    private static func readSessionName(from reader: inout SettingReader) -> String {
        guard let name = reader.plainText(.roleSessionName) else { return "" }
        let others = [UInt8]("_+=,.@-".utf8)
        let isName = (2 ... 64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0.isAlpha || $0.isDigit || others.contains($0) }
        if !isName { reader.refuse(.roleSessionName, "must be 2 to 64 letters, digits and _+=,.@-") }
        return name
    }

    private static func readContainer(
        from reader: inout SettingReader
    ) -> CredentialChainSettings.Container? {
        let token = reader.plainText(.containerToken).map { SecretText($0) }
        let tokenFile = reader.path(.containerTokenFile)
        let url: String
        // ECS sets the first and EKS the second; where both are there, AWS's tools take the first.
        if let path = reader.plainText(.containerRelativeURI) {
            if !ContainerURL.isPath(path) {
                reader.refuse(.containerRelativeURI, "must be a path that begins with / and has no spaces")
            }
            url = ContainerURL.relativeOrigin + path
        } else if let full = reader.plainText(.containerFullURI) {
            if let refusal = ContainerURL.refusal(of: full) { reader.refuse(.containerFullURI, refusal.message) }
            url = full
        } else {
            return nil
        }
        return CredentialChainSettings.Container(url: SecretText(url), token: token, tokenFile: tokenFile)
    }
}
