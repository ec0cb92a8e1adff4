internal import Bytes

/// Signs requests to one service in one region (Signature Version 4, in the `Authorization` field).
///
/// Derived keys are kept for the day, the date's text for the second, and all text is put together in two buffers that
/// are used again, so that a signature costs one SHA-256, one HMAC and the strings that are handed out. It belongs to
/// one thread.
package struct RequestSigner<Hash: SigningHash> {
    package let region: String
    package let service: String
    package let rules: SigningRules

    /// Changing these drops the derived key.
    package var credentials: Credentials {
        didSet { if credentials != oldValue { cachedKey = nil } }
    }

    private let hash: Hash
    private var cachedKey: (day: Int64, key: SigningKey<Hash>)?
    private var cachedDate: (second: Int64, text: String)?
    private var canonical: [UInt8] = []
    private var text: [UInt8] = []
    private var fields = CanonicalFields()

    package init(hash: Hash, credentials: Credentials, region: String, service: String, rules: SigningRules) {
        self.hash = hash
        self.credentials = credentials
        self.region = region
        self.service = service
        self.rules = rules
    }

    /// Signs `request` with the time `milliseconds` since the epoch.
    package mutating func sign(
        _ request: SigningRequest, payload: PayloadHash, at milliseconds: Int64
    ) -> SignedRequest {
        let date = dateText(at: milliseconds)
        let key = signingKey(date: date, at: milliseconds)
        let payloadText = payload.text
        let names = writeCanonicalRequest(request, payload: payloadText, date: date)
        writeStringToSign(date: date, scope: key.scope)
        let signature = hash.code(for: text.span, under: key.key)
        return SignedRequest(
            date: date,
            payloadHash: rules.sendsPayloadHash ? payloadText : nil,
            securityToken: credentials.sessionToken,
            authorization: authorization(scope: key.scope, names: names, signature: signature),
            signature: signature)
    }

    /// Signs the chunks of the body of a request that was signed as `.streamingSigned` or `.streamingSignedTrailer`.
    package mutating func chunkSigner(for signed: SignedRequest) -> ChunkSigner<Hash> {
        // The request's own day counts, also for chunks that are sent after midnight.
        let key =
            if let cachedKey, cachedKey.key.scope.span.hasPrefix(signed.date.utf8Span.span.extracting(first: 8)) {
                cachedKey.key
            } else {
                derivedKey(date: signed.date)
            }
        return ChunkSigner(hash: hash, key: key, date: signed.date, seed: signed.signature)
    }

    /// The hash of a body that is all there.
    package func digest(of body: Span<UInt8>) -> PayloadHash { .digest(hash.sha256(body)) }

    /// The canonical request of the last signature. For messages about a signature that a store refused, and tests;
    /// it may hold a session token.
    package var lastCanonicalRequest: String { String(decoding: canonical, as: UTF8.self) }

    /// The string to sign of the last signature.
    package var lastStringToSign: String { String(decoding: text, as: UTF8.self) }

    private mutating func writeCanonicalRequest(
        _ request: SigningRequest, payload: String, date: String
    ) -> Range<Int> {
        fields.removeAll()
        for (name, value) in request.fields { fields.insert(name, value) }
        fields.insert("x-amz-date", date)
        if rules.sendsPayloadHash { fields.insert("x-amz-content-sha256", payload) }
        if rules.signsSessionToken, let token = credentials.sessionToken {
            fields.insert("x-amz-security-token", token)
        }
        canonical.removeAll(keepingCapacity: true)
        canonical.append(text: request.method)
        canonical.append(0x0A)
        CanonicalPath.append(request.path.utf8Span.span, rules: rules, to: &canonical)
        canonical.append(0x0A)
        CanonicalQuery.append(request.query.utf8Span.span, to: &canonical)
        canonical.append(0x0A)
        fields.appendLines(to: &canonical)
        canonical.append(0x0A)
        let start = canonical.count
        fields.appendNames(to: &canonical)
        let names = start ..< canonical.count
        canonical.append(0x0A)
        canonical.append(text: payload)
        return names
    }

    private mutating func writeStringToSign(date: String, scope: [UInt8]) {
        let digest = hash.sha256(canonical.span)
        text.removeAll(keepingCapacity: true)
        text.append(text: "AWS4-HMAC-SHA256\n")
        text.append(text: date)
        text.append(0x0A)
        text.append(contentsOf: scope)
        text.append(0x0A)
        Hex.appendLower(digest.span, to: &text)
    }

    private func authorization(scope: [UInt8], names: Range<Int>, signature: SigningDigest) -> String {
        var line: [UInt8] = []
        line.reserveCapacity(128 + credentials.accessKeyID.utf8.count + scope.count + names.count)
        line.append(text: "AWS4-HMAC-SHA256 Credential=")
        line.append(text: credentials.accessKeyID)
        line.append(0x2F)
        line.append(contentsOf: scope)
        line.append(text: ", SignedHeaders=")
        line.append(contentsOf: canonical.span.extracting(names))
        line.append(text: ", Signature=")
        Hex.appendLower(signature.span, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    private mutating func dateText(at milliseconds: Int64) -> String {
        let second = Self.floorDivide(milliseconds, by: 1_000)
        if let cachedDate, cachedDate.second == second { return cachedDate.text }
        let text = CivilTime(millisecondsSinceEpoch: milliseconds).basic
        cachedDate = (second, text)
        return text
    }

    private mutating func signingKey(date: String, at milliseconds: Int64) -> SigningKey<Hash> {
        let day = Self.floorDivide(milliseconds, by: 86_400_000)
        if let cachedKey, cachedKey.day == day { return cachedKey.key }
        let key = derivedKey(date: date)
        cachedKey = (day, key)
        return key
    }

    private func derivedKey(date: String) -> SigningKey<Hash> {
        SigningKey(
            hash, secretAccessKey: credentials.secretAccessKey, date: date.utf8Span.span.extracting(first: 8),
            region: region, service: service)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
