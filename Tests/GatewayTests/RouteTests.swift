import HTTPWire
import Testing

@testable import Gateway

struct RouteTests {
    private func route(_ path: String, guests: Bool = true, development: Bool = false) -> Route {
        let bytes = Array(path.utf8)
        return Route(path: bytes.span, servesDevelopment: development, servesGuestTokens: guests)
    }

    @Test func `each path has its route and its methods`() {
        let expected: [(String, Route, RequestMethod?, String?)] = [
            ("/images", .images, .post, "POST, OPTIONS"), ("/images/metadata", .metadata, .post, "POST, OPTIONS"),
            ("/images/1", .image(1), .get, "GET, OPTIONS"), ("/images/120", .image(120), .get, "GET, OPTIONS"),
            ("/images/9223372036854775807", .image(.max), .get, "GET, OPTIONS"),
            ("/auth/guest-token", .guestToken, .get, "GET, OPTIONS"), ("/", .none, nil, nil),
            ("/objects/a", .none, nil, nil),
        ]
        for (path, wanted, method, allow) in expected {
            #expect(route(path) == wanted)
            #expect(route(path).method == method)
            #expect(route(path).allow == allow)
        }
        #expect(route("/", development: true) == .uploadPage)
        #expect(route("/objects/a", development: true) == .object(encodedKey: "a"))
    }

    @Test func `an id has one spelling`() {
        for id in [
            "", "0", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "%31", "1/", "/1", "1/2", "a", "１",
            "9223372036854775808", "18446744073709551616", "99999999999999999999999999999999", "metadata/", "Metadata",
        ] {
            #expect(route("/images/" + id) == .none, "\(id)")
        }
    }

    @Test func `guest tokens have no path where they are off`() {
        #expect(route("/auth/guest-token", guests: false) == .none)
        for path in ["/auth", "/auth/", "/auth/guest-token/", "/auth/guest-Token", "/auth/guest-tokenx"] {
            #expect(route(path) == .none)
        }
    }
}
