/// The signatures that are accepted: HMAC with SHA-2 (RFC 7518 § 3.2). `none` and every public-key algorithm have no
/// case, so that no token can ask for them.
package enum TokenAlgorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    /// Length of the signature in bytes.
    package var macBytes: Int {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        }
    }

    /// The algorithm with this `alg`, which is case-sensitive (RFC 7515 § 4.1.1).
    init?(named name: String) {
        // Not `init(rawValue:)`: string equality would take other characters for the same.
        for algorithm in Self.allCases where algorithm.rawValue.utf8.elementsEqual(name.utf8) {
            self = algorithm
            return
        }
        return nil
    }
}
