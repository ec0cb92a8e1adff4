import Bytes
import Gateway
import HTTPWire
import Images
import Testing

struct PublicURLTests {
    private static let base = PublicURL.base("https://pictures.s3.eu-central-1.amazonaws.com/")
    private static let uuid = "0b8a7c1e-5a44-4c1d-9f6e-1f2e3d4c5b6a"
    private static let good =
        "https://pictures.s3.eu-central-1.amazonaws.com/users/7/images/1763114400000-\(uuid).jpeg"

    private func key(_ url: String, _ base: PublicURL = PublicURLTests.base, host: String = "h") -> ObjectKey? {
        base.key(of: url, scheme: .http, host: host)
    }

    @Test func `a URL that was made of a key gives that key back`() {
        let subjects = [
            "7", "guest-\(Self.uuid)", "a b", "ö", "a+b", "100%", "%2F", "a?b#c", "\"", "é", "名前", "~._-", "a.",
            "...a", String(repeating: "ö", count: 64), "a:b@c", "!$&'()*+,;=",
        ]
        let bases: [PublicURL] = [
            Self.base, .base("https://h:9000/bucket.with.dots/"), .base("https://cdn.example/a/b/"), .ofRequest,
        ]
        for subject in subjects {
            for type in ImageType.allCases {
                let made = ObjectKey(subject: subject, milliseconds: 1_763_114_400_000, uuid: Self.uuid, type: type)
                for base in bases {
                    let url = base.url(of: made, scheme: .https, host: "sluice.test:8080")
                    let found = base.key(of: url, scheme: .https, host: "sluice.test:8080")
                    #expect(found == made, "\(url)")
                    #expect(found?.milliseconds == 1_763_114_400_000)
                }
            }
        }
    }

    @Test func `bytes of the sub may be percent-encoded or not, and nothing else may`() {
        let plain = key(Self.good)
        #expect(plain?.text == "users/7/images/1763114400000-\(Self.uuid).jpeg")
        #expect(key(Self.good.replacing("users/7/", "users/%37/")) == plain)
        #expect(key(Self.good.replacing("7/images", "%c3%B6/images"))?.text.hasPrefix("users/ö/") == true)
        for changed in ["%75sers/7/images", "users/7/%69mages", "users/7/images/%31", "users/7/images%2F1"] {
            #expect(key(Self.good.replacing("users/7/images/1", "\(changed)763114400000")) == nil, "\(changed)")
        }
    }

    @Test(arguments: [
        ("https", "HTTPS"), ("https", "Https"), ("https", "http"), ("https://", "//"), ("https://", ""),
        ("pictures.s3", "PICTURES.s3"), ("pictures.s3", "other.s3"), ("pictures.s3", "user@pictures.s3"),
        ("pictures.s3", "user:pw@pictures.s3"), (".com/", ".com./"), (".com/", ".com:443/"), (".com/", ".com:80/"),
        (".com/", ".com@evil.test/"), (".com/", ".com.evil.test/"), (".com/", ".com//"), (".com/", ".com/./"),
        (".com/", ".com/../"), (".com/", ".com/pictures/"), (".com/", ".com\\"), (".com/", ".com/?/"),
        ("users/7", "users/"), ("users/7", "users"), ("users/7", "Users/7"), ("users/7", "user/7"),
        ("users/7", "users/7/8"), ("users/7", "users/."), ("users/7", "users/.."), ("users/7", "users/..."),
        ("users/7", "users/%2e%2E"), ("users/7", "users/a%2Fb"), ("users/7", "users/a%2fb"), ("users/7", "users/a%5Cb"),
        ("users/7", "users/a\\b"), ("users/7", "users/%00"), ("users/7", "users/a%0a"), ("users/7", "users/%7F"),
        ("users/7", "users/%C2%85"), ("users/7", "users/%E2%80%A8"), ("users/7", "users/%ff"),
        ("users/7", "users/%C0%AF"),
        ("users/7", "users/%"), ("users/7", "users/%4"), ("users/7", "users/%zz"), ("users/7", "users/a b"),
        ("users/7", "users/ö"), ("users/7", "users/a?b"), ("users/7", "users/a#b"), ("users/7", "users/a\"b"),
        ("users/7", "users/a\nb"), ("users/7", "users/" + String(repeating: "a", count: 129)),
        ("users/7", "users/" + String(repeating: "%61", count: 2_000)),
        ("/images/", "//images/"), ("/images/", "/images//"), ("/images/", "/Images/"), ("/images/", "/"),
        ("/images/", "/images/../images/"), ("/images/", "%2Fimages%2F"), ("/images/", "/images/x/"),
        ("images/1", "images/01"), ("images/1", "images/+1"), ("images/1", "images/-1"), ("images/1", "images/ 1"),
        ("images/1763114400000", "images/"), ("images/1763114400000", "images/a"),
        ("images/1763114400000", "images/9223372036854775808"), ("images/1763114400000-", "images/1763114400000"),
        ("-0b8a", "-0B8A"), ("-0b8a", "-0b8"), ("-0b8a", "-0b8ab"), ("-0b8a", "-gb8a"), ("-0b8a7c1e-", "-0b8a7c1e5"),
        (".jpeg", ".jpg"), (".jpeg", ".JPEG"), (".jpeg", ".webp"), (".jpeg", ""), (".jpeg", "."), (".jpeg", ".jpeg."),
        (".jpeg", ".jpeg/"), (".jpeg", ".jpeg?"), (".jpeg", ".jpeg?versionId=1"), (".jpeg", ".jpeg#"),
        (".jpeg", ".jpeg%00"), (".jpeg", ".jpeg "), (".jpeg", ".jpeg\n"), (".jpeg", ".jpeg;a"), (".jpeg", ".jpe%67"),
    ])
    func `a URL that is written in any other way is none of ours`(part: String, other: String) {
        let url = Self.good.replacing(part, with: other, maxReplacements: 1)
        #expect(url != Self.good)
        #expect(key(url) == nil, "\(url)")
    }

    @Test func `nothing and half of a URL are none of ours`() {
        for count in 0 ..< Self.good.utf8.count {
            #expect(key(String(Self.good.prefix(count))) == nil)
            #expect(key(String(Self.good.suffix(count))) == nil)
        }
        #expect(key(Self.good) != nil)
    }

    /// Bytes that mean something in URLs are put, changed and left out anywhere.
    @Test func `whatever is changed in a URL, what is taken for a key is the key that it names`() {
        var random = SplitMix(state: 7)
        let base = "https://pictures.s3.eu-central-1.amazonaws.com/"
        let spice = Array("/%2F.~:@?#;\\ aA0-_+&".utf8) + [0, 0x0A, 0x7F, 0x80, 0xC3, 0xB6]
        var accepted = 0
        for _ in 0 ..< 20_000 {
            var bytes = Array(Self.good.replacing("users/7/", "users/%C3%B6.a/").utf8)
            for _ in 0 ... Int(random.next() % 3) {
                let place = Int(random.next() % UInt64(bytes.count))
                let byte = spice[Int(random.next() % UInt64(spice.count))]
                switch random.next() % 3 {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                default: bytes.remove(at: place)
                }
            }
            let url = String(decoding: bytes, as: UTF8.self)
            guard let found = key(url) else { continue }
            accepted += 1
            // A second reading: decoded as a whole, and taken apart afterwards.
            #expect(url.hasPrefix(base))
            let path = Array(url.utf8.dropFirst(base.utf8.count))
            #expect(PercentCoding.decode(path.span).map { String(decoding: $0, as: UTF8.self) } == found.text)
            let parts = found.text.split(separator: "/", omittingEmptySubsequences: false)
            #expect(parts.count == 4 && parts[0] == "users" && parts[2] == "images" && !parts.contains(".."))
            #expect(parts[3].hasPrefix("\(found.milliseconds)-"))
            #expect(key(Self.base.url(of: found, scheme: .http, host: "")) == found)
        }
        // Digits of time and UUID, and bytes of the sub, can be changed.
        #expect(accepted > 400)
    }

    @Test func `the directory's base is the request's own`() {
        let url = "http://localhost:8080/objects/users/7/images/1-\(Self.uuid).gif"
        #expect(key(url, .ofRequest, host: "localhost:8080")?.text == "users/7/images/1-\(Self.uuid).gif")
        #expect(key(url, .ofRequest, host: "localhost") == nil)
        #expect(key(url, .ofRequest, host: "LOCALHOST:8080") == nil)
        #expect(key(url, .ofRequest, host: "") == nil)
        #expect(PublicURL.ofRequest.key(of: url, scheme: .https, host: "localhost:8080") == nil)
    }
}

/// https://prng.di.unimi.it/splitmix64.c
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension String {
    fileprivate func replacing(_ part: String, _ other: String) -> String { replacing(part, with: other) }
}
