package import Bytes

/// Who opened a connection, in the words of the proxy that passed it on.
package struct ProxySource: Hashable, Sendable {
    package let address: IPAddress
    package let port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// What the first bytes of a connection are.
package enum ProxyPrefaceVerdict: Equatable, Sendable {
    /// All that came so far may be the beginning of a preface.
    case incomplete
    /// No preface: every byte belongs to the next layer.
    case absent
    /// The preface ends after `consumed` bytes. The source is nil where the proxy says nothing of one: a check of its
    /// own (LOCAL), or a connection that is not TCP over IP (UNKNOWN, AF_UNSPEC, AF_UNIX, UDP).
    case present(source: ProxySource?, consumed: Int)
    /// The beginning of a preface, and then something else. Such a connection is closed without an answer: the
    /// sender is no client that could read one.
    case malformed
}

/// The PROXY protocol, version 1 (text) and 2 (binary)
/// (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt).
///
/// The verdict on a beginning holds for everything that begins so, hence it does not depend on how the bytes came.
package enum ProxyPreface {
    /// § 2.1: the longest line of version 1, with its CRLF.
    static let lineBytesMax = 107
    /// § 2.2: signature, version and command, family and protocol, length.
    static let headerBytes = 16
    /// Addresses and extensions of version 2. The longest addresses (AF_UNIX) take 216 bytes; the rest is room for
    /// the extensions of a TLS terminator, names of a certificate among them. The length field alone would allow
    /// 65,535.
    static let blockBytesMax = 2_048
    /// What is to be kept of a preface that comes in pieces.
    package static let bytesMax = headerBytes + blockBytesMax

    /// Judges the first bytes of a connection, all that came so far.
    package static func parse(_ bytes: Span<UInt8>) -> ProxyPrefaceVerdict {
        // Nothing else begins with either: `PROXY` is no registered method, and the signature is no TLS and no HTTP.
        switch match(bytes, linePrefix.span) {
        case .whole: return parseLine(bytes)
        case .beginning: return .incomplete
        case .none: break
        }
        switch match(bytes, signature.span) {
        case .whole: return parseBlock(bytes)
        case .beginning: return .incomplete
        case .none: return .absent
        }
    }

    private static let linePrefix: [UInt8] = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private enum Match {
        case whole
        /// All bytes there are agree.
        case beginning
        case none
    }

    private static func match(_ bytes: Span<UInt8>, _ prefix: Span<UInt8>) -> Match {
        if bytes.hasPrefix(prefix) { return .whole }
        return prefix.hasPrefix(bytes) ? .beginning : .none
    }
}
