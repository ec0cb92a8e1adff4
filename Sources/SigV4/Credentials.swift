/// An AWS access key, with the session token of temporary ones. No description of it shows a secret.
package struct Credentials: Sendable, Equatable {
    package let accessKeyID: String
    package let secretAccessKey: String
    package let sessionToken: String?

    /// An empty session token is none: that is what an empty `AWS_SESSION_TOKEN` means to the AWS CLI.
    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken?.isEmpty == true ? nil : sessionToken
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The access key id, which AWS does not count as a secret, and whether there is a session token.
    package var description: String {
        "Credentials(\(accessKeyID), secret redacted\(sessionToken == nil ? "" : ", session token redacted"))"
    }

    package var debugDescription: String { description }

    /// What `dump` and string interpolation of an enclosing value see.
    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}
