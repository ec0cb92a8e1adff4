internal import Bytes
package import Images
internal import Tokens

/// The key of an uploaded image in the store: `users/{sub}/images/{milliseconds}-{uuid}.{jpeg|png|gif}`.
package struct ObjectKey: Equatable, Sendable {
    package let text: String

    /// - Parameters:
    ///   - subject: the token's `sub`, already known to be one safe path segment.
    ///   - milliseconds: since the epoch, at the time of the request.
    ///   - uuid: 36 bytes of text, random, which makes keys of the same millisecond differ and unguessable.
    package init(subject: String, milliseconds: Int64, uuid: String, type: ImageType) {
        text = "users/\(subject)/images/\(milliseconds)-\(uuid).\(type.fileExtension)"
    }

    /// Whether a key is written exactly as ours are. The subject may be any that was ever safe as one segment.
    package static func matches(_ text: String) -> Bool {
        let segments = text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard segments.count == 4, segments[0].elementsEqual("users".utf8), segments[2].elementsEqual("images".utf8),
            let subject = String(segments[1]), PathSegment.isSafe(subject)
        else { return false }
        return isName([UInt8](segments[3]))
    }

    /// `{milliseconds}-{uuid v4}.{extension}`, in lower case.
    private static func isName(_ name: [UInt8]) -> Bool {
        guard let hyphen = name.firstIndex(of: 0x2D), (1 ... 19).contains(hyphen), name.count > hyphen + 38,
            name[..<hyphen].allSatisfy({ (0x30 ... 0x39).contains($0) }), name[hyphen + 37] == 0x2E
        else { return false }
        let uuid = Array(name[hyphen + 1 ..< hyphen + 37])
        guard UUIDText.isUUID(uuid.span), uuid[14] == 0x34, "89ab".utf8.contains(uuid[19]),
            !uuid.contains(where: { (0x41 ... 0x5A).contains($0) })
        else { return false }
        let ending = name[(hyphen + 38)...]
        return ImageType.allCases.contains { ending.elementsEqual($0.fileExtension.utf8) }
    }

    /// The part after the last slash: the file name of an upload that brought none.
    package var lastSegment: String {
        let slash = text.utf8.lastIndex(of: 0x2F)
        return slash.map { String(text[text.utf8.index(after: $0)...]) } ?? text
    }

    /// The key as it stands in a URL's path.
    package var percentEncoded: String { PercentCoding.encode(text, keepsSlash: true) }
}
