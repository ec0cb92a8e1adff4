internal import Bytes
internal import HTTPWire

/// What of a URL decides which connections will do for it (RFC 9110 § 4.3.1).
struct Origin: Hashable {
    let isEncrypted: Bool
    /// A name or an IPv4 address, or an IPv6 address in brackets.
    let host: String
    let port: UInt16

    /// The host as a certificate names it.
    var certifiedName: String {
        var name = Substring(host)
        if name.hasPrefix("[") { name = name.dropFirst().dropLast() }
        // The root's own dot is in no certificate.
        if name.hasSuffix(".") { name = name.dropLast() }
        return String(name)
    }

    /// The value of `Host`: without the scheme's own port (RFC 9110 § 7.2).
    var authority: String { port == (isEncrypted ? 443 : 80) ? host : "\(host):\(port)" }
}

/// An absolute `http` or `https` URL taken apart.
struct RequestURL {
    let origin: Origin
    /// The line `Host: …` of its requests, with CRLF.
    let hostLine: [UInt8]
    /// Path and query as they stand in the URL, never empty.
    let target: String

    /// nil where that is no such URL, where it has user information, or holds bytes that a request line cannot.
    init?(_ url: String) {
        let bytes = url.utf8Span.span
        for index in bytes.indices where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return nil }
        let isEncrypted: Bool
        let start: Int
        if bytes.extracting(first: 7).equalsIgnoringCase("http://") {
            (isEncrypted, start) = (false, 7)
        } else if bytes.extracting(first: 8).equalsIgnoringCase("https://") {
            (isEncrypted, start) = (true, 8)
        } else {
            return nil
        }
        var end = start
        while end < bytes.count, bytes[end] != 0x2F, bytes[end] != 0x3F, bytes[end] != 0x23 { end += 1 }
        let text = bytes.extracting(start..<end)
        guard let authority = Authority(text) else { return nil }
        let port = UInt16(clamping: authority.port ?? (isEncrypted ? 443 : 80))
        guard port > 0 else { return nil }
        let host = text.extracting(authority.host).repairedText()
        // To libssl a dot in front stands for any name before it, and no name for any at all (X509_check_host(3)).
        guard !host.hasPrefix(".") else { return nil }
        origin = Origin(isEncrypted: isEncrypted, host: host, port: port)
        hostLine = Array("Host: \(origin.authority)\r\n".utf8)
        var targetEnd = end
        while targetEnd < bytes.count, bytes[targetEnd] != 0x23 { targetEnd += 1 }
        let rest = bytes.extracting(end..<targetEnd).repairedText()
        target = rest.hasPrefix("/") ? rest : "/" + rest
    }
}
