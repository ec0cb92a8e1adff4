internal import COpenSSL

/// A member of SHA-2 (FIPS 180-4).
package enum HashAlgorithm: Sendable, CaseIterable {
    case sha256, sha384, sha512

    /// Length of a digest, and of a MAC made with it, in bytes.
    package var digestBytes: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// Length of the blocks that the function compresses, in bytes: the width of HMAC's pads (RFC 2104 § 2).
    package var blockBytes: Int {
        switch self {
        case .sha256: 64
        case .sha384, .sha512: 128
        }
    }

    /// The name that libcrypto's providers know it by.
    var fetchName: String {
        switch self {
        case .sha256: "SHA2-256"
        case .sha384: "SHA2-384"
        case .sha512: "SHA2-512"
        }
    }

    /// libcrypto's implementation, looked up once in the life of the process.
    var fetched: FetchedDigest {
        switch self {
        case .sha256: FetchedDigest.sha256
        case .sha384: FetchedDigest.sha384
        case .sha512: FetchedDigest.sha512
        }
    }
}

/// An `EVP_MD` that was fetched ahead of its use: an `EVP_sha256()` would be looked up in the provider again at every
/// `EVP_DigestInit_ex` (https://docs.openssl.org/3.0/man7/crypto/, "Performance").
///
/// Invariant: the pointer is a live, immutable `EVP_MD` that is never freed.
@safe struct FetchedDigest: @unchecked Sendable {  // An `EVP_MD` never changes once fetched; its count is atomic.
    let pointer: OpaquePointer

    private init(_ algorithm: HashAlgorithm) {
        guard let pointer = unsafe EVP_MD_fetch(nil, algorithm.fetchName, nil) else {
            Libcrypto.fail("EVP_MD_fetch")
        }
        unsafe self.pointer = pointer
    }

    static let sha256 = FetchedDigest(.sha256)
    static let sha384 = FetchedDigest(.sha384)
    static let sha512 = FetchedDigest(.sha512)
}
