internal import Bytes
internal import FuzzBasics
internal import FuzzPlain
internal import HTTPWire

/// What a head that has the right shape says, judged over characters and places.
struct TableVerdict: Equatable {
    let method: Range<Int>
    let target: Range<Int>
    let path: String
    let query: String?
    let minorVersion: Int
    let fields: [TableHead.Field]
    let framing: BodyFraming
    let keepsAlive: Bool
    let expectsContinue: Bool
    let headBytes: Int

    /// Nil where the head is refused.
    init?(_ head: TableHead, _ limits: WireLimits) {
        let lineBytes = head.method.count + head.target.count + head.version.count + 2
        guard head.headBytes <= limits.headBytesMax, lineBytes <= limits.requestLineBytesMax,
            head.method.count <= limits.methodBytesMax, head.fields.count <= limits.fieldsMax,
            head.emptyLines <= limits.emptyLinesMax
        else { return nil }
        switch PlainBytes.text(head.bytes[head.version]) {
        case "HTTP/1.1": minorVersion = 1
        case "HTTP/1.0": minorVersion = 0
        default: return nil
        }
        let isCurrent = minorVersion == 1
        (method, target, fields, headBytes) = (head.method, head.target, head.fields, head.headBytes)
        guard
            let parts = PlainTarget(
                PlainBytes.text(head.bytes[target]), method: PlainBytes.text(head.bytes[method]))
        else { return nil }
        path = parts.path
        query = parts.query
        let hosts = head.values("host").map { PlainBytes.text($0) }
        guard hosts.count == 1 || hosts.isEmpty && !isCurrent, hosts.allSatisfy(PlainAuthority.isRight)
        else { return nil }
        if let authority = parts.authority, let host = hosts.first {
            guard PlainTarget.isSame(authority, host, usualPort: parts.isSecure ? 443 : 80) else { return nil }
        }
        let (lengths, codings) = (head.values("content-length"), head.values("transfer-encoding"))
        guard lengths.count + codings.count <= 1 else { return nil }
        var framing = BodyFraming.none
        if let length = lengths.first {
            guard !length.isEmpty, length.allSatisfy({ (0x30 ... 0x39).contains($0) }),
                let value = UInt64("0" + PlainBytes.text(length.drop { $0 == 0x30 })), value <= limits.bodyBytesMax
            else { return nil }
            framing = .length(value)
        } else if let coding = codings.first {
            guard PlainLetters.isSame(coding, "chunked"), isCurrent else { return nil }
            framing = .chunked
        }
        self.framing = framing
        func has(_ option: String, in name: String) -> Bool {
            head.values(name).contains { value in
                value.split(separator: 0x2C).contains { PlainLetters.isSame(PlainLetters.trimmed($0), option) }
            }
        }
        keepsAlive = !has("close", in: "connection") && (isCurrent || has("keep-alive", in: "connection"))
        let hasBody = framing != .none && framing != .length(0)
        expectsContinue = isCurrent && hasBody && has("100-continue", in: "expect")
    }

    /// What the parser found, in the same words.
    init(_ head: RequestHead, of bytes: Span<UInt8>) {
        func text(_ slice: ByteSlice) -> String { PlainBytes.text(slice.bytes(in: bytes).copied()) }
        method = head.methodName.range
        target = head.target.range
        path = text(head.path)
        query = head.query.map { text($0) }
        minorVersion = Int(head.minorVersion)
        fields = head.fields.map {
            TableHead.Field(name: $0.name.range, value: $0.value.isEmpty ? 0 ..< 0 : $0.value.range)
        }
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        headBytes = head.headBytes
    }
}

/// A target taken apart by what it begins with (RFC 9112 § 3.2).
struct PlainTarget {
    var path = ""
    var query: String?
    var authority: String?
    var isSecure = false

    init?(_ target: String, method: String) {
        if method == "CONNECT" {
            guard PlainAuthority.isRight(target), let port = Self.port(target), !port.isEmpty else { return nil }
            return
        }
        var rest = target
        if target == "*" {
            guard method == "OPTIONS" else { return nil }
            path = "*"
            return
        }
        if !target.hasPrefix("/") {
            guard let scheme = ["http://", "https://"].first(where: { target.lowercased().hasPrefix($0) })
            else { return nil }
            isSecure = scheme == "https://"
            let named = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            guard PlainAuthority.isRight(String(named)) else { return nil }
            authority = String(named)
            rest = String(target.dropFirst(scheme.count + named.count))
        }
        guard Self.isRight(rest) else { return nil }
        let before = rest.prefix { $0 != "?" }
        path = before.isEmpty ? "/" : String(before)
        query = before.count < rest.count ? String(rest.dropFirst(before.count + 1)) : nil
    }

    private static func isRight(_ text: String) -> Bool {
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(PlainLetters.isHexDigit) else { return false }
                rest = rest.dropFirst(2)
            } else {
                guard PlainBytes.isTarget(byte) else { return false }
            }
        }
        return true
    }

    /// What follows the colon behind the host; nil without one.
    private static func port(_ authority: String) -> String? {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return nil }
        return String(authority[authority.index(after: colon)...])
    }

    static func isSame(_ left: String, _ right: String, usualPort: UInt64) -> Bool {
        let sides = [left, right].map { side -> (host: String, port: UInt64) in
            guard let port = port(side) else { return (side.lowercased(), usualPort) }
            return (side.dropLast(port.utf8.count + 1).lowercased(), UInt64("0" + port.suffix(19)) ?? 0)
        }
        func number(_ index: Int) -> UInt64 {
            port([left, right][index]).map(\.isEmpty) == true ? usualPort : sides[index].port
        }
        return sides[0].host == sides[1].host && number(0) == number(1)
    }
}
