internal import Bytes

/// Where a bucket is: the part of its URLs before the key.
package struct S3Endpoint: Equatable, Sendable {
    package let isSecure: Bool
    /// `Host` as it is sent and signed, with the port where it is not the scheme's own.
    package let host: String
    /// `/bucket` in path style, else empty.
    package let pathPrefix: String
    /// What stands before the key in public URLs, without a slash at its end. Virtual-host style at Amazon's own, path
    /// style at custom endpoints, however requests address the bucket.
    package let publicBase: String
    /// What the host says of the server.
    package let profile: S3Profile

    /// `scheme://host`.
    package let origin: String

    /// `auto` addressing is path style for custom endpoints and for buckets with dots (whose names a wildcard
    /// certificate does not cover), virtual-host style else.
    ///
    /// - Parameter endpoint: `http://host:port` or `https://host`, nil for Amazon's own.
    package init(
        bucket: String, region: String, endpoint: String?, addressing: S3Addressing = .auto
    ) throws(StoreSettingError) {
        guard Self.isName(bucket, bytesMax: 255) else {
            throw StoreSettingError("S3_BUCKET: not the name of a bucket: letters, digits, `.`, `_` and `-`")
        }
        guard Self.isName(region, bytesMax: 64) else {
            throw StoreSettingError("AWS_REGION: not the name of a region, such as eu-central-1")
        }
        let hasDots = bucket.utf8.contains(0x2E)
        let server: String
        if let endpoint {
            (isSecure, server) = try Self.parse(endpoint)
        } else {
            isSecure = true
            server = "s3.\(region)." + RegionDomain.of(region)
        }
        profile = S3Profile.of(host: endpoint == nil ? nil : server)
        let scheme = isSecure ? "https://" : "http://"
        let isAmazonsVirtual = endpoint == nil && !hasDots
        publicBase = scheme + (isAmazonsVirtual ? "\(bucket).\(server)" : "\(server)/\(bucket)")
        let isVirtual = addressing == .virtual || addressing == .auto && isAmazonsVirtual
        if addressing == .virtual { try Self.judgeVirtual(bucket, server, isSecure: isSecure) }
        host = isVirtual ? "\(bucket).\(server)" : server
        origin = scheme + host
        pathPrefix = isVirtual ? "" : "/" + bucket
    }

    /// Whether the bucket can stand before the host, where the operator wants it to.
    private static func judgeVirtual(
        _ bucket: String, _ server: String, isSecure: Bool
    ) throws(StoreSettingError) {
        if isSecure, bucket.utf8.contains(0x2E) {
            throw StoreSettingError(
                "SLUICE_S3_ADDRESSING: no wildcard certificate covers a bucket with dots: use path, or auto")
        }
        // Host names have no case, and know no `_`.
        guard bucket.utf8.allSatisfy({ $0.isDigit || $0 == 0x2D || $0 == 0x2E || 0x61 ... 0x7A ~= $0 }) else {
            throw StoreSettingError(
                "SLUICE_S3_ADDRESSING: virtual wants a bucket of lower-case letters, digits, - and .")
        }
        let name = server.prefix { $0 != ":" }
        guard !server.hasPrefix("["), name.utf8.contains(where: { $0.isAlpha }) else {
            throw StoreSettingError("SLUICE_S3_ADDRESSING: a bucket cannot stand before an address, only before a name")
        }
    }

    /// The request path of `key`.
    package func path(key: String) -> String {
        pathPrefix + "/" + PercentCoding.encode(key, keepsSlash: true)
    }

    /// The request path of the bucket itself.
    package var bucketPath: String { pathPrefix.isEmpty ? "/" : pathPrefix }

    private static func isName(_ name: String, bytesMax: Int) -> Bool {
        let bytes = name.utf8
        guard !bytes.isEmpty, bytes.count <= bytesMax, name != ".", name != ".." else { return false }
        return bytes.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    private static func parse(_ endpoint: String) throws(StoreSettingError) -> (isSecure: Bool, host: String) {
        let lowered = endpoint.lowercased()
        let isSecure = lowered.hasPrefix("https://")
        guard isSecure || lowered.hasPrefix("http://") else {
            throw StoreSettingError("AWS_ENDPOINT_URL: wants http:// or https:// and a host")
        }
        var host = lowered.dropFirst(isSecure ? 8 : 7)
        if host.hasSuffix("/") { host = host.dropLast() }
        let ownPort = isSecure ? ":443" : ":80"
        if host.hasSuffix(ownPort) { host = host.dropLast(ownPort.utf8.count) }
        let isHost = host.utf8.allSatisfy {
            $0.isUnreserved || $0 == 0x3A || $0 == 0x5B || $0 == 0x5D
        }
        guard isHost, !host.isEmpty, !host.hasPrefix(":") else {
            throw StoreSettingError("AWS_ENDPOINT_URL: wants a scheme, a host and a port, nothing else")
        }
        return (isSecure, String(host))
    }
}

/// A setting that no store can be made with.
package struct StoreSettingError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
