internal import Bytes
internal import FuzzPlain
internal import JSONWire
internal import Tokens

/// A policy, the claims of a token at or beside a bound, and the verdict that is right.
struct ClaimChoice {
    let policy: TokenPolicy
    let payload: [UInt8]
    let token: [UInt8]
    let expected: TokenStructured.Verdict

    /// A claim as it is written, its name before it; nil where there is none.
    private typealias Member = [UInt8]?

    /// A date as it is written, and the second that it means; nil for what is none.
    private struct Date {
        let text: String
        let second: Int128?

        init(_ second: Int64) { (text, self.second) = (String(second), Int128(second)) }

        init(_ text: String, means second: Int128?) { (self.text, self.second) = (text, second) }
    }

    private struct DateClaim {
        let member: Member
        let second: Int128?
    }

    private struct Role {
        let member: Member
        /// Nil where no policy takes it; what it is with a subject that is no guest's, and with one that is.
        let meaning: TokenRole?

        init(json: String?, meaning: TokenRole?) { (member, self.meaning) = (json.map { claim("role", $0) }, meaning) }
    }

    private struct Subject {
        let member: Member
        /// Its text where it is one safe segment.
        let text: String?

        init(_ json: String?, _ text: String?) { (member, self.text) = (json.map { claim("sub", $0) }, text) }
    }

    /// One of the moments with one of the leeways, and the dates at and beside the bounds that follow.
    private struct Setting {
        let policy: TokenPolicy
        let expiries: [DateClaim]
        /// None at all, before the dates.
        let begins: [DateClaim?]
    }

    init(_ input: Span<UInt8>, seal: TokenSeal = .hmac) {
        var choices = ShortChoices(input)
        let moment = choices.number(under: Self.moments.count)
        let setting = Self.settings[moment * Self.leeways.count + choices.number(under: Self.leeways.count)]
        let algorithm = choices.number(under: Self.algorithms.count)
        let expiry = choices.pick(setting.expiries)
        let notBefore = choices.pick(setting.begins)
        let role = choices.pick(Self.roles)
        let subject = Self.subject(&choices)
        payload = Self.object(
            [subject.member, role.member, expiry.member, notBefore?.member], from: choices.number(under: 4))
        token = Self.signed(payload, algorithm, seal)
        policy = setting.policy
        expected = Self.verdict(policy, expiry, notBefore, subject.text, role)
    }

    /// Lets the next input use the memory of this one, of which nobody else may have a copy.
    consuming func leave() {
        KeptBytes.leave(payload)
        KeptBytes.leave(token)
    }

    private static let moments = [Int64(1_700_000_000), 0, 1, 4_102_444_800]
    private static let leeways = [Int64(0), 1, 300, 86_400]
    private static let trustedRoles = ["SERVICE", "é"]
    private static let algorithms = TokenAlgorithm.allCases
    private static let headers = algorithms.map { [UInt8](TokenMint.encodedHeader($0).utf8) + [0x2E] }

    /// Of every moment those with all leeways. Made once: an input has no text to make.
    private static let settings = moments.flatMap { now in
        leeways.map { leeway in
            Setting(
                policy: TokenPolicy(now: now, leewaySeconds: leeway, trustedRoles: trustedRoles),
                expiries: dates(around: now - leeway, now: now).map { date in
                    DateClaim(member: claim("exp", date.text), second: date.second)
                },
                begins: [nil] + dates(around: now + leeway, now: now).map { date in
                    DateClaim(member: claim("nbf", date.text), second: date.second)
                })
        }
    }

    private static func claim(_ name: String, _ json: String) -> [UInt8] { [UInt8](#""\#(name)":\#(json)"#.utf8) }

    /// The members that there are in their order, but the one at `start` first.
    private static func object(_ members: InlineArray<4, Member>, from start: Int) -> [UInt8] {
        var object = KeptBytes.taken(capacity: 256)
        object.append(0x7B)
        var count = 0
        for index in members.indices where members[index] != nil { count += 1 }
        let first = start % max(count, 1)
        var rank = 0
        for turn in 0 ..< 2 * members.count {
            guard let member = members[turn % members.count] else { continue }
            if (first ..< first + count).contains(rank) {
                if object.count > 1 { object.append(0x2C) }
                object.append(contentsOf: member)
            }
            rank += 1
        }
        object.append(0x7D)
        return object
    }

    /// As the mint does it, into one buffer.
    private static func signed(_ payload: [UInt8], _ algorithm: Int, _ seal: TokenSeal) -> [UInt8] {
        var token = KeptBytes.taken(capacity: 512)
        token.append(contentsOf: headers[algorithm])
        PlainBase64.append(payload.span, to: &token)
        seal.sign(&token, algorithms[algorithm])
        return token
    }

    /// The dates at or beside `bound`, and what is none.
    private static func dates(around bound: Int64, now: Int64) -> [Date] {
        [
            Date(bound + 1), Date(bound), Date(bound - 1), Date(now), Date(now + 1), Date(.max), Date(.min),
            Date("\(bound + 1)e0", means: Int128(bound) + 1),
            Date("\(max(bound, 0)).25", means: Int128(max(bound, 0)) + 1),
            Date("9223372036854775808", means: nil), Date("1e400", means: nil),
            Date("1e18", means: 1_000_000_000_000_000_000), Date("\"\(bound + 1)\"", means: nil),
            Date("null", means: nil), Date("-0", means: 0), Date("true", means: nil),
            Date("[\(bound + 1)]", means: nil),
        ]
    }

    private static let roles: [Role] = [
        Role(json: nil, meaning: .user), Role(json: #""USER""#, meaning: .user),
        Role(json: #""GUEST""#, meaning: .guest), Role(json: #""SERVICE""#, meaning: .trusted("SERVICE")),
        Role(json: #""\u0055SER""#, meaning: .user), Role(json: #""\u00e9""#, meaning: .trusted("é")),
        Role(json: #""e\u0301""#, meaning: nil), Role(json: #""user""#, meaning: nil),
        Role(json: #""""#, meaning: nil), Role(json: "null", meaning: nil), Role(json: "1", meaning: nil),
        Role(json: #""USER\u0000""#, meaning: nil), Role(json: #"["USER"]"#, meaning: nil),
    ]

    private static let guest = "guest-01234567-89ab-cdef-0123-456789ABCDEF"

    private static let subjects: [Subject] = [
        Subject(#""42""#, "42"), Subject(#""\#(guest)""#, guest), Subject(nil, nil), Subject("42", nil),
        Subject(#""""#, nil), Subject(#"".""#, nil), Subject(#""..""#, nil), Subject(#""...""#, nil),
        Subject(#""..a""#, "..a"), Subject(#""a\/b""#, nil), Subject(#""a\\b""#, nil),
        Subject(#""\u002e\u002E""#, nil), Subject(#""a\u0000""#, nil), Subject(#""\u0085""#, nil),
        Subject(#""\u2028""#, nil), Subject(#""\ud83d\ude00""#, "\u{1F600}"),
        Subject(#""\#(guest.dropLast())""#, String(guest.dropLast())), Subject(#""\#(guest)0""#, guest + "0"),
        Subject(#""%2e%2e%2f""#, "%2e%2e%2f"), Subject("null", nil),
    ]

    /// Subjects of so many bytes, each of several letters.
    private static let longSubjects = [127, 128, 129, 1].map { count in
        ["a", "é", "한", "~"].map { letter in
            let text = String(repeating: letter, count: max(count / letter.utf8.count, 1))
            let padded = text + String(repeating: "b", count: max(count - text.utf8.count, 0))
            return Subject(#""\#(padded)""#, padded.utf8.count <= 128 ? padded : nil)
        }
    }

    private static func subject(_ choices: inout ShortChoices) -> Subject {
        let index = choices.number(under: subjects.count + longSubjects.count)
        return index < subjects.count ? subjects[index] : choices.pick(longSubjects[index - subjects.count])
    }

    /// In the order in which the token says what is wrong with it.
    private static func verdict(
        _ policy: TokenPolicy, _ expiry: DateClaim, _ notBefore: DateClaim?, _ subject: String?, _ role: Role
    ) -> TokenStructured.Verdict {
        let (now, leeway) = (Int128(policy.now), Int128(policy.leewaySeconds))
        guard let end = expiry.second, let expiresAt = Int64(exactly: end) else { return .failure(.invalid(.expiry)) }
        if let notBefore {
            guard let start = notBefore.second else { return .failure(.invalid(.notBefore)) }
            guard now >= start - leeway else { return .failure(.invalid(.early)) }
        }
        guard now < end + leeway else { return .failure(.expired) }
        guard let subject else { return .failure(.invalid(.subject)) }
        guard let meaning = role.meaning else { return .failure(.invalid(.role)) }
        guard meaning != .guest || subject == guest else { return .failure(.invalid(.guestSubject)) }
        return .success(TokenClaims(subject: subject, role: meaning, expiresAt: expiresAt))
    }
}

/// ``Choices`` of no more than 16 bytes, held inline: the whole of an input of this target.
private struct ShortChoices {
    private var bytes = InlineArray<16, UInt8>(repeating: UInt8(ascii: "0"))
    private var index = 0

    init(_ input: Span<UInt8>) {
        for index in 0 ..< min(input.count, bytes.count) { bytes[index] = input[index] }
    }

    /// A number under `bound`, which is over 0.
    mutating func number(under bound: Int) -> Int {
        guard index < bytes.count else { return 0 }
        defer { index += 1 }
        return Int(bytes[index] &- UInt8(ascii: "0")) % bound
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(under: elements.count)] }
}
