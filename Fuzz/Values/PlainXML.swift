internal import XMLWire

/// The XML that stores send, read plainly: tags by stripping from the left, into an outline and a tree's paths.
struct PlainXML {
    var outline: [String] = []
    private var rest: ArraySlice<UInt8>
    private let limits: XMLLimits
    private var open: [[UInt8]] = []
    private var text: [UInt8] = []
    private var hadRoot = false

    /// Nil where the document is refused.
    static func read(_ bytes: [UInt8], _ limits: XMLLimits) -> PlainXML? {
        guard bytes.count <= limits.documentBytesMax else { return nil }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var reader = PlainXML(rest: bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...], limits: limits)
        while !reader.rest.isEmpty {
            guard reader.step() else { return nil }
        }
        return reader.hadRoot && reader.open.isEmpty ? reader : nil
    }

    private mutating func take(_ prefix: String) -> Bool {
        guard rest.starts(with: prefix.utf8) else { return false }
        rest = rest.dropFirst(prefix.utf8.count)
        return true
    }

    /// What stands before `end`, which is taken too.
    private mutating func upTo(_ end: String) -> ArraySlice<UInt8>? {
        let mark = Array(end.utf8)
        guard let index = rest.indices.first(where: { rest[$0...].starts(with: mark) }) else { return nil }
        defer { rest = rest[(index + mark.count)...] }
        return rest[..<index]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private mutating func skipSpace() { rest = rest.drop(while: Self.isSpace) }

    private mutating func step() -> Bool {
        if take("<?") { return upTo("?>") != nil }
        if take("<!--") { return upTo("-->") != nil }
        if take("<![CDATA[") {
            guard !open.isEmpty, let data = upTo("]]>") else { return false }
            return add(data)
        }
        if take("</") {
            guard flush(), let name = name(), name == open.popLast() else { return false }
            skipSpace()
            outline.append(">")
            return take(">")
        }
        if take("<") { return flush() && startTag() }
        if take("&") { return reference() }
        let plain = rest.prefix { $0 != 0x3C && $0 != 0x26 }
        rest = rest.dropFirst(plain.count)
        return add(plain)
    }

    private mutating func add(_ bytes: some Sequence<UInt8>) -> Bool {
        for byte in bytes {
            guard !open.isEmpty || Self.isSpace(byte), byte >= 0x20 || Self.isSpace(byte) else { return false }
            if !open.isEmpty { text.append(byte) }
        }
        return text.count <= limits.textBytesMax
    }

    private mutating func flush() -> Bool {
        defer { text = [] }
        guard !text.isEmpty else { return true }
        guard let valid = String(validating: text, as: UTF8.self) else { return false }
        outline.append("=" + valid)
        return true
    }

    private mutating func name() -> [UInt8]? {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-.".utf8
        let name = rest.prefix { $0 >= 0x80 || letters.contains($0) }
        rest = rest.dropFirst(name.count)
        guard let first = name.first, !"0123456789-.".utf8.contains(first), name.count <= limits.nameBytesMax
        else { return nil }
        return Array(name)
    }

    private mutating func startTag() -> Bool {
        guard !hadRoot || !open.isEmpty, open.count < limits.depthMax, let name = name() else { return false }
        var (attributes, isEmpty) = (0, false)
        while true {
            let before = rest.count
            skipSpace()
            isEmpty = take("/>")
            if isEmpty || take(">") { break }
            attributes += 1
            guard rest.count < before, attributes <= limits.attributesMax, attribute() else { return false }
        }
        hadRoot = true
        let local = name.split(separator: 0x3A, omittingEmptySubsequences: false).last ?? []
        outline.append("<" + String(decoding: local.isEmpty ? name[...] : local, as: UTF8.self))
        if isEmpty { outline.append(">") } else { open.append(name) }
        return true
    }

    private mutating func attribute() -> Bool {
        guard name() != nil else { return false }
        skipSpace()
        guard take("=") else { return false }
        skipSpace()
        for quote in ["\"", "'"] where take(quote) {
            guard let value = upTo(quote) else { return false }
            return value.allSatisfy { $0 != 0x3C && ($0 >= 0x20 || Self.isSpace($0)) }
        }
        return false
    }

    private mutating func reference() -> Bool {
        guard let name = upTo(";"), name.count <= 15 else { return false }
        let text = String(decoding: name, as: UTF8.self)
        let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
        if let character = known[text] { return add(character.utf8) }
        guard text.hasPrefix("#") else { return false }
        let isHexadecimal = text.hasPrefix("#x")
        let digits = text.dropFirst(isHexadecimal ? 2 : 1)
        guard digits.utf8.first != 0x2B, digits.utf8.first != 0x2D,
            let value = UInt32(digits, radix: isHexadecimal ? 16 : 10), let scalar = Unicode.Scalar(value),
            value >= 0x20 || [0x09, 0x0A, 0x0D].contains(value), value != 0xFFFE, value != 0xFFFF
        else { return false }
        return add(String(scalar).utf8)
    }
}
