internal import Bytes

/// The secret that Sluice shares with whoever issues tokens: the very bytes, never decoded, never trimmed.
///
/// There is no value for a secret that would let others make tokens, so whoever holds one has had it checked.
package struct TokenSecret: Equatable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) throws(TokenSecretFlaw) {
        guard !bytes.isEmpty else { throw .empty }
        var start = 0
        while start < bytes.count, bytes[start] <= 0x20 { start += 1 }
        let isPEM = bytes.span.extracting(droppingFirst: start).hasPrefix("-----BEGIN ".utf8Span.span)
        guard !isPEM else { throw .key }
        self.bytes = bytes
    }
}

extension TokenSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing of the secret, so that no log and no message shows it by accident.
    package var description: String { "[redacted]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
