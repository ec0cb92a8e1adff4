/// The limits of one upload, the same for all uploads of a running daemon.
package struct UploadPolicy: Sendable, Equatable {
    /// The cap: bytes of one file.
    package var uploadBytesMax: UInt64
    /// Bytes of a part; S3 wants at least 5 MiB for all parts but the last
    /// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
    package var partBytes: UInt64
    /// Body bytes at which the store is asked to open an upload although more are to come, so that a client that
    /// sends little costs no upload.
    package var openBytes: UInt64 = 64 * 1024
    /// Or this long after the magic number, when fewer bytes than that arrived.
    package var openDelayMilliseconds: Int64 = 200
    /// How objects are written.
    package var strategy = Strategy.multipart
    /// A PutObject of no more is sent in one go when `completing` is durable. Nothing is open at the store meanwhile,
    /// however slowly its bytes come.
    package var heldBytesMax: UInt64 = 64 * 1024
    /// The last bytes of a longer one, which the store does not get before `completing` is durable. It gets nothing at
    /// all while they come: 4 s at a body's least rate of 1,024 bytes a second, and S3 cuts an idle upload after about
    /// 20. One small block of the window, so that they never fill it.
    package var withheldBytes: UInt64 = 4 * 1024
    /// What one PutObject may carry (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
    package static let putBytesMax: UInt64 = 5 << 30

    /// How objects are written (`SLUICE_UPLOAD_STRATEGY`). A body whose length nobody declared is always written in
    /// parts: PutObject wants its length first.
    package enum Strategy: Sendable, Equatable {
        /// In parts, be it one.
        case multipart
        /// With one request.
        case put
        /// With one request what fits one part, in parts what does not.
        case auto
    }

    package init(uploadBytesMax: UInt64, partBytes: UInt64) {
        self.uploadBytesMax = uploadBytesMax
        self.partBytes = partBytes
    }

    /// Whether a body is written with one PutObject.
    package func puts(declaredBytes: UInt64?) -> Bool {
        guard let declaredBytes else { return false }
        return switch strategy {
        case .multipart: false
        case .put: declaredBytes <= Self.putBytesMax
        case .auto: declaredBytes <= partBytes
        }
    }

    /// How many bytes of a PutObject the store may have before `completing` is durable; none: it is asked only then.
    package func earlyBytes(ofPut length: UInt64) -> UInt64 {
        length > max(heldBytesMax, withheldBytes) ? length - withheldBytes : 0
    }

    /// Whether a body is written with one PutObject of which the store has nothing before `completing` is durable.
    package func holds(declaredBytes: UInt64?) -> Bool {
        guard let declaredBytes, puts(declaredBytes: declaredBytes) else { return false }
        return earlyBytes(ofPut: declaredBytes) == 0
    }

    /// Where the bytes of a body wait for the store.
    package func route(declaredBytes: UInt64?) -> BodyRoute {
        if puts(declaredBytes: declaredBytes) { return .window }
        guard let declaredBytes, declaredBytes <= partBytes else { return .spool }
        return .window
    }
}

/// Where the bytes of a body wait for the store.
package enum BodyRoute: Sendable, Equatable {
    /// In the memory window, straight into a request whose length is the declared one.
    case window
    /// In a spool file: the length of the next part is not known until the part is there.
    case spool
}
