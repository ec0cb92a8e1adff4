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

    /// A date as it is written, and the second that it means; nil for what is none.
    private struct Date {
        let text: String
        let second: Int128?

        init(_ second: Int64) { (text, self.second) = (String(second), Int128(second)) }

        init(_ text: String, means second: Int128?) { (self.text, self.second) = (text, second) }
    }

    private struct Role {
        let json: String?
        /// Nil where no policy takes it; what it is with a subject that is no guest's, and with one that is.
        let meaning: TokenRole?
    }

    init(_ input: Span<UInt8>, seal: TokenSeal = .hmac) {
        var choices = ShortChoices(input)
        let now = choices.pick(Self.moments)
        let leeway = choices.pick(Self.leeways)
        let policy = TokenPolicy(now: now, leewaySeconds: leeway, trustedRoles: Self.trustedRoles)
        let algorithm = choices.pick(Self.algorithms)
        let expiry = Self.date(choices.number(under: Self.dates), around: now - leeway, now: now)
        let place = choices.number(under: 1 + Self.dates)
        let notBefore = place == 0 ? nil : Self.date(place - 1, around: now + leeway, now: now)
        let role = choices.pick(Self.roles)
        let (subjectJSON, subject) = Self.subject(&choices)
        payload = Self.object([subjectJSON, role.json, expiry.text, notBefore?.text], from: choices.number(under: 4))
        token = Self.signed(payload, algorithm, seal)
        self.policy = policy
        expected = Self.verdict(policy, expiry, notBefore, subject, role)
    }

    private static let moments = [Int64(1_700_000_000), 0, 1, 4_102_444_800]
    private static let leeways = [Int64(0), 1, 300, 86_400]
    private static let trustedRoles = ["SERVICE", "é"]
    private static let algorithms = TokenAlgorithm.allCases

    private static let names: InlineArray<4, String> = [#""sub":"#, #""role":"#, #""exp":"#, #""nbf":"#]

    /// The members that there are in their order, but the one at `start` first.
    private static func object(_ values: InlineArray<4, String?>, from start: Int) -> [UInt8] {
        var object: [UInt8] = []
        object.reserveCapacity(256)
        object.append(0x7B)
        var count = 0
        for index in values.indices where values[index] != nil { count += 1 }
        let first = start % max(count, 1)
        var rank = 0
        for turn in 0 ..< 2 * values.count {
            guard let json = values[turn % values.count] else { continue }
            if (first ..< first + count).contains(rank) {
                if object.count > 1 { object.append(0x2C) }
                object.append(text: names[turn % values.count])
                object.append(text: json)
            }
            rank += 1
        }
        object.append(0x7D)
        return object
    }

    /// As the mint does it, into one buffer.
    private static func signed(_ payload: [UInt8], _ algorithm: TokenAlgorithm, _ seal: TokenSeal) -> [UInt8] {
        var token: [UInt8] = []
        token.reserveCapacity(payload.count * 4 / 3 + 192)
        token.append(text: TokenMint.encodedHeader(algorithm))
        token.append(0x2E)
        PlainBase64.append(payload.span, to: &token)
        seal.sign(&token, algorithm)
        return token
    }

    private static let dates = 17

    /// One of the dates at or beside `bound`, and of those that are none.
    private static func date(_ place: Int, around bound: Int64, now: Int64) -> Date {
        switch place {
        case 0: Date(bound + 1)
        case 1: Date(bound)
        case 2: Date(bound - 1)
        case 3: Date(now)
        case 4: Date(now + 1)
        case 5: Date(.max)
        case 6: Date(.min)
        case 7: Date("\(bound + 1)e0", means: Int128(bound) + 1)
        case 8: Date("\(max(bound, 0)).25", means: Int128(max(bound, 0)) + 1)
        case 9: Date("9223372036854775808", means: nil)
        case 10: Date("1e400", means: nil)
        case 11: Date("1e18", means: 1_000_000_000_000_000_000)
        case 12: Date("\"\(bound + 1)\"", means: nil)
        case 13: Date("null", means: nil)
        case 14: Date("-0", means: 0)
        case 15: Date("true", means: nil)
        default: Date("[\(bound + 1)]", means: nil)
        }
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

    private static let subjects: [(String?, String?)] = [
        (#""42""#, "42"), (#""\#(guest)""#, guest), (nil, nil), ("42", nil), (#""""#, nil), (#"".""#, nil),
        (#""..""#, nil), (#""...""#, nil), (#""..a""#, "..a"), (#""a\/b""#, nil), (#""a\\b""#, nil),
        (#""\u002e\u002E""#, nil), (#""a\u0000""#, nil), (#""\u0085""#, nil), (#""\u2028""#, nil),
        (#""\ud83d\ude00""#, "\u{1F600}"), (#""\#(guest.dropLast())""#, String(guest.dropLast())),
        (#""\#(guest)0""#, guest + "0"), (#""%2e%2e%2f""#, "%2e%2e%2f"), ("null", nil),
    ]

    /// A `sub` as it is written, and its text where it is one safe segment.
    private static func subject(_ choices: inout ShortChoices) -> (json: String?, text: String?) {
        let index = choices.number(under: subjects.count + 4)
        if index < subjects.count { return subjects[index] }
        let count = [127, 128, 129, 1][index - subjects.count]
        let letter = choices.pick(["a", "é", "한", "~"])
        let text = String(repeating: letter, count: max(count / letter.utf8.count, 1))
        let padded = text + String(repeating: "b", count: max(count - text.utf8.count, 0))
        return (#""\#(padded)""#, padded.utf8.count <= 128 ? padded : nil)
    }

    /// In the order in which the token says what is wrong with it.
    private static func verdict(
        _ policy: TokenPolicy, _ expiry: Date, _ notBefore: Date?, _ subject: String?, _ role: Role
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
