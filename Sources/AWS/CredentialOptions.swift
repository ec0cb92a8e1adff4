package import SigV4

/// What the chain of credentials has to go by, from the settings.
package struct CredentialOptions: Sendable {
    /// A file that may hold profiles.
    package struct SharedFile: Sendable, Equatable {
        package let path: String
        /// Whether somebody named it. The usual place may be empty, or out of our reach.
        package let isGiven: Bool

        package init(path: String, isGiven: Bool) {
            self.path = path
            self.isGiven = isGiven
        }
    }

    /// `AWS_ACCESS_KEY_ID` and what belongs to it.
    package var environment: Credentials?
    /// `AWS_PROFILE`; nil: `default`.
    package var profile: String?
    package var credentialsFile: SharedFile?
    package var configFile: SharedFile?
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and what belongs to it.
    package var webIdentity: WebIdentityRole?
    package var container: ContainerSource?
    /// `http://host[:port]` of the instance's metadata; nil: never ask it.
    package var instanceEndpoint: String?
    /// Whether it may be asked the old way where it gives no session token.
    package var takesMetadataVersion1 = false
    package var stsEndpoint: ServiceEndpoint

    package init(stsEndpoint: ServiceEndpoint) {
        self.stsEndpoint = stsEndpoint
    }
}

/// A role that STS gives to whoever shows a token that an identity provider has signed.
package struct WebIdentityRole: Sendable, Equatable {
    /// Written anew by whoever issues tokens, so it is read for each request.
    package let tokenFile: String
    package let roleARN: String
    /// Names us in the account's audit log.
    package let sessionName: String

    package init(tokenFile: String, roleARN: String, sessionName: String? = nil) {
        self.tokenFile = tokenFile
        self.roleARN = roleARN
        self.sessionName = sessionName ?? "sluice"
    }
}

/// Where a container's credentials are (ECS, EKS Pod Identity).
package struct ContainerSource: Sendable, Equatable {
    package enum Authorization: Sendable, Equatable {
        case none
        /// The field's value.
        case token(String)
        /// A file that holds it, read for each request.
        case file(String)
    }

    /// Its path may be all that keeps others away: it is never printed.
    package let url: String
    package let authorization: Authorization

    /// `url` is one whose host may be asked: the settings see to that.
    package init(url: String, authorization: Authorization = .none) {
        self.url = url
        self.authorization = authorization
    }

    /// `scheme://host[:port]`, for messages.
    var origin: String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.prefix(3).joined(separator: "/")
    }
}
