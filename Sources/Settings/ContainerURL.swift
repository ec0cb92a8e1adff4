internal import Bytes

/// Which URLs a container's credentials may be fetched from: whoever can set one variable must not have the container's
/// authorization token sent to a host of theirs (AWS SDKs and Tools Reference Guide, "Container credential provider").
enum ContainerURL {
    /// Where ECS answers.
    static let relativeOrigin = "http://169.254.170.2"

    /// Whether this can stand behind ``relativeOrigin``.
    static func isPath(_ text: String) -> Bool {
        text.utf8.first == 0x2F && text.utf8.allSatisfy { $0.isVisible && $0 != 0x23 && $0 != 0x5C }
    }

    /// Why the URL is not to be used; nil: it may be.
    static func refusal(of text: String) -> SettingRefusal? {
        let separators: [UInt8] = [0x2F, 0x3F]
        let scheme = text.lowercased().hasPrefix("https://") ? 8 : 7
        let authority = text.utf8.dropFirst(scheme).prefix { !separators.contains($0) }
        let origin = String(decoding: text.utf8[..<authority.endIndex], as: UTF8.self)
        let rest = text.utf8[authority.endIndex...]
        guard rest.allSatisfy({ $0.isVisible && $0 != 0x23 && $0 != 0x5C }) else {
            return SettingRefusal("must be a URL without fragment, space or backslash")
        }
        switch EndpointURL.parse(origin, allowsPath: false) {
        case .failure(let refusal): return refusal
        case .success(let endpoint):
            guard !endpoint.isSecure, !isNear(endpoint.host) else { return nil }
            return SettingRefusal(
                "must be https, or http to a loopback address, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]")
        }
    }

    /// Addresses that do not leave the machine, and `localhost`, which is never looked up but taken for one of them.
    private static func isNear(_ host: String) -> Bool {
        if host == "localhost" { return true }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard let address = IPAddress(parsing: bare) else { return false }
        if let v4 = address.v4 { return v4 >> 24 == 127 || agentsV4.contains(v4) }
        return address == IPAddress(upper: 0, lower: 1) || address == agentV6
    }

    /// ECS's agent and EKS's.
    private static let agentsV4: [UInt32] = [0xA9FE_AA02, 0xA9FE_AA17]
    /// fd00:ec2::23
    private static let agentV6 = IPAddress(upper: 0xFD00_0EC2_0000_0000, lower: 0x23)
}
