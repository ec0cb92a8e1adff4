internal import Bytes

/// The result of a hash or a MAC: 32, 48 or 64 bytes, held inline.
package struct Digest: Sendable {
    private var storage: InlineArray<64, UInt8>

    /// Length in bytes.
    package let count: Int

    /// The digest that `fill` writes into the first `algorithm.digestBytes` of 64 bytes.
    init(_ algorithm: HashAlgorithm, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        storage = InlineArray(repeating: 0)
        count = algorithm.digestBytes
        var bytes = storage.mutableSpan
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe fill(base) }
        }
    }

    /// The bytes, for as long as the digest lives.
    package var span: Span<UInt8> {
        @_lifetime(borrow self) get { storage.span.extracting(first: count) }
    }

    /// The bytes as an array.
    package var bytes: [UInt8] { span.copied() }

    /// The bytes as lower-case hexadecimal text.
    package var hex: String { Hex.lower(span) }
}

extension Digest: Equatable {
    /// In constant time, since one of the two may be a MAC that somebody guesses at.
    package static func == (left: Digest, right: Digest) -> Bool {
        ConstantTime.equal(left.span, right.span)
    }
}
