internal import Bytes
package import Images

/// The key of an uploaded image in the store: `users/{sub}/images/{milliseconds}-{uuid}.{jpeg|png|gif}`.
package struct ObjectKey: Equatable, Sendable {
    package let text: String
    /// The time that stands in it, which is also the record's time of creation.
    package let milliseconds: Int64

    /// - Parameters:
    ///   - subject: the token's `sub`, already known to be one safe path segment.
    ///   - milliseconds: since the epoch, at the time of the request.
    ///   - uuid: 36 bytes of text, random, which makes keys of the same millisecond differ and unguessable.
    package init(subject: String, milliseconds: Int64, uuid: String, type: ImageType) {
        self.milliseconds = milliseconds
        text = "users/\(subject)/images/\(milliseconds)-\(uuid).\(type.fileExtension)"
    }

    init(text: String, milliseconds: Int64) {
        self.text = text
        self.milliseconds = milliseconds
    }

    /// The part after the last slash: the file name of an upload that brought none.
    package var lastSegment: String { Self.lastSegment(of: text) }

    /// The same of a key as the record has it.
    static func lastSegment(of text: String) -> String {
        let bytes = text.utf8Span.span
        var start = bytes.count
        while start > 0, bytes[start - 1] != 0x2F { start -= 1 }
        // What follows an ASCII character is well-formed wherever the whole is.
        return start == 0 ? text : bytes.extracting(droppingFirst: start).repairedText()
    }
}
