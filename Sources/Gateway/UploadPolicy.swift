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

    package init(uploadBytesMax: UInt64, partBytes: UInt64) {
        self.uploadBytesMax = uploadBytesMax
        self.partBytes = partBytes
    }

    /// Where the bytes of a body wait for the store.
    package func route(declaredBytes: UInt64?) -> BodyRoute {
        guard let declaredBytes, declaredBytes <= partBytes else { return .spool }
        return .window
    }
}

/// Where the bytes of a body wait for the store.
package enum BodyRoute: Sendable, Equatable {
    /// In the memory window, straight into a part whose length is the declared one.
    case window
    /// In a spool file: the length of the next part is not known until the part is there.
    case spool
}
