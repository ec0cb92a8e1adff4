internal import Bytes

/// A request target taken apart (RFC 9112 § 3.2). Offsets count from the target's first byte.
struct RequestTarget {
    let path: Range<Int>
    let query: Range<Int>?
    /// The authority of absolute-form: it must agree with Host.
    let authority: Range<Int>?
    /// Whether absolute-form said `https`.
    let isSecure: Bool

    /// nil when the target has none of the four forms, or not one that the method may have.
    init?(_ target: Span<UInt8>, method: RequestMethod) {
        guard !target.isEmpty else { return nil }
        if method == .connect {
            // authority-form: the port is not optional. It names another server, so Host need not agree with it.
            guard let authority = Authority(target), authority.port != nil else { return nil }
            self.init(path: 0 ..< 0, query: nil, authority: nil, isSecure: false)
        } else if target[0] == UInt8(ascii: "/") {
            guard let query = Self.query(target, from: 0) else { return nil }
            self.init(path: 0 ..< query.pathEnd, query: query.range, authority: nil, isSecure: false)
        } else if target.count == 1, target[0] == UInt8(ascii: "*") {
            guard method == .options else { return nil }
            self.init(path: 0 ..< 1, query: nil, authority: nil, isSecure: false)
        } else {
            self.init(absolute: target)
        }
    }

    private init(path: Range<Int>, query: Range<Int>?, authority: Range<Int>?, isSecure: Bool) {
        self.path = path
        self.query = query
        self.authority = authority
        self.isSecure = isSecure
    }

    private init?(absolute target: Span<UInt8>) {
        let isSecure = target.count > 8 && target.extracting(0 ..< 8).equalsIgnoringCase("https://")
        let start = isSecure ? 8 : 7
        guard isSecure || target.count > 7 && target.extracting(0 ..< 7).equalsIgnoringCase("http://")
        else { return nil }
        var end = start
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") { end += 1 }
        guard Authority(target.extracting(start ..< end)) != nil, let query = Self.query(target, from: end)
        else { return nil }
        // An empty path means `/` (RFC 9110 § 4.2.3); the scheme's last slash is a byte to point at.
        let path = query.pathEnd == end ? start - 1 ..< start : end ..< query.pathEnd
        self.init(path: path, query: query.range, authority: start ..< end, isSecure: isSecure)
    }

    /// Checks path and query from `start` on and finds where the query begins; nil at a byte that has no place there.
    private static func query(_ target: Span<UInt8>, from start: Int) -> (pathEnd: Int, range: Range<Int>?)? {
        var mark: Int?
        var index = start
        while index < target.count {
            let byte = target[index]
            if byte.isPathOrQueryByte {
                if byte == UInt8(ascii: "?"), mark == nil { mark = index }
                index += 1
            } else {
                guard byte == UInt8(ascii: "%"), target.count - index >= 3, target[index + 1].hexValue != nil,
                    target[index + 2].hexValue != nil
                else { return nil }
                index += 3
            }
        }
        guard let mark else { return (target.count, nil) }
        return (mark, mark + 1 ..< target.count)
    }
}

extension UInt8 {
    /// `pchar` without percent-encodings, `/` or `?` (RFC 3986 § 3.3, § 3.4).
    fileprivate var isPathOrQueryByte: Bool {
        guard self < 128 else { return false }
        let members: UInt64 = self < 64 ? 0xAFFF_FFD2_0000_0000 : 0x47FF_FFFE_87FF_FFFF
        return (members >> UInt64(self & 63)) & 1 == 1
    }
}
