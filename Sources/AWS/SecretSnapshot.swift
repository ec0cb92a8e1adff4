package import Tokens

/// The secrets that tokens are checked with now. Workers hold one and are given another when it changes.
package struct SecretSnapshot: Sendable, Equatable {
    /// What tokens are signed with.
    package let current: TokenSecret

    /// What they were signed with before the last rotation.
    package let previous: TokenSecret?

    /// Moment on the monotonic clock, in milliseconds, from which `previous` is not accepted any more.
    package let previousUntil: Int64

    /// Grows with each change, so that a worker knows when to prepare its keys anew.
    package let generation: UInt64

    package init(
        current: TokenSecret, previous: TokenSecret? = nil, previousUntil: Int64 = 0, generation: UInt64
    ) {
        self.current = current
        self.previous = previous
        self.previousUntil = previousUntil
        self.generation = generation
    }

    /// A secret that never changes (`JWT_SECRET`): its bytes as they are.
    package static func fixed(_ bytes: [UInt8]) throws(TokenSecretFlaw) -> SecretSnapshot {
        SecretSnapshot(current: try TokenSecret(bytes), generation: 1)
    }

    /// A secret out of a file (`JWT_SECRET_FILE`, a systemd credential): one newline at the end, LF or CRLF, is the
    /// editor's and not the secret's.
    package static func fixed(fileContent: [UInt8]) throws(TokenSecretFlaw) -> SecretSnapshot {
        var bytes = fileContent
        if bytes.last == 0x0A {
            bytes.removeLast()
            if bytes.last == 0x0D { bytes.removeLast() }
        }
        return try fixed(bytes)
    }
}

extension SecretSnapshot: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "SecretSnapshot(generation \(generation), redacted\(previous == nil ? "" : ", previous redacted"))"
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["generation": generation]) }
}
