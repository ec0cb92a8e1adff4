internal import Crypto
internal import Linux

/// What a cache does not know by itself; tests pass their own.
package struct SecretCacheSources {
    /// Milliseconds since the epoch, for signatures.
    package var wallMilliseconds: () -> Int64 = { Clock.wallMilliseconds() }

    /// For jitter.
    package var random: () -> UInt64 = { SecureRandom.uint64() }

    package init() {}
}
