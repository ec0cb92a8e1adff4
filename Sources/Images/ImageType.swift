internal import Bytes

/// The kinds of image that are taken.
package enum ImageType: Sendable, CaseIterable {
    case jpeg, png, gif

    /// The media type (RFC 9110 § 8.3.1), lower case, without parameters.
    package var mediaType: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        case .gif: "image/gif"
        }
    }

    /// What the object key ends in.
    package var fileExtension: String {
        switch self {
        case .jpeg: "jpeg"
        case .png: "png"
        case .gif: "gif"
        }
    }

    /// The type that a `Content-Type` value names, in letters of either case, its parameters ignored; nil for every
    /// other value, a list included.
    package init?(contentType value: Span<UInt8>) {
        var start = 0
        var end = 0
        while end < value.count, value[end] != 0x3B { end += 1 }
        while start < end, value[start].isOptionalWhitespace { start += 1 }
        while end > start, value[end - 1].isOptionalWhitespace { end -= 1 }
        let name = value.extracting(start ..< end)
        for type in Self.allCases where name.equalsIgnoringCase(type.mediaType) {
            self = type
            return
        }
        return nil
    }
}
