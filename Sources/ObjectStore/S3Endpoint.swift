internal import Bytes

/// Where a bucket is: the part of its URLs before the key.
package struct S3Endpoint: Equatable, Sendable {
    package let isSecure: Bool
    /// `Host` as it is sent and signed, with the port where it is not the scheme's own.
    package let host: String
    /// `/bucket` in path style, else empty.
    package let pathPrefix: String
    /// Whether this is Amazon's own.
    package let isAmazon: Bool

    /// `scheme://host`.
    package var origin: String { (isSecure ? "https://" : "http://") + host }

    /// Path style for custom endpoints and for buckets with dots (whose names a wildcard certificate does not cover),
    /// virtual-host style else.
    ///
    /// - Parameter endpoint: `http://host:port` or `https://host`, nil for Amazon's own.
    package init(bucket: String, region: String, endpoint: String?) throws(StoreSettingError) {
        guard Self.isName(bucket, bytesMax: 255) else {
            throw StoreSettingError("S3_BUCKET: not the name of a bucket: letters, digits, `.`, `_` and `-`")
        }
        guard Self.isName(region, bytesMax: 64) else {
            throw StoreSettingError("AWS_REGION: not the name of a region, such as eu-central-1")
        }
        guard let endpoint else {
            isSecure = true
            isAmazon = true
            let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            let hasDots = bucket.utf8.contains(0x2E)
            host = hasDots ? "s3.\(region).\(suffix)" : "\(bucket).s3.\(region).\(suffix)"
            pathPrefix = hasDots ? "/" + bucket : ""
            return
        }
        (isSecure, host) = try Self.parse(endpoint)
        isAmazon = host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
        pathPrefix = "/" + bucket
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
