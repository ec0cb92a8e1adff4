internal import Bytes

/// The `sub` of a guest: `guest-{uuid}`.
package enum GuestSubject {
    private static let prefix = "guest-"

    /// `guest-` and the UUID's text.
    package static func make(uuid: String) -> String { prefix + uuid }

    package static func isGuest(_ subject: String) -> Bool {
        let bytes = subject.utf8Span.span
        let prefix = prefix.utf8Span.span
        return bytes.hasPrefix(prefix) && UUIDText.isUUID(bytes.extracting(droppingFirst: prefix.count))
    }
}
