/// Text that may stand as one segment of an object key and of a file path.
package enum PathSegment {
    /// Bytes of a segment. File names end at 255, and a key of S3 at 1,024 with everything else in it.
    package static let bytesMax = 128

    /// Whether `text` is not empty, not over 128 bytes, and neither leaves its place (`/`, `\`, nothing but dots) nor
    /// breaks a line or a header (control characters: C0, DEL, C1, line and paragraph separator).
    package static func isSafe(_ text: String) -> Bool {
        let count = text.utf8.count
        guard count > 0, count <= bytesMax else { return false }
        var onlyDots = true
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00 ... 0x1F, 0x7F ... 0x9F, 0x2F, 0x5C, 0x2028, 0x2029: return false
            case 0x2E: break
            default: onlyDots = false
            }
        }
        return !onlyDots
    }
}
