import Bytes
import SigV4
import Testing

/// 2025-11-14T10:00:00Z.
private let morning: Int64 = 1_763_114_400_000
private let day: Int64 = 86_400_000

private let credentials = Credentials(
    accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

private func makeSigner(_ hash: RecordingHash) -> RequestSigner<RecordingHash> {
    RequestSigner(hash: hash, credentials: credentials, region: "ap-northeast-2", service: "s3", rules: .s3)
}

private let part = SigningRequest(
    method: "PUT", path: "/bucket/key.jpeg", query: "partNumber=1&uploadId=abc",
    fields: [("content-length", "10"), ("host", "s3.ap-northeast-2.amazonaws.com")])

private func canonicalPath(_ path: String, _ rules: SigningRules) -> String {
    var output: [UInt8] = []
    CanonicalPath.append(path.utf8Span.span, rules: rules, to: &output)
    return String(decoding: output, as: UTF8.self)
}

private func canonicalQuery(_ query: String) -> String {
    var output = [UInt8]("before?".utf8)
    CanonicalQuery.append(query.utf8Span.span, to: &output)
    return String(decoding: output.dropFirst(7), as: UTF8.self)
}

struct RequestSignerTests {
    @Test func `derives the key once a day and one code a request`() {
        let hash = RecordingHash()
        var signer = makeSigner(hash)
        for second in 0 ..< 10 { _ = signer.sign(part, payload: .unsigned, at: morning + Int64(second) * 1_000) }
        #expect(hash.log.codes.count == 4 + 10)
        #expect(hash.log.keys == 5)
        _ = signer.sign(part, payload: .unsigned, at: morning + day)
        #expect(hash.log.codes.count == 4 + 10 + 4 + 1)
    }

    @Test func `a reused signer says what a fresh one says`() {
        var reused = makeSigner(RecordingHash())
        for step: Int64 in [0, 999, 1_000, day, 0, -day, 14 * 3_600_000 - 1, 14 * 3_600_000] {
            var fresh = makeSigner(RecordingHash())
            let one = reused.sign(part, payload: .empty, at: morning + step)
            let two = fresh.sign(part, payload: .empty, at: morning + step)
            #expect(one.authorization == two.authorization)
            #expect(one.date == two.date)
        }
    }

    @Test func `new credentials drop the derived key`() {
        var signer = makeSigner(RecordingHash())
        let old = signer.sign(part, payload: .unsigned, at: morning)
        signer.credentials = Credentials(accessKeyID: "OTHER", secretAccessKey: "other", sessionToken: "token")
        let new = signer.sign(part, payload: .unsigned, at: morning)
        #expect(hex(old.signature) != hex(new.signature))
        #expect(new.authorization.contains("Credential=OTHER/20251114/"))
        #expect(new.securityToken == "token")
        signer.credentials = credentials
        #expect(hex(signer.sign(part, payload: .unsigned, at: morning).signature) == hex(old.signature))
    }

    @Test func `adds its fields to the request's`() {
        var signer = makeSigner(RecordingHash())
        signer.credentials = Credentials(accessKeyID: "A", secretAccessKey: "s", sessionToken: "t")
        var fields = part.fields
        signer.sign(part, payload: .streamingSigned, at: morning).append(to: &fields)
        #expect(fields.map(\.name) == [
            "content-length", "host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization",
        ])
        #expect(fields[2].value == "20251114T100000Z")
        #expect(fields[3].value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    }

    @Test func `chunks go on under the day of their request`() {
        let end: [UInt8] = Array("0;chunk-signature=".utf8)
        var signer = makeSigner(RecordingHash())
        let signed = signer.sign(part, payload: .streamingSigned, at: morning)
        var before: [UInt8] = []
        var chunks = signer.chunkSigner(for: signed)
        chunks.appendEnd(to: &before)
        _ = signer.sign(part, payload: .unsigned, at: morning + day)
        var after: [UInt8] = []
        var late = signer.chunkSigner(for: signed)
        late.appendEnd(to: &after)
        #expect(before == after)
        #expect(before.starts(with: end))
        #expect(before.count == end.count + 64 + 4)
    }

    @Test func `leaves out what a proxy may change`() {
        var signer = makeSigner(RecordingHash())
        var request = part
        request.fields += [
            ("User-Agent", "x"), ("Expect", "100-continue"), ("Connection", "close"), ("Authorization", "y"),
        ]
        let plain = signer.sign(part, payload: .unsigned, at: morning)
        #expect(signer.sign(request, payload: .unsigned, at: morning).authorization == plain.authorization)
    }

    @Test func `joins the values of one name in their order`() {
        var signer = makeSigner(RecordingHash())
        let request = SigningRequest(
            method: "GET", path: "/", fields: [("X-B", " 2\t "), ("x-a", ""), ("x-b", "1  3"), ("host", "h")])
        _ = signer.sign(request, payload: .unsigned, at: morning)
        #expect(signer.lastCanonicalRequest.contains("\nx-a:\nx-amz-content-sha256:"))
        #expect(signer.lastCanonicalRequest.contains("\nx-b:2,1 3\n\nhost;x-a;x-amz-content-sha256;x-amz-date;x-b\n"))
    }

    @Test func `resolves dot segments only where the service does`() {
        let cases = [
            ("", "/"), ("/", "/"), ("//", "/"), ("/./", "/"), ("/a/..", "/"), ("/a/../..", "/"), ("/../a", "/a"),
            ("/a//b/", "/a/b/"), ("/a/./b", "/a/b"), ("/a/b/../c", "/a/c"), ("/a/b/..", "/a/"), ("/a/...", "/a/..."),
        ]
        for (path, expected) in cases {
            #expect(canonicalPath(path, .general) == expected)
            #expect(canonicalPath(path, .s3) == (path.isEmpty ? "/" : path))
        }
        #expect(canonicalPath("/a%20b", .general) == "/a%2520b")
    }

    @Test func `orders a query by name and then value`() {
        let cases = [
            ("", ""), ("uploads", "uploads="), ("uploads=", "uploads="), ("&&a&", "a="), ("a=b=c", "a=b%3Dc"),
            ("b=1&a=2", "a=2&b=1"), ("a=2&a=1", "a=1&a=2"), ("a-b=1&a=2", "a=2&a-b=1"), ("a1&a", "a=&a1="),
            ("a=%2F&a=+", "a=%2B&a=%2F"), ("=x&a", "=x&a="), ("a=1&b=2", "a=1&b=2"), ("a=1&b=2&", "a=1&b=2"),
            ("a=1&a=1", "a=1&a=1"), ("b=&a=", "a=&b="), ("a=2&a=%41", "a=%41&a=2"), ("=", "="), ("&", ""), ("a", "a="),
        ]
        for (query, expected) in cases { #expect(canonicalQuery(query) == expected, "\(query)") }
    }

    @Test func `a canonical query is its own canonical form`() {
        let text = CanonicalQuery.text([("prefix", "users/1/ü +%&="), ("uploads", ""), ("é", "1"), ("a", "/")])
        #expect(canonicalQuery(text) == text)
        #expect(text == "%C3%A9=1&a=%2F&prefix=users%2F1%2F%C3%BC%20%2B%25%26%3D&uploads=")
    }

    @Test func `a length that cannot be is none`() {
        #expect(ChunkFraming.signed.encodedLength(decoded: -1, chunkBytes: 1) == nil)
        #expect(ChunkFraming.signed.encodedLength(decoded: 1, chunkBytes: 0) == nil)
        #expect(ChunkFraming.signed.encodedLength(decoded: .max, chunkBytes: 1) == nil)
        #expect(ChunkFraming.unsignedTrailer.encodedLength(decoded: .max, chunkBytes: .max) == nil)
        #expect(ChunkFraming.signed.encodedLength(decoded: 0, chunkBytes: .max) == 86)
    }

    @Test func `no description of credentials shows a secret`() {
        let secret = Credentials(accessKeyID: "AKID", secretAccessKey: "hidden-one", sessionToken: "hidden-two")
        var dumped = ""
        dump(secret, to: &dumped)
        dump([secret], to: &dumped)
        for text in ["\(secret)", "\([secret])", String(reflecting: secret), "\(Optional(secret) as Any)", dumped] {
            #expect(!text.contains("hidden"))
            #expect(text.contains("AKID"))
        }
        #expect(Credentials(accessKeyID: "a", secretAccessKey: "b", sessionToken: "").sessionToken == nil)
    }
}
