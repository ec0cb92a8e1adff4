internal import StoreStates

/// Where a service answers.
package struct ServiceEndpoint: Equatable, Sendable {
    /// `https://host[:port]`, with a path only where the endpoint has one; no slash at the end.
    package let url: String

    /// What the `Host` field says: no port where it is the scheme's own.
    package let authority: String

    /// The path of `url`, empty for the root.
    package let path: String

    package init(url: String, authority: String, path: String = "") {
        self.url = url
        self.authority = authority
        self.path = path
    }

    /// AWS's own endpoint of `service` (such as `ssm`) in `region`.
    package static func aws(_ service: String, region: String) -> ServiceEndpoint {
        let authority = "\(service).\(region).\(RegionDomain.of(region))"
        return ServiceEndpoint(url: "https://\(authority)", authority: authority)
    }
}
