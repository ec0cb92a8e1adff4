internal import Bytes

/// Where the bucket is, as far as is known: what the settings say, until the store says otherwise.
///
/// Of an answer only the region's name is taken, and the host is made from it as it would have been from the setting:
/// whoever answers can send neither requests nor signatures to a host of its own choice.
package struct S3Location: Equatable, Sendable {
    private let bucket: String
    /// A host that the settings name: it stays, whatever the region. nil: Amazon's own.
    private let customEndpoint: String?
    private let addressing: S3Addressing
    package private(set) var endpoint: S3Endpoint
    package private(set) var region: String
    /// When requests were last sent elsewhere, in milliseconds of a monotonic clock.
    private var movedAt: Int64?

    /// A bucket that has moved stays where it is for longer than this (Amazon's own takes an hour to give a name away).
    /// Whoever names yet another region before sends us about, and each word of it would cost a request, a key to sign
    /// with and a line in the log.
    package static let stayMilliseconds: Int64 = 60_000

    package init(
        bucket: String, region: String, endpoint: String?, addressing: S3Addressing = .auto
    ) throws(StoreSettingError) {
        self.bucket = bucket
        self.region = region
        customEndpoint = endpoint
        self.addressing = addressing
        self.endpoint = try S3Endpoint(bucket: bucket, region: region, endpoint: endpoint, addressing: addressing)
    }

    /// Requests go to `region` from now on, and are signed for it.
    ///
    /// - Parameters:
    ///   - region: as the store wrote it.
    ///   - now: milliseconds of a monotonic clock.
    /// - Returns: false for what is no region's name, and for another region soon after a move; nothing changes then.
    package mutating func move(to region: String, now: Int64) -> Bool {
        if let movedAt, now - movedAt < Self.stayMilliseconds { return false }
        // "us-east-1" and such; the old answer for it is "EU", "US" or nothing.
        let bytes = region.utf8
        guard bytes.count >= 2, bytes.count <= 32, bytes.first != 0x2D, bytes.last != 0x2D,
            bytes.allSatisfy({ $0.isDigit || $0 == 0x2D || (0x61...0x7A).contains($0) }),
            let moved = try? S3Endpoint(
                bucket: bucket, region: region, endpoint: customEndpoint, addressing: addressing)
        else { return false }
        endpoint = moved
        self.region = region
        movedAt = now
        return true
    }
}
