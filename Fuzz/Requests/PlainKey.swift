internal import FuzzBasics
internal import FuzzPlain
internal import Gateway

/// Keys and URLs, taken apart at their slashes.
enum PlainKey {
    static func base(_ publicURL: PublicURL, _ scheme: String, _ host: String) -> String {
        switch publicURL {
        case .base(let base): base
        case .ofRequest: scheme + "://" + host + "/objects/"
        }
    }

    static func url(of key: String, _ publicURL: PublicURL, _ scheme: String, _ host: String) -> String {
        var text = base(publicURL, scheme, host)
        for byte in key.utf8 {
            let isPlain = PlainBytes.isAlphanumeric(byte) || "-._~/".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            text += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
        return text
    }

    /// The key that a URL names, with the time in it; nil for everything that is none of ours.
    static func key(of url: [UInt8], base: String) -> (text: String, milliseconds: Int64)? {
        let front = Array(base.utf8)
        guard url.starts(with: front), url.count - front.count <= 1_024 else { return nil }
        let segments = url[front.count...].split(separator: 0x2F, omittingEmptySubsequences: false)
        guard segments.count == 4 else { return nil }
        let isPath = segments[1].allSatisfy { PlainBytes.isAlphanumeric($0) || "-._~!$&'()*+,;=:@%".utf8.contains($0) }
        guard isPath, let subject = PlainBytes.percentDecoded(segments[1]) else { return nil }
        let text = Array("users/".utf8) + subject + Array("/images/".utf8) + Array(segments[3])
        guard Array(segments[0]) == Array("users".utf8), Array(segments[2]) == Array("images".utf8),
            !subject.contains(0x2F), let milliseconds = isKey(text)
        else { return nil }
        return (String(decoding: text, as: UTF8.self), milliseconds)
    }

    /// The time of a key of ours; nil where it is none.
    static func isKey(_ key: [UInt8]) -> Int64? {
        let segments = key.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard segments.count == 4, Array(segments[0]) == Array("users".utf8),
            Array(segments[2]) == Array("images".utf8),
            let subject = String(validating: segments[1], as: UTF8.self), PlainSegment.isSafe(subject)
        else { return nil }
        let name = String(decoding: segments[3], as: UTF8.self)
        guard let dash = name.firstIndex(of: "-"), name.unicodeScalars.allSatisfy(\.isASCII) else { return nil }
        let digits = Array(name[..<dash].utf8)
        let ending = String(name[name.index(after: dash)...].dropFirst(36))
        let uuid = Array(name[name.index(after: dash)...].prefix(36).utf8)
        guard !digits.isEmpty, digits.count == 1 || digits[0] != 0x30,
            digits.allSatisfy({ (0x30 ... 0x39).contains($0) }), [".jpeg", ".png", ".gif"].contains(ending),
            uuid.count == 36
        else { return nil }
        for (index, byte) in uuid.enumerated() {
            let isRight =
                switch index {
                case 8, 13, 18, 23: byte == 0x2D
                case 14: byte == 0x34
                case 19: "89ab".utf8.contains(byte)
                default: "0123456789abcdef".utf8.contains(byte)
                }
            if !isRight { return nil }
        }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
