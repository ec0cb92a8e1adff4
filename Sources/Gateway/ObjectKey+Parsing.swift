internal import Bytes
internal import Images
internal import Tokens

extension ObjectKey {
    /// Longer than any key of ours in which every byte of the `sub` is percent-encoded.
    private static let encodedBytesMax = 1_024

    /// Whether a key of the store is written exactly as ours are. The subject may be any that was ever safe as one
    /// segment.
    package static func matches(_ text: String) -> Bool {
        ObjectKey(text.utf8Span.span) { $0.validatedText() } != nil
    }

    /// Reads a key as it stands in a URL's path; nil for everything that is not of the pattern of our own keys.
    ///
    /// The four segments are told apart before anything is decoded, so that no `%2F` makes or hides one, and only the
    /// `sub` may hold percent-encoded bytes, since nothing else of a key needs them.
    init?(percentEncoded path: Span<UInt8>) {
        guard path.count <= Self.encodedBytesMax else { return nil }
        self.init(path, decodingSubject: Self.decoded)
    }

    private init?(_ path: Span<UInt8>, decodingSubject decode: (Span<UInt8>) -> String?) {
        let users = "users/"
        let images = "/images/"
        guard path.hasPrefix(users.utf8Span.span) else { return nil }
        let behind = path.extracting(droppingFirst: users.utf8.count)
        var slash = 0
        while slash < behind.count, behind[slash] != 0x2F { slash += 1 }
        let tail = behind.extracting(droppingFirst: slash)
        guard tail.hasPrefix(images.utf8Span.span), let subject = decode(behind.extracting(0 ..< slash)),
            PathSegment.isSafe(subject)
        else { return nil }
        let name = tail.extracting(droppingFirst: images.utf8.count)
        guard let milliseconds = Self.milliseconds(ofName: name) else { return nil }
        self.init(text: users + subject + images + name.repairedText(), milliseconds: milliseconds)
    }

    private static func decoded(_ segment: Span<UInt8>) -> String? {
        for index in segment.indices where !segment[index].isPathByte { return nil }
        guard let bytes = PercentCoding.decode(segment) else { return nil }
        return bytes.span.validatedText()
    }

    /// The time in `{milliseconds}-{uuid v4}.{extension}`, in lower case; nil where a name is not of that form.
    private static func milliseconds(ofName name: Span<UInt8>) -> Int64? {
        let uuidBytes = 36
        var dash = 0
        while dash < name.count, name[dash].isDigit { dash += 1 }
        guard dash > 0, dash == 1 || name[0] != 0x30, name.count > dash + 1 + uuidBytes, name[dash] == 0x2D,
            let value = Decimal.parse(name.extracting(0 ..< dash)), let milliseconds = Int64(exactly: value)
        else { return nil }
        let uuid = name.extracting(dash + 1 ..< dash + 1 + uuidBytes)
        guard UUIDText.isUUID(uuid), uuid[14] == 0x34, uuid[19].hexValue.map({ $0 >> 2 == 0b10 }) == true
        else { return nil }
        // Ours are written in lower case, and keys are compared byte by byte.
        for index in uuid.indices where uuid[index] != uuid[index].asciiLowercased { return nil }
        let ending = name.extracting(droppingFirst: dash + 1 + uuidBytes)
        for type in ImageType.allCases where ending.equals("." + type.fileExtension) { return milliseconds }
        return nil
    }
}

extension UInt8 {
    /// A byte of `pchar` or of a `pct-encoded` (RFC 3986 § 3.3): what a path's segment is made of.
    fileprivate var isPathByte: Bool {
        if isUnreserved { return true }
        return switch self {
        // sub-delims, ":", "@" and the percent sign.
        case 0x21, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x3B, 0x3D, 0x3A, 0x40: true
        default: false
        }
    }
}
