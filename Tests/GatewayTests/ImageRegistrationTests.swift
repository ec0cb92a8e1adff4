import Gateway
import HTTPWire
import Testing
import Tokens

/// The rule of contract § 1, as a table.
struct ImageRegistrationTests {
    private static let owner = "guest-0b8a7c1e-5a44-4c1d-9f6e-1f2e3d4c5b6a"

    private func record(
        _ state: UploadLife.State = .stored, by registrant: String? = nil, expires: Int64? = 900
    ) -> ImageRecord {
        ImageRecord(
            imageID: 5, key: "users/x/images/1-y.png", owner: Self.owner, contentType: "image/png", filename: nil,
            fileBytes: 7, state: state, uploaded: 100, registered: registrant == nil ? nil : 200,
            registrant: registrant, expires: expires)
    }

    private func registration(_ role: TokenRole, subject: String = owner, owner: String? = nil) -> ImageRegistration {
        ImageRegistration(image: .id(5), subject: subject, role: role, owner: owner)
    }

    private static let service = TokenRole.trusted("SERVICE")

    @Test(arguments: [
        // Who registered it, who asks now, what comes of it.
        (nil, TokenRole.user, ImageRegistration.Verdict.registers(liftsExpiry: true)),
        (nil, .guest, .registers(liftsExpiry: false)),
        (nil, service, .registers(liftsExpiry: true)),
        ("GUEST", .guest, .alreadyRegistered),
        ("GUEST", .user, .alreadyRegistered),
        ("GUEST", service, .registers(liftsExpiry: true)),
        ("USER", .guest, .alreadyRegistered),
        ("USER", .user, .alreadyRegistered),
        ("USER", service, .alreadyRegistered),
        ("SERVICE", .guest, .alreadyRegistered),
        ("SERVICE", .user, .alreadyRegistered),
        ("SERVICE", service, .alreadyRegistered),
        ("BACKEND", service, .alreadyRegistered),
    ] as [(String?, TokenRole, ImageRegistration.Verdict)])
    func `the first registration wins, but a guest's own`(
        registrant: String?, role: TokenRole, verdict: ImageRegistration.Verdict
    ) {
        #expect(registration(role).verdict(on: record(by: registrant)) == verdict)
        // Whether an expiry is set changes nothing.
        #expect(registration(role).verdict(on: record(by: registrant, expires: nil)) == verdict)
    }

    @Test func `others know nothing of an image, be it registered or not`() {
        for registrant in [nil, "GUEST", "USER", "SERVICE"] {
            for role in [TokenRole.user, .guest] {
                #expect(registration(role, subject: "7").verdict(on: record(by: registrant)) == .noSuchImage)
            }
        }
        #expect(registration(Self.service, subject: "7").verdict(on: record()) == .registers(liftsExpiry: true))
    }

    @Test func `only what is stored can be registered`() {
        for state in UploadLife.State.allCases where state != .stored {
            for registrant in [nil, "GUEST", "USER"] {
                for role in [TokenRole.user, .guest, Self.service] {
                    let verdict = registration(role).verdict(on: record(state, by: registrant))
                    #expect(verdict == (state == .completing ? .unsettled : .noSuchImage), "\(state)")
                    let others = registration(.user, subject: "7").verdict(on: record(state, by: registrant))
                    #expect(others == .noSuchImage, "\(state)")
                }
            }
        }
    }

    @Test func `owners are told apart by their bytes`() {
        var record = record()
        record.owner = "e\u{301}"
        #expect(registration(.user, subject: "\u{E9}").verdict(on: record) == .noSuchImage)
        #expect(registration(.user, subject: "e\u{301}").verdict(on: record) == .registers(liftsExpiry: true))
    }

    @Test func `what is written is who, when, and for a guest no end of the expiry`() {
        var written = registration(.guest).applied(to: record(), liftsExpiry: false, at: 300)
        #expect((written.registered, written.registrant) == (300, "GUEST"))
        #expect((written.expires, written.owner) == (900, Self.owner))
        written = registration(Self.service, owner: "8").applied(to: written, liftsExpiry: true, at: 400)
        #expect((written.registered, written.registrant) == (400, "SERVICE"))
        #expect((written.expires, written.owner) == (nil, "8"))
        #expect(written.key == record().key)
    }

    private func made(_ request: RegistrationRequest, _ role: TokenRole) -> ImageRegistration? {
        ImageRegistration(
            request, claims: TokenClaims(subject: "7", role: role, expiresAt: 0), publicURL: .base("https://h/"),
            scheme: .http, host: "h")
    }

    @Test func `an owner is heard from a trusted role alone`() throws {
        let body = Array(#"{"imageId":5,"owner":"8"}"#.utf8)
        let request = try RegistrationRequest.parse(body.span)
        #expect(made(request, .user)?.owner == nil)
        #expect(made(request, .guest)?.owner == nil)
        #expect(made(request, Self.service)?.owner == "8")
        #expect(made(request, Self.service)?.subject == "7")
    }

    @Test func `a URL that is none of ours asks for nothing`() throws {
        let body = Array(#"{"imageUrl":"https://h/users/7/images/x"}"#.utf8)
        #expect(made(try RegistrationRequest.parse(body.span), Self.service) == nil)
    }

    @Test func `an image is seen by its owner and by trusted roles, once it is stored`() {
        func sight(_ subject: String, _ role: TokenRole, _ record: ImageRecord?) -> ImageQuery.Sight {
            let claims = TokenClaims(subject: subject, role: role, expiresAt: 0)
            return ImageQuery(imageID: 5, claims: claims, host: "").sight(of: record)
        }
        #expect(sight(Self.owner, .guest, record()) == .visible)
        #expect(sight(Self.owner, .user, record()) == .visible)
        #expect(sight("7", Self.service, record()) == .visible)
        #expect(sight("7", .user, record()) == .hidden)
        #expect(sight(Self.owner, Self.service, nil) == .hidden)
        for state in UploadLife.State.allCases where state != .stored {
            // A 201 may have promised it already.
            let expected = state == .completing ? ImageQuery.Sight.unsettled : .hidden
            #expect(sight(Self.owner, .user, record(state)) == expected, "\(state)")
            #expect(sight("7", Self.service, record(state)) == expected, "\(state)")
            #expect(sight("7", .user, record(state)) == .hidden, "\(state)")
        }
    }
}
