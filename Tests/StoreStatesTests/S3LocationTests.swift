import StoreStates
import Testing

@Suite struct S3LocationTests {
    @Test func `moves to the region's own host, and to no other`() throws {
        var location = try S3Location(bucket: "pictures", region: "us-east-1", endpoint: nil)
        #expect(location.endpoint.host == "pictures.s3.us-east-1.amazonaws.com")
        let isMoved = location.move(to: "eu-central-1", now: 0)
        #expect(isMoved)
        #expect(location.region == "eu-central-1")
        #expect(location.endpoint.host == "pictures.s3.eu-central-1.amazonaws.com")
    }

    @Test func `a host that the settings name stays, whatever the region`() throws {
        var location = try S3Location(bucket: "pictures", region: "us-east-1", endpoint: "http://127.0.0.1:9000")
        let isMoved = location.move(to: "garage", now: 0)
        #expect(isMoved)
        #expect(location.region == "garage")
        #expect(location.endpoint.origin == "http://127.0.0.1:9000")
    }

    @Test(arguments: [
        "", "x", "-", "-a", "a-", "evil.example", "evil.example/", "a@b", "a:80", "a/b", "a b", "EU", "ü-1", "a\r\nb",
        String(repeating: "a", count: 33),
    ])
    func `what is no region's name changes nothing`(name: String) throws {
        var location = try S3Location(bucket: "pictures", region: "us-east-1", endpoint: nil)
        let before = location
        let isMoved = location.move(to: name, now: 0)
        #expect(!isMoved)
        #expect(location == before)
    }

    @Test func `who has moved stays for a minute, whatever else is said`() throws {
        var location = try S3Location(bucket: "pictures", region: "us-east-1", endpoint: nil)
        let stay = S3Location.stayMilliseconds
        func move(to region: String, now: Int64) -> Bool { location.move(to: region, now: now) }
        #expect(move(to: "eu-west-1", now: 500))
        let before = location
        for (region, now) in [("us-east-1", Int64(501)), ("eu-west-2", 30_000), ("us-east-1", 499 + stay)] {
            #expect(!move(to: region, now: now))
            #expect(location == before)
        }
        // A bucket may move again some day.
        #expect(move(to: "us-east-1", now: 500 + stay))
        #expect(location.region == "us-east-1")
        #expect(!move(to: "eu-west-1", now: 501 + stay))
    }

    @Test func `what is no region does not begin the minute`() throws {
        var location = try S3Location(bucket: "pictures", region: "us-east-1", endpoint: nil)
        let isTaken = location.move(to: "evil.example", now: 0)
        let isMoved = location.move(to: "eu-west-1", now: 1)
        #expect(!isTaken && isMoved)
    }
}
