/// SHA-256 over a message that comes in pieces. One object serves any number of messages, one after the other.
///
/// Not `Sendable`: a thread that hashes has its own.
package final class SHA256 {
    private let context = DigestContext(.sha256)

    package init() {}

    /// Takes the next bytes of the message.
    package func update(_ bytes: Span<UInt8>) { context.update(bytes) }

    /// The digest of the message; the next ``update(_:)`` begins another one.
    package func finish() -> Digest {
        let digest = context.finish()
        context.restart()
        return digest
    }

    /// Forgets the message so far.
    package func restart() { context.restart() }

    /// The digest of `bytes`, which must not come between the updates of another message.
    package func hash(_ bytes: Span<UInt8>) -> Digest {
        context.update(bytes)
        return finish()
    }

    /// The digest of `bytes`, with a context of its own: where this is done often, keep an object instead.
    package static func hash(_ bytes: Span<UInt8>) -> Digest { SHA256().hash(bytes) }
}
