internal import Bytes

/// The path's line of the canonical request.
package enum CanonicalPath {
    /// Appends the canonical form of `path`, the text on the request line without its query.
    package static func append(_ path: Span<UInt8>, rules: SigningRules, to output: inout [UInt8]) {
        guard !path.isEmpty else { return output.append(0x2F) }
        switch (rules.normalisesPath, rules.encodesPathAgain) {
        case (false, false):
            output.append(contentsOf: path)
        case (false, true):
            PercentCoding.append(path, keepsSlash: true, to: &output)
        case (true, false):
            appendNormalised(path, to: &output)
        case (true, true):
            var normalised: [UInt8] = []
            appendNormalised(path, to: &normalised)
            PercentCoding.append(normalised.span, keepsSlash: true, to: &output)
        }
    }

    /// Appends `path` without empty and `.` segments, each `..` taking the segment before it away (RFC 3986
    /// § 5.2.4, with repeated slashes folded); a slash at the end stays.
    private static func appendNormalised(_ path: Span<UInt8>, to output: inout [UInt8]) {
        let base = output.count
        var start = 0
        var endsWithSlash = false
        while start <= path.count {
            var end = start
            while end < path.count, path[end] != 0x2F { end += 1 }
            let segment = path.extracting(start ..< end)
            endsWithSlash = true
            if segment.equals("..") {
                while output.count > base, let last = output.popLast(), last != 0x2F {}
            } else if !segment.isEmpty, !segment.equals(".") {
                output.append(0x2F)
                output.append(contentsOf: segment)
                endsWithSlash = false
            }
            start = end + 1
        }
        if endsWithSlash { output.append(0x2F) }
    }
}
