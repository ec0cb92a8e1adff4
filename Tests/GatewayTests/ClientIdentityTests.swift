import Bytes
import HTTPWire
import Testing

@testable import Gateway

struct ClientIdentityTests {
    private func identity(
        _ peer: String?, _ fields: [String], trusted: [String] = ["10.0.0.0/8", "fd00::/8"], unix: Bool = false
    ) throws -> ClientIdentity {
        let ranges = try #require(AddressRangeList(try trusted.map { try AddressRange(parsing: $0) }))
        let peers = TrustedPeers(ranges: ranges, includesUnixSockets: unix)
        let lines = fields.map { $0 + "\r\n" }.joined()
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8)
        let address = try peer.map { try #require(IPAddress(parsing: $0)) }
        var parser = RequestParser(limits: WireLimits(headBytesMax: 60_000, fieldsMax: 1_000))
        guard case .head(let head) = parser.parse(bytes.span) else { throw NoHead(fields: fields) }
        return ClientIdentity(peer: address, trusted: peers, head: head, bytes: bytes.span)
    }

    private struct NoHead: Error { let fields: [String] }

    private func address(_ peer: String?, _ fields: [String], unix: Bool = false) throws -> String? {
        try identity(peer, fields, unix: unix).address?.description
    }

    @Test func `of a peer that is not trusted nothing is looked at`() throws {
        let fields = [
            "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4;proto=https", "X-Forwarded-Proto: https",
            "X-Request-ID: abc",
        ]
        let expected = IPAddress(parsing: "192.0.2.1")
        let stranger = try identity("192.0.2.1", fields)
        #expect(stranger.address == expected && stranger.scheme == nil && stranger.requestID == nil)
        let unix = try identity(nil, fields)
        #expect(unix.address == nil && unix.scheme == nil && unix.requestID == nil)
        let nobody = try identity("10.0.0.1", fields, trusted: [], unix: true)
        #expect(nobody.address?.description == "10.0.0.1" && nobody.scheme == nil && nobody.requestID == nil)
    }

    @Test(arguments: [
        (["1.2.3.4"], "1.2.3.4"), (["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (["6.6.6.6, 1.2.3.4, 10.0.0.2, fd00::1"], "1.2.3.4"),
        (["6.6.6.6", "1.2.3.4", "10.9.9.9"], "1.2.3.4"), (["2001:db8::9, [fd00::2]:80"], "2001:db8::9"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"), ([], "10.0.0.1"), ([""], "10.0.0.1"), (["junk"], "10.0.0.1"),
        (["1.2.3.4, junk"], "10.0.0.1"), (["1.2.3.4, junk, 10.0.0.2"], "10.0.0.2"), (["1.2.3.4, unknown"], "10.0.0.1"),
        (["1.2.3.4, unknown, 10.0.0.2"], "10.0.0.2"), (["junk, 1.2.3.4"], "1.2.3.4"),
        (["1.2.3.4, ::ffff:10.0.0.2"], "1.2.3.4"), (["1.2.3.4:5678"], "1.2.3.4"),
    ])
    func `the first address from the right that is not trusted is the caller`(lines: [String], caller: String) throws {
        #expect(try address("10.0.0.1", lines.map { "X-Forwarded-For: \($0)" }) == caller)
        let forwarded = lines.map { line in
            line.split(separator: ",").map { node in
                let text = node.drop { $0 == " " }
                let isBare = text.contains(":") && !text.contains("[") && !text.contains(".")
                return "for=\"\(isBare ? "[\(text)]" : text == "::ffff:10.0.0.2" ? "[\(text)]" : String(text))\""
            }.joined(separator: ", ")
        }
        #expect(try address("10.0.0.1", forwarded.map { "Forwarded: \($0)" }) == caller)
    }

    @Test func `peers on a Unix socket are believed only when they are named`() throws {
        #expect(try address(nil, ["X-Forwarded-For: 1.2.3.4"], unix: true) == "1.2.3.4")
        #expect(try address(nil, ["X-Forwarded-For: 10.0.0.9"], unix: true) == "10.0.0.9")
        #expect(try address(nil, [], unix: true) == nil)
        #expect(try address(nil, ["X-Forwarded-For: 1.2.3.4"]) == nil)
    }

    @Test func `X-Forwarded-For wins over Forwarded`() throws {
        let both = ["Forwarded: for=6.6.6.6;proto=https", "X-Forwarded-For: 1.2.3.4"]
        let identity = try identity("10.0.0.1", both)
        #expect(identity.address?.description == "1.2.3.4" && identity.scheme == nil)
        #expect(try address("10.0.0.1", ["Forwarded: for=6.6.6.6", "X-Forwarded-For: junk"]) == "10.0.0.1")
    }

    @Test(
        arguments: [
            (["X-Forwarded-Proto: https"], .https), (["X-Forwarded-Proto: HTTP"], .http),
            (["X-Forwarded-Proto: wss"], nil),
            (["X-Forwarded-Proto: https, http"], nil), (["X-Forwarded-Proto: https", "X-Forwarded-Proto: https"], nil),
            (["X-Forwarded-Proto:"], nil), (["Forwarded: for=1.2.3.4;proto=https"], .https),
            (["Forwarded: for=1.2.3.4;proto=https, for=10.0.0.2;proto=http"], .https),
            (["Forwarded: for=6.6.6.6;proto=https, for=1.2.3.4;proto=http, for=10.0.0.2;proto=https"], .http),
            (["Forwarded: for=1.2.3.4, for=10.0.0.2;proto=https"], nil), (["Forwarded: proto=https"], .https),
            (["Forwarded: for=_x;proto=https, for=10.0.0.2"], .https),
            (["Forwarded: junk, for=10.0.0.2;proto=http"], .http),
            (["Forwarded: for=1.2.3.4;proto=http", "X-Forwarded-Proto: https"], .https), ([], nil),
        ] as [([String], ForwardedScheme?)])
    func `the scheme is what the caller's own proxy saw`(fields: [String], scheme: ForwardedScheme?) throws {
        #expect(try identity("10.0.0.1", fields).scheme == scheme)
    }

    @Test(arguments: [
        "a", "0d4c7a0e-0f4d-4a44-9d5f-6f0a0f6a7c11", "Root=1-67891233-abcdef012345678912345678", "a_b.c:d=e+f/g@h",
        String(repeating: "x", count: 128),
    ])
    func `keeps the request id of a trusted peer`(id: String) throws {
        #expect(try identity("10.0.0.1", ["x-request-id: \(id)"]).requestID == id)
    }

    @Test(arguments: [
        [], [""], ["a b"], ["a\"b"], ["a,b"], ["<b>"], ["a;b"], ["\u{E9}"], ["a%0d"], ["{x}"], ["a", "a"], ["a\tb"],
        [String(repeating: "x", count: 129)],
    ])
    func `takes no other request id`(ids: [String]) throws {
        #expect(try identity("10.0.0.1", ids.map { "X-Request-Id: \($0)" }).requestID == nil)
    }

    @Test func `a list without an end is walked so far and no further`() throws {
        let hops = (1 ... 100).reversed().map { "10.0.0.\($0)" }.joined(separator: ", ")
        #expect(try address("10.0.0.200", ["X-Forwarded-For: 1.2.3.4, \(hops)"]) == "10.0.0.16")
        let lines = (1 ... 100).reversed().map { "X-Forwarded-For: 10.0.0.\($0)" }
        #expect(try address("10.0.0.200", ["X-Forwarded-For: 1.2.3.4"] + lines) == "10.0.0.16")
    }
}
