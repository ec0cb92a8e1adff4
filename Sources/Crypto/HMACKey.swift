/// A key of HMAC (RFC 2104) with the two pads already hashed, so that a code costs two copies of a context and the
/// message's own blocks.
///
/// Not `Sendable`: the contexts are worked on in place, so a thread that signs or verifies has its own.
package final class HMACKey {
    package let algorithm: HashAlgorithm
    private let inner: DigestContext
    private let outer: DigestContext
    private let scratch: DigestContext

    /// A key of any length; one longer than a block is hashed first, as RFC 2104 § 3 has it.
    package init(algorithm: HashAlgorithm, key: Span<UInt8>) {
        self.algorithm = algorithm
        scratch = DigestContext(algorithm)
        if key.count > algorithm.blockBytes {
            scratch.update(key)
            let hashed = scratch.finish()
            inner = Self.context(algorithm, key: hashed.span, pad: 0x36)
            outer = Self.context(algorithm, key: hashed.span, pad: 0x5C)
        } else {
            inner = Self.context(algorithm, key: key, pad: 0x36)
            outer = Self.context(algorithm, key: key, pad: 0x5C)
        }
    }

    /// The code of `message`: `algorithm.digestBytes` bytes.
    package func code(for message: Span<UInt8>) -> Digest {
        scratch.resume(from: inner)
        scratch.update(message)
        let digest = scratch.finish()
        scratch.resume(from: outer)
        scratch.update(digest.span)
        return scratch.finish()
    }

    /// Whether `code` is the whole code of `message`, compared in constant time.
    package func accepts(_ code: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        ConstantTime.equal(self.code(for: message).span, code)
    }

    private static func context(_ algorithm: HashAlgorithm, key: Span<UInt8>, pad: UInt8) -> DigestContext {
        var block = InlineArray<128, UInt8>(repeating: pad)
        for index in key.indices { block[index] ^= key[index] }
        let context = DigestContext(algorithm)
        context.update(block.span.extracting(first: algorithm.blockBytes))
        return context
    }
}
