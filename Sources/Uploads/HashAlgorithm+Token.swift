package import Crypto
package import Tokens

extension HashAlgorithm {
    /// The hash under a token's MAC (RFC 7518 § 3.2).
    package init(_ algorithm: TokenAlgorithm) {
        switch algorithm {
        case .hs256: self = .sha256
        case .hs384: self = .sha384
        case .hs512: self = .sha512
        }
    }
}
