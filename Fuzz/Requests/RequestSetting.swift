internal import Bytes
internal import FuzzBasics
internal import FuzzPlain
internal import Gateway

/// Everything that is not in the request itself, out of the first line of an input.
struct RequestSetting {
    let nowMilliseconds = RequestTokens.now * 1_000 + 7
    let peer: IPAddress?
    let trusted: TrustedPeers
    let cors: CORSPolicy
    let judge: Judge
    let publicURL: PublicURL
    let hasSecret: Bool
    let rate: RateLimit?
    /// So often the request comes, with so many microseconds between.
    let repeats: Int
    let pauseMicroseconds: Int64
    /// Other callers that come first.
    let others: Int
    let v6PrefixBits: Int
    /// The record that every id and every key has.
    let image: ImageRecord
    let pieceBytes: Int
    /// One refusal that is answered whatever the request is.
    let refusal: Refusal

    static let uuid = "0a1b2c3d-4e5f-4a0b-8c1d-2e3f4a5b6c7d"
    static let key = "users/1/images/1000-\(uuid).gif"
    static let recordToken = "11111111-2222-4333-8444-555555555555"

    init(_ line: Span<UInt8>) {
        var choices = Choices(line)
        let ranges = AddressRangeList([
            AddressRange(containing: IPAddress(v4: 0x0A00_0000), prefixBits: 8),
            AddressRange(containing: IPAddress(upper: 0xFD00_0000_0000_0000, lower: 0), prefixBits: 8),
        ])
        let proxies = TrustedPeers(ranges: ranges ?? AddressRangeList(), includesUnixSockets: true)
        peer = choices.pick([
            IPAddress(v4: 0xC000_0201), IPAddress(v4: 0x0A00_0001), nil,
            IPAddress(upper: 0xFD00_0000_0000_0001, lower: 1), IPAddress(upper: 0x2001_0DB8_0000_0001, lower: 5),
        ])
        trusted = choices.number(under: 2) == 0 ? proxies : TrustedPeers()
        cors = CORSPolicy(origins: choices.pick([[], ["https://a.example"], ["https://a.example", "http://b"]]))
        var policy = UploadPolicy(uploadBytesMax: 1_000, partBytes: 100)
        policy.strategy = choices.pick([.multipart, .put, .auto])
        var judge = Judge(
            policy: policy, leewaySeconds: choices.pick([0, 60]), trustedRoles: ["SERVICE"],
            servesDevelopment: choices.number(under: 2) == 1)
        judge.servesGuestTokens = choices.number(under: 2) == 1
        judge.formField = choices.pick([nil, "image"])
        self.judge = judge
        publicURL = choices.pick([.base("https://img.example/"), .ofRequest])
        hasSecret = choices.number(under: 2) == 0
        rate = choices.pick([
            nil, RateLimit(ratePerSecond: 1, burst: 1), RateLimit(ratePerMinute: 7, burst: 2),
            RateLimit(ratePerSecond: 0, burst: 3),
        ])
        repeats = 1 + choices.number(under: 5)
        pauseMicroseconds = choices.pick([0, 999_999, 1_000_000, 60_000_000, -5, 1 << 62])
        others = choices.number(under: 64)
        v6PrefixBits = choices.pick([64, 32, 128, 56, 0, 999])
        let state = choices.pick([UploadLife.State.stored, .completing, .expiring, .opening, .aborting])
        let owner = choices.pick(["1", "2", RequestTokens.guest, "\u{E9} \u{1F600}"])
        let registrant = choices.pick([nil, "USER", "GUEST", "SERVICE"])
        // An old record may have another key than ours are now.
        let key = state == .stored && owner == "2" ? "k" : Self.key
        image = ImageRecord(
            imageID: 123, key: key, owner: owner, contentType: "image/gif",
            filename: choices.pick([nil, "a \"b\".gif", "\u{1F600}"]), fileBytes: 24, state: state, uploaded: 1_000,
            registered: registrant == nil ? nil : 2_000, registrant: registrant,
            expires: choices.pick([nil, 9_000_000]))
        pieceBytes = choices.pick([4_096, 1, 2, 3, 7, 16])
        refusal = choices.pick(Refusal.allCases)
    }
}
