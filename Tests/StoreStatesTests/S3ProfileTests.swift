import StoreStates
import Testing

@Suite struct S3ProfileTests {
    static func configuration(
        _ endpoint: String?, _ payload: S3Payload = .auto, profile: S3Profile? = nil
    ) throws -> S3Configuration {
        try S3Configuration(
            bucket: "images", region: "eu-central-1", endpoint: endpoint, payload: payload, profile: profile)
    }

    @Test(arguments: [
        (nil, S3Profile.aws), ("s3.eu-central-1.amazonaws.com", .aws), ("s3.cn-north-1.amazonaws.com.cn", .aws),
        ("s3.eusc-de-east-1.amazonaws.eu", .aws), ("s3.eusc-de-east-1.amazonaws.eu:443", .aws),
        ("pictures.s3.cn-northwest-1.amazonaws.com.cn:443", .aws), ("amazonaws.eu.example.org", .generic),
        ("notamazonaws.eu", .generic), ("s3.amazonaws.org.cn", .generic), ("s3.amazonaws.com.cn.evil", .generic),
        ("bucket.vpce-1.s3.eu-central-1.vpce.amazonaws.com:443", .aws), ("0a1b.r2.cloudflarestorage.com", .r2),
        ("0a1b.eu.r2.cloudflarestorage.com:8443", .r2), ("amazonaws.com.example.org", .generic),
        ("notamazonaws.com", .generic), ("127.0.0.1:9000", .generic), ("minio", .generic), ("[::1]:9000", .generic),
    ] as [(String?, S3Profile)])
    func `the host tells the profile`(host: String?, profile: S3Profile) {
        #expect(S3Profile.of(host: host) == profile)
    }

    @Test(arguments: [
        (nil, S3PartSigning.unsignedTrailer), ("https://s3.eu-central-1.amazonaws.com", .unsignedTrailer),
        ("https://s3.eusc-de-east-1.amazonaws.eu", .unsignedTrailer),
        ("https://s3.cn-north-1.amazonaws.com.cn", .unsignedTrailer),
        ("http://s3.eu-central-1.amazonaws.com", .signedChunks), ("https://s3.example.com", .unsigned),
        ("http://127.0.0.1:9000", .signedChunks), ("https://a.r2.cloudflarestorage.com", .unsigned),
        ("http://a.r2.cloudflarestorage.com", .unsigned),
    ] as [(String?, S3PartSigning)])
    func `auto signs as the endpoint wants it`(endpoint: String?, signing: S3PartSigning) throws {
        #expect(try Self.configuration(endpoint).partSigning == signing)
    }

    @Test func `a profile that is named counts more than the host`() throws {
        #expect(try Self.configuration("https://127.0.0.1", profile: .aws).partSigning == .unsignedTrailer)
        #expect(try Self.configuration(nil, profile: .generic).partSigning == .unsigned)
        #expect(try Self.configuration("https://127.0.0.1", profile: .minio).partSigning == .unsigned)
    }

    @Test func `what is asked for is done, with signed chunks where no TLS guards them`() throws {
        for profile in [S3Profile.aws, .minio, .generic] {
            for (endpoint, trailer) in [("https://h", S3PartSigning.unsignedTrailer), ("http://h", .signedTrailer)] {
                #expect(try Self.configuration(endpoint, .trailer, profile: profile).partSigning == trailer)
                #expect(try Self.configuration(endpoint, .signed, profile: profile).partSigning == .signedChunks)
                #expect(try Self.configuration(endpoint, .unsigned, profile: profile).partSigning == .unsigned)
            }
        }
    }

    @Test(arguments: [S3Payload.signed, .trailer]) func `what a store cannot take is refused`(payload: S3Payload) {
        #expect(throws: StoreSettingError.self) { try Self.configuration("https://h", payload, profile: .r2) }
    }

    @Test(arguments: S3Profile.allCases) func `a field that protects nothing is refused`(profile: S3Profile) throws {
        let heeds = profile == .aws || profile == .generic
        #expect(profile.abilities.takesBucketOwner == heeds)
        #expect(profile.abilities.takesACL == heeds)
        for (owner, acl) in [("123456789012", nil), (nil, S3CannedACL.publicRead)] as [(String?, S3CannedACL?)] {
            let isMade =
                (try? S3Configuration(
                    bucket: "b", region: "r", endpoint: "https://h", profile: profile, expectedBucketOwner: owner,
                    acl: acl)) != nil
            #expect(isMade == heeds)
        }
    }
}
