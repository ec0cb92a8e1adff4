import Testing

@testable import HTTPClient

@Suite struct RequestURLTests {
    private static func host(_ url: String) -> String? { RequestURL(url)?.origin.host }

    private static func hostLine(_ url: String) -> String? {
        RequestURL(url).map { String(decoding: $0.hostLine, as: UTF8.self) }
    }

    @Test func `the scheme decides on TLS and the port, in whatever case it is written`() throws {
        for (scheme, isEncrypted, port) in [
            ("http", false, 80), ("HTTP", false, 80), ("hTtP", false, 80), ("https", true, 443), ("HTTPS", true, 443),
            ("HttpS", true, 443),
        ] as [(String, Bool, UInt16)] {
            let origin = try #require(RequestURL("\(scheme)://a.example/")).origin
            #expect(origin.isEncrypted == isEncrypted)
            #expect(origin.port == port)
        }
        for url in [
            "", "http", "http:", "http:/", "http:/a.example/", "http//a.example", "//a.example/", "a.example",
            "a.example/", "ftp://a.example/", "ws://a.example/", "file:///etc/passwd", "httpss://a.example/",
            "xhttp://a.example/", "https:a.example",
        ] {
            #expect(RequestURL(url) == nil, "\(url)")
        }
    }

    @Test(
        arguments: [
            ("http://a.example/", "a.example"), ("http://a.example:/", "a.example"),
            ("http://a.example:80/", "a.example"), ("http://a.example:0080/", "a.example"),
            ("http://a.example:443/", "a.example:443"), ("https://a.example:443/", "a.example"),
            ("https://a.example:80/", "a.example:80"), ("http://a.example:1/", "a.example:1"),
            ("https://a.example:65535", "a.example:65535"), ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://[::1]/", "[::1]"), ("http://[::1]:80/", "[::1]"), ("http://A.Example/", "A.Example"),
            ("https://[2001:db8::7]:9000/", "[2001:db8::7]:9000"),
        ])
    func `Host is the authority without the scheme's own port`(url: String, host: String) {
        #expect(Self.hostLine(url) == "Host: \(host)\r\n")
    }

    @Test(
        arguments: [
            "http://a.example:0/", "https://a.example:00/", "http://a.example:65536/", "http://a.example:99999999999/",
            "http://a.example:18446744073709551617/", "http://a.example:-1/", "http://a.example:+80/",
            "http://a.example:8o/", "http://a.example: 80/", "http://a.example:80:80/", "http://[::1]:0/",
        ])
    func `a port that none is has no request`(url: String) {
        #expect(RequestURL(url) == nil)
    }

    @Test func `an IPv6 address stands in brackets, which no certificate has`() throws {
        for (url, name) in [("https://[::1]/", "::1"), ("https://[2001:db8::1]:8443/x", "2001:db8::1")] {
            let origin = try #require(RequestURL(url)).origin
            #expect(origin.host == "[\(name)]")
            #expect(origin.certifiedName == name)
        }
        for url in [
            "http://[]/", "http://[::1/", "http://::1/", "http://[::1]x/", "http://[::1]]/", "http://[1.2.3.4]/",
            "http://[::g]/", "http://[fe80::1%25eth0]/", "http://[v1.x]/",
        ] {
            #expect(RequestURL(url) == nil, "\(url)")
        }
    }

    @Test(
        arguments: [
            "http://user@a.example/", "http://user:secret@a.example/", "http://:@a.example/", "http://@a.example/",
            "http://a.example@b.example/", "http://a.example:80@b.example/", "http://[::1]@b.example/",
        ])
    func `user information is refused, not sent and not taken for a host`(url: String) {
        #expect(RequestURL(url) == nil)
    }

    @Test(
        arguments: [
            "http://", "https://", "http:///", "http:///path", "http://?a", "http://#a", "http://:80/", "https://:443",
        ])
    func `a URL without a host is refused`(url: String) {
        #expect(RequestURL(url) == nil)
    }

    @Test(
        arguments: [
            ("http://a.example", "/"), ("http://a.example/", "/"), ("http://a.example:81", "/"),
            ("http://a.example?a=b", "/?a=b"), ("http://a.example?", "/?"), ("http://a.example/?a=b", "/?a=b"),
            ("http://a.example/x/../y//z/./", "/x/../y//z/./"), ("http://a.example/a%2Fb%20c", "/a%2Fb%20c"),
            ("http://a.example/x#f", "/x"), ("http://a.example#f", "/"), ("http://a.example?q#f?g#h", "/?q"),
            ("http://a.example#f/g", "/"), ("http://a.example/x?u=http://b.example/#", "/x?u=http://b.example/"),
            ("http://a.example/x?a@b", "/x?a@b"), ("http://a.example/@", "/@"), ("http://a.example//b", "//b"),
        ])
    func `the target is path and query as they are written, and never a fragment`(url: String, target: String) {
        #expect(RequestURL(url)?.target == target)
        #expect(Self.host(url) == "a.example")
    }

    @Test func `a byte that no request line may hold is refused wherever it stands`() {
        for byte in (0...0x20).map({ UInt8($0) }) + [0x7F] {
            let text = String(decoding: [byte], as: UTF8.self)
            for url in [
                "http://a.example/x\(text)", "http://a.example/\(text)x", "http://a.example\(text)/",
                "http://a.example/?\(text)", "http://a.example/#\(text)", "\(text)http://a.example/",
                "http://\(text)a.example/",
            ] {
                #expect(RequestURL(url) == nil, "byte \(byte)")
            }
        }
        for text in ["\u{80}", "ä", "\u{A0}", "\u{2028}", "例"] {
            #expect(RequestURL("http://a.example/\(text)") == nil)
            #expect(RequestURL("http://\(text).example/") == nil)
            #expect(RequestURL("http://a.example/?\(text)") == nil)
        }
        for byte in UInt8(0x21)...0x7E where byte != 0x23 {
            let text = String(decoding: [byte], as: UTF8.self)
            #expect(RequestURL("http://a.example/\(text)")?.target == "/\(text)")
        }
    }

    @Test func `the root's dot is part of the host, and of no certificate`() throws {
        let url = try #require(RequestURL("https://a.example./x"))
        #expect(url.origin.host == "a.example.")
        #expect(url.origin.authority == "a.example.")
        #expect(url.origin.certifiedName == "a.example")
        #expect(try #require(RequestURL("https://a.example:444/")).origin.certifiedName == "a.example")
    }

    /// To check a certificate for them is to check it for any name.
    @Test(arguments: ["https://./", "https://.", "https://.:443/x", "https://../", "https://.a.example/"])
    func `a host that begins with a dot is refused`(url: String) {
        #expect(RequestURL(url) == nil)
    }

    @Test func `origins are the same where scheme, host and port are`() {
        let origin = RequestURL("http://a.example/x")?.origin
        #expect(origin == RequestURL("HTTP://a.example:80?y")?.origin)
        for other in ["https://a.example/x", "http://b.example/x", "http://a.example:81/x", "https://a.example:80/x"] {
            #expect(origin != RequestURL(other)?.origin)
        }
    }
}
