/// How an S3 store is reached and spoken to.
package struct S3Configuration: Sendable {
    /// Where the settings say that the bucket is.
    package let location: S3Location
    package var payload: S3Payload
    /// What stands before the key in `imageUrl`, without a slash at its end; nil: the endpoint's own.
    package var publicBaseURL: String?
    package var endpoint: S3Endpoint { location.endpoint }
    package var retry = S3RetryLimits()
    package var breaker = StoreBreakerLimits()
    package var connectMilliseconds = 5_000
    /// For the answer to everything but parts and Complete.
    package var controlMilliseconds = 15_000
    /// Complete may take S3 long: it sends white space meanwhile.
    package var completeMilliseconds = 60_000
    /// A part whose bytes the store does not take, or does not answer, for so long is given up. Time in which the part
    /// waits for its own source does not count.
    package var partStallMilliseconds: Int64 = 30_000

    package init(
        bucket: String, region: String, endpoint: String? = nil, payload: S3Payload = .auto,
        publicBaseURL: String? = nil
    ) throws(StoreSettingError) {
        location = try S3Location(bucket: bucket, region: region, endpoint: endpoint)
        self.payload = payload
        self.publicBaseURL = publicBaseURL
    }

    /// What stands before the percent-encoded key in `imageUrl`, ending in `/`.
    package var publicBase: String { (publicBaseURL ?? endpoint.origin + endpoint.pathPrefix) + "/" }

    /// Whether parts are aws-chunked with a signature for each chunk. `auto`: what no TLS protects is signed.
    var signsParts: Bool {
        switch payload {
        case .auto: !endpoint.isSecure
        case .unsigned: false
        case .signed: true
        }
    }
}

/// How the payload of a part is signed (`SLUICE_S3_PAYLOAD`).
package enum S3Payload: String, Sendable {
    case auto
    /// `UNSIGNED-PAYLOAD`: TLS protects it, or the network is trusted.
    case unsigned
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: costs a CPU second per GiB.
    case signed
}
