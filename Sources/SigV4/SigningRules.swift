/// How a service wants its requests signed (AWS General Reference, "Create a signed AWS API request").
package struct SigningRules: Sendable, Equatable {
    /// Whether `.`, `..` and empty segments of the path are resolved first.
    package let normalisesPath: Bool

    /// Whether the path, as it is sent, is percent-encoded once more.
    package let encodesPathAgain: Bool

    /// Whether `x-amz-content-sha256` is sent and signed.
    package let sendsPayloadHash: Bool

    /// Whether a session token is signed; a few services want it to be added after the signature.
    package let signsSessionToken: Bool

    package init(
        normalisesPath: Bool, encodesPathAgain: Bool, sendsPayloadHash: Bool, signsSessionToken: Bool = true
    ) {
        self.normalisesPath = normalisesPath
        self.encodesPathAgain = encodesPathAgain
        self.sendsPayloadHash = sendsPayloadHash
        self.signsSessionToken = signsSessionToken
    }

    /// S3: the path is signed as sent, since `a//b` and `a/../b` are keys of their own.
    package static let s3 = SigningRules(normalisesPath: false, encodesPathAgain: false, sendsPayloadHash: true)

    /// Every other service.
    package static let general = SigningRules(normalisesPath: true, encodesPathAgain: true, sendsPayloadHash: false)
}
