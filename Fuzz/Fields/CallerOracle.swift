internal import Bytes
internal import FuzzBasics
internal import Gateway
internal import HTTPWire

/// Who is calling, by a second walk over what the proxies say: to the left as long as the one who says it is trusted.
enum CallerOracle {
    /// The trusted proxies: 10.0.0.0/8 and what is not given out of 2001:db8::/32.
    private static let trusted = TrustedPeers(
        ranges: AddressRangeList([
            AddressRange(containing: IPAddress(v4: 0x0A00_0000), prefixBits: 8),
            AddressRange(containing: IPAddress(upper: 0x2001_0DB8 << 32, lower: 0), prefixBits: 32),
        ]) ?? AddressRangeList())

    private static func isTrusted(_ address: IPAddress) -> Bool {
        if let v4 = address.v4 { return v4 >> 24 == 10 }
        return address.upper >> 32 == 0x2001_0DB8
    }

    /// - Parameter said: what was said of nodes and schemes, the nearest proxy's word first, up to what is malformed.
    static func check(
        _ head: RequestHead, _ bytes: Span<UInt8>, said: [(node: ForwardedNode, scheme: ForwardedScheme?)]
    ) throws(OracleFailure) {
        let near = IPAddress(v4: 0x0A00_0001)
        let stranger = IPAddress(v4: 0xC000_0201)
        for peer in [near, stranger] {
            var caller = peer
            var scheme: ForwardedScheme?
            for word in said.prefix(ClientIdentity.hopsMax) {
                guard isTrusted(caller) else { break }
                scheme = word.scheme
                guard case .address(let named) = word.node else { break }
                caller = named
            }
            let found = ClientIdentity(peer: peer, trusted: trusted, head: head, bytes: bytes)
            guard found.address == caller, found.scheme == scheme, found.requestID == nil
            else { throw OracleFailure("called by \(found), not by \(caller)") }
        }
    }

    /// Elements on lines of their own say what they say on one (RFC 9110 § 5.3). `elements` have a character for each
    /// byte.
    static func checkLines(
        _ elements: [String], _ name: String, said: [(node: ForwardedNode, scheme: ForwardedScheme?)]
    ) throws(OracleFailure) {
        var bytes = Array("POST / HTTP/1.1\r\nHost: a\r\n".utf8)
        for element in elements {
            bytes += Array("\(name): ".utf8)
            bytes += element.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } + [0x0D, 0x0A]
        }
        bytes += [0x0D, 0x0A]
        var parser = RequestParser(limits: WireLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { return }
        try check(head, bytes.span, said: said)
    }
}
