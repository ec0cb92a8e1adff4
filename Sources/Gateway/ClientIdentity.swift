package import Bytes
package import HTTPWire

/// Who is calling: what a connection shows, and what proxies whose word is taken say of it.
package struct ClientIdentity: Equatable, Sendable {
    /// The caller's address; nil is a peer on a Unix socket of whom nobody says more.
    package let address: IPAddress?
    /// The scheme by which the caller's request reached the first of the proxies; nil when none of them says, and
    /// then it is the connection's own.
    package let scheme: ForwardedScheme?
    /// The id that a proxy gave the request, to be kept; nil when it gets one here.
    package let requestID: String?

    /// Proxies in a row: three are many, and a list without an end must not be walked on every request.
    package static let hopsMax = 16
    /// Room for two UUIDs and some words; it stands in every line that the request leaves in the log.
    package static let requestIDBytesMax = 128

    /// Judges a request by its peer and its head, whose slices point into `bytes`. Of a peer that is not trusted
    /// nothing is looked at: anybody can send such fields.
    ///
    /// `X-Forwarded-For` wins over `Forwarded`, and `X-Forwarded-Proto` over its `proto`: nearly every proxy writes
    /// the former, and passes on a `Forwarded` that the client made up. A proxy that writes `Forwarded` has to drop
    /// the other two.
    ///
    /// - Parameter peer: the far end of the connection, or the source that a believed PROXY preface names; nil on a
    ///   Unix socket.
    package init(peer: IPAddress?, trusted: TrustedPeers, head: RequestHead, bytes: Span<UInt8>) {
        guard trusted.contains(peer) else {
            address = peer
            scheme = nil
            requestID = nil
            return
        }
        let hasForwardedFor = head.count(of: .xForwardedFor) > 0
        let walk = Self.walk(
            ForwardedField(hasForwardedFor ? .xForwardedFor : .forwarded, of: head), from: peer, trusted, bytes)
        address = walk.address
        scheme = Self.scheme(head, bytes, forwarded: walk.scheme)
        requestID = Self.requestID(head, bytes)
    }

    /// Goes from hop to hop while they are trusted: each is believed about the one before it. Whatever cannot be read,
    /// or does not name an address, leaves the last trusted one as the caller, so nobody gets another's address by
    /// writing nonsense.
    private static func walk(
        _ field: ForwardedField, from peer: IPAddress?, _ trusted: TrustedPeers, _ bytes: Span<UInt8>
    ) -> (address: IPAddress?, scheme: ForwardedScheme?) {
        var field = field
        var address = peer
        var scheme: ForwardedScheme?
        for _ in 0 ..< hopsMax {
            guard case .element(let element) = field.next(in: bytes) else { break }
            scheme = element.scheme
            guard case .address(let named) = element.node else { break }
            address = named
            guard trusted.contains(named) else { break }
        }
        return (address, scheme)
    }

    /// Proxies that append to `X-Forwarded-Proto` make a list of it, whose places say nothing about hops: one word or
    /// none.
    private static func scheme(
        _ head: RequestHead, _ bytes: Span<UInt8>, forwarded: ForwardedScheme?
    ) -> ForwardedScheme? {
        guard let value = head.value(of: .xForwardedProto, in: bytes) else { return forwarded }
        return head.count(of: .xForwardedProto) == 1 ? ForwardedScheme(value) : nil
    }

    /// Exactly one field of a harmless kind: the id is echoed, and stands in logs that others read.
    private static func requestID(_ head: RequestHead, _ bytes: Span<UInt8>) -> String? {
        guard head.count(of: .xRequestID) == 1, let value = head.value(of: .xRequestID, in: bytes),
            (1 ... requestIDBytesMax).contains(value.count)
        else { return nil }
        for index in value.indices where !value[index].isRequestIDByte { return nil }
        return value.validatedText()
    }
}

extension UInt8 {
    /// Letters, digits and `-_.:=+/@`: UUIDs, base64 and AWS's trace ids are made of them.
    fileprivate var isRequestIDByte: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "="),
            UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "@"):
            true
        default:
            isAlpha || isDigit
        }
    }
}
