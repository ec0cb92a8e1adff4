internal import Bytes
internal import FuzzBasics
internal import HTTPWire

/// A second reading of `Forwarded` and `X-Forwarded-For`, from the left and over characters.
enum ForwardedOracle {
    /// One element as it was meant.
    private struct Element: Equatable {
        var node: ForwardedNode
        var scheme: ForwardedScheme?
    }

    static func check(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ text: String, isStandard: Bool
    ) throws(OracleFailure) {
        var field = ForwardedField(isStandard ? .forwarded : .xForwardedFor, of: head)
        var found: [Element] = []
        var isMalformed = false
        steps: for turn in 0 ... text.unicodeScalars.count + 1 {
            guard turn <= text.unicodeScalars.count else { throw OracleFailure("no end of elements") }
            switch field.next(in: bytes) {
            case .element(let element): found.append(Element(node: element.node, scheme: element.scheme))
            case .end: break steps
            case .malformed:
                guard field.next(in: bytes) == .malformed else { throw OracleFailure("malformed, not for good") }
                isMalformed = true
                break steps
            }
        }
        // Quotes that a reader from the left cannot pair say nothing of what stands to their right.
        guard let pieces = isStandard ? Self.pieces(text, at: ",") : text.split(separator: ",").map(String.init)
        else { return }
        let plain = pieces.map(trimmed).filter { !$0.isEmpty }
        var expected: [Element] = []
        for piece in plain.reversed() {
            let bare = PlainAuthority.address(piece).map(ForwardedNode.address) ?? node(piece)
            guard let element = isStandard ? element(piece) : bare.map({ Element(node: $0) }) else { break }
            expected.append(element)
        }
        guard found == expected, isMalformed == (expected.count < plain.count)
        else { throw OracleFailure("\(found), not \(expected)") }
        let said = expected.map { ($0.node, $0.scheme) }
        try CallerOracle.check(head, bytes, said: said)
        try CallerOracle.checkLines(plain, isStandard ? "Forwarded" : "X-Forwarded-For", said: said)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var scalars = Array(text.unicodeScalars)[...].drop { $0 == " " || $0 == "\t" }
        while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Split at a separator that stands in no quoted string; nil where a quote stays open, or stands where none may.
    private static func pieces(_ text: String, at separator: Unicode.Scalar) -> [String]? {
        var pieces = [""]
        var (isQuoted, isEscaped) = (false, false)
        for scalar in text.unicodeScalars {
            if !isQuoted, scalar == separator {
                pieces.append("")
                continue
            }
            if scalar == "\"", !isEscaped {
                guard isQuoted || pieces[pieces.count - 1].hasSuffix("=") else { return nil }
                isQuoted.toggle()
            }
            isEscaped = isQuoted && scalar == "\\" && !isEscaped
            pieces[pieces.count - 1].unicodeScalars.append(scalar)
        }
        return isQuoted ? nil : pieces
    }

    private static func element(_ piece: String) -> Element? {
        guard let pairs = pieces(piece, at: ";") else { return nil }
        var values: [String: String] = [:]
        for pair in pairs.map(trimmed) where !pair.isEmpty {
            guard let equals = pair.firstIndex(of: "="),
                let value = value(String(pair[pair.index(after: equals)...])),
                PlainExtensions.isToken(Array(pair[..<equals].utf8)[...])
            else { return nil }
            let key = pair[..<equals].lowercased()
            if key == "for" || key == "proto" {
                guard values.updateValue(value, forKey: key) == nil else { return nil }
            }
        }
        var element = Element(node: .unidentified)
        if let text = values["for"] {
            guard let node = node(text) else { return nil }
            element.node = node
        }
        if let text = values["proto"]?.lowercased() {
            element.scheme = text == "https" ? .https : text == "http" ? .http : nil
        }
        return element
    }

    /// A token, or what a quoted string stands for.
    private static func value(_ text: String) -> String? {
        guard text.hasPrefix("\"") else { return PlainExtensions.isToken(Array(text.utf8)[...]) ? text : nil }
        guard text.unicodeScalars.count >= 2, text.hasSuffix("\"") else { return nil }
        var plain = ""
        var isEscaped = false
        for scalar in text.unicodeScalars.dropFirst().dropLast() {
            if scalar == "\"", !isEscaped { return nil }
            isEscaped = scalar == "\\" && !isEscaped
            if !isEscaped { plain.unicodeScalars.append(scalar) }
        }
        return isEscaped ? nil : plain
    }

    /// `node` of RFC 7239 § 6.
    private static func node(_ text: String) -> ForwardedNode? {
        if let node = name(text) { return node }
        guard let colon = text.lastIndex(of: ":"), let node = name(String(text[..<colon])) else { return nil }
        let port = String(text[text.index(after: colon)...])
        let isNumber = (1 ... 5).contains(port.utf8.count) && port.utf8.allSatisfy { (0x30 ... 0x39).contains($0) }
        return isNumber && (UInt32(port) ?? 65_536) <= 65_535 || isObfuscated(port) ? node : nil
    }

    private static func name(_ text: String) -> ForwardedNode? {
        if text.lowercased() == "unknown" && text.utf8.count == 7 || isObfuscated(text) { return .unidentified }
        if let v4 = PlainAuthority.v4(text) { return .address(IPAddress(v4: v4)) }
        guard text.hasPrefix("["), text.hasSuffix("]"), text.contains(":") else { return nil }
        return PlainAuthority.address(String(text.dropFirst().dropLast())).map { .address($0) }
    }

    private static func isObfuscated(_ text: String) -> Bool {
        text.hasPrefix("_") && text.utf8.count >= 2
            && text.utf8.allSatisfy { $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || PlainBytes.isAlphanumeric($0) }
    }
}
