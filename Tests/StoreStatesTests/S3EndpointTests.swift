import StoreStates
import Testing

@Suite struct S3EndpointTests {
    static func base(_ bucket: String, _ region: String = "eu-central-1", _ endpoint: String? = nil) throws -> String {
        try S3Configuration(bucket: bucket, region: region, endpoint: endpoint).publicBase
    }

    @Test func `Amazon's own is virtual-host style, but for names that its certificate does not cover`() throws {
        #expect(try Self.base("images") == "https://images.s3.eu-central-1.amazonaws.com/")
        #expect(try Self.base("my.images") == "https://s3.eu-central-1.amazonaws.com/my.images/")
        #expect(try Self.base("images", "cn-north-1") == "https://images.s3.cn-north-1.amazonaws.com.cn/")
        #expect(try Self.base("images", "eusc-de-east-1") == "https://images.s3.eusc-de-east-1.amazonaws.eu/")
    }

    @Test func `custom endpoints are path style`() throws {
        #expect(try Self.base("b", "r", "http://127.0.0.1:9000") == "http://127.0.0.1:9000/b/")
        #expect(try Self.base("b", "r", "https://S3.Example.com/") == "https://s3.example.com/b/")
        #expect(try Self.base("b", "r", "http://[::1]:9000") == "http://[::1]:9000/b/")
    }

    /// The client leaves the scheme's own port out of `Host`, so it must not be signed.
    @Test func `the scheme's own port is left out`() throws {
        #expect(try S3Endpoint(bucket: "b", region: "r", endpoint: "https://h:443").host == "h")
        #expect(try S3Endpoint(bucket: "b", region: "r", endpoint: "http://h:80/").host == "h")
        #expect(try S3Endpoint(bucket: "b", region: "r", endpoint: "http://h:443").host == "h:443")
    }

    @Test func `keys are percent-encoded, slashes kept`() throws {
        let endpoint = try S3Endpoint(bucket: "b", region: "r", endpoint: "http://h")
        #expect(endpoint.path(key: "users/a b/é+~.png") == "/b/users/a%20b/%C3%A9%2B~.png")
        #expect(endpoint.bucketPath == "/b")
        #expect(try S3Endpoint(bucket: "b", region: "r", endpoint: nil).bucketPath == "/")
    }

    @Test(arguments: [
        "ftp://h", "h:9000", "http://", "http:///x", "http://h/path", "http://u@h", "http://h?x", "http://h#x",
        "http://h h", "http://:80", "http://h\r\nx",
    ])
    func `what is no endpoint is refused`(endpoint: String) {
        #expect(throws: StoreSettingError.self) { try S3Endpoint(bucket: "b", region: "r", endpoint: endpoint) }
    }

    @Test(arguments: ["", "a/b", "..", "a b", "é", "a?b", "a\nb"]) func `what is no name is refused`(name: String) {
        #expect(throws: StoreSettingError.self) { try S3Endpoint(bucket: name, region: "r", endpoint: nil) }
        #expect(throws: StoreSettingError.self) { try S3Endpoint(bucket: "b", region: name, endpoint: nil) }
    }

    @Test func `a base of the operator's own comes before the key`() throws {
        let configuration = try S3Configuration(bucket: "b", region: "r", publicBaseURL: "https://cdn.example.com/i")
        #expect(configuration.publicBase == "https://cdn.example.com/i/")
    }

    @Test func `the bucket stands before the host where that is asked for`() throws {
        let endpoint = try S3Endpoint(bucket: "b.c", region: "r", endpoint: "http://h:9000", addressing: .virtual)
        #expect(endpoint.host == "b.c.h:9000")
        #expect(endpoint.path(key: "a b") == "/a%20b")
        #expect(endpoint.bucketPath == "/")
        #expect(endpoint.publicBase == "http://h:9000/b.c")
    }

    @Test func `path style is kept where that is asked for, and public URLs stay as they are`() throws {
        let endpoint = try S3Endpoint(bucket: "images", region: "eu-central-1", endpoint: nil, addressing: .path)
        #expect(endpoint.host == "s3.eu-central-1.amazonaws.com")
        #expect(endpoint.path(key: "k") == "/images/k")
        #expect(endpoint.publicBase == "https://images.s3.eu-central-1.amazonaws.com")
    }

    @Test(arguments: [
        ("a.b", nil), ("a.b", "https://h"), ("A", "http://h"), ("a_b", "http://h"), ("a", "http://127.0.0.1:9000"),
        ("a", "http://[fe80::a]:9000"),
    ] as [(String, String?)])
    func `a bucket that cannot stand before the host is refused`(bucket: String, endpoint: String?) {
        #expect(throws: StoreSettingError.self) {
            try S3Endpoint(bucket: bucket, region: "r", endpoint: endpoint, addressing: .virtual)
        }
    }
}
