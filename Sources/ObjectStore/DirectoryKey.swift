/// Keys as paths below a directory.
package enum DirectoryKey {
    /// A file name's bound in Linux (NAME_MAX).
    private static let segmentBytesMax = 255
    private static let keyBytesMax = 1_024

    /// Whether the key, appended to a directory, names a file below it and nothing else: segments that are neither
    /// empty nor `.` nor `..`, and no NUL.
    package static func isSafe(_ key: String) -> Bool {
        guard key.utf8.count <= keyBytesMax else { return false }
        for segment in key.utf8.split(separator: 0x2F, omittingEmptySubsequences: false) {
            guard !segment.isEmpty, segment.count <= segmentBytesMax, !segment.contains(0) else { return false }
            if segment.allSatisfy({ $0 == 0x2E }), segment.count <= 2 { return false }
        }
        return true
    }
}
