internal import AWS
internal import Bytes
internal import HTTPClient
internal import SigV4
internal import StoreStates

/// Puts requests to S3 together and signs them. One for each worker: keys and buffers are kept.
final class S3Requests {
    /// What of an upload its requests name.
    struct Subject {
        let key: String
        let path: String
        let contentType: String
        let recordToken: String
    }

    let configuration: S3Configuration
    /// Where requests go to.
    private(set) var location: S3Location
    let clock: () -> Int64
    private let hash = LibcryptoSigning()
    private var signer: RequestSigner<LibcryptoSigning>?

    /// - Parameter clock: milliseconds since 1970.
    init(configuration: S3Configuration, clock: @escaping () -> Int64) {
        self.configuration = configuration
        location = configuration.location
        self.clock = clock
    }

    /// How far the store's clock is ahead of ours, as far as that had to be learned.
    private(set) var skewMilliseconds: Int64 = 0

    /// The store refuses a request for its time, and says that it is `date` (RFC 9110 § 6.6.1): requests are signed
    /// with the store's time from now on.
    ///
    /// - Returns: false where that changes nothing, so that the request would be refused again.
    func adoptClock(date: String) -> Bool {
        guard let theirs = CivilTime.milliseconds(imfFixdate: date.utf8Span.span) else { return false }
        let skew = theirs - clock()
        guard abs(skew - skewMilliseconds) >= Self.skewStepMilliseconds else { return false }
        skewMilliseconds = skew
        return true
    }

    /// S3 bears a difference of 15 minutes; what moves the clock by less than one does not help.
    private static let skewStepMilliseconds: Int64 = 60_000

    var credentials: Credentials? {
        get { signer?.credentials }
        set {
            guard let newValue else { return signer = nil }
            if signer != nil {
                signer?.credentials = newValue
            } else {
                signer = makeSigner(newValue)
            }
        }
    }

    private func makeSigner(_ credentials: Credentials) -> RequestSigner<LibcryptoSigning> {
        RequestSigner(hash: hash, credentials: credentials, region: location.region, service: "s3", rules: .s3)
    }

    /// The store said where the bucket is. Requests go there from now on.
    ///
    /// - Parameter now: milliseconds of the loop's clock.
    /// - Returns: false where that is no region, or one too many.
    func move(to region: String, now: Int64) -> Bool {
        guard region != location.region else { return true }
        guard location.move(to: region, now: now) else { return false }
        signer = signer.map { makeSigner($0.credentials) }
        return true
    }

    /// Is the store there? Whatever it answers.
    func probe() -> HTTPRequest? { signed(.head, location.endpoint.bucketPath, "", [], .empty) }

    /// The request for `step`; nil without credentials.
    ///
    /// - Parameter body: the source of a part, or of a whole object.
    func request(_ step: S3Step, _ subject: Subject, body: PartSource?) -> HTTPRequest? {
        switch step {
        case .create:
            var fields = objectFields(subject)
            if configuration.partSigning.hasChecksum {
                fields.append((name: "x-amz-checksum-algorithm", value: "CRC32C"))
            }
            return signed(.post, subject.path, "uploads=", fields, .empty)
        case .part(let uploadID, let number, let length):
            guard let body else { return nil }
            return part(subject, "partNumber=\(number)&uploadId=\(Self.encoded(uploadID))", [], length, body)
        case .put(let length):
            guard let body else { return nil }
            return part(subject, "", objectFields(subject), length, body)
        case .complete(let uploadID, let parts):
            let document = S3CompleteDocument.bytes(parts)
            var request = signed(
                .post, subject.path, "uploadId=\(Self.encoded(uploadID))", [("content-type", "application/xml")],
                .digest(hash.sha256(document.span)))
            request?.body = .bytes(document)
            request?.totalMilliseconds = configuration.completeMilliseconds
            return request
        case .abort(let uploadID):
            return signed(.delete, subject.path, "uploadId=\(Self.encoded(uploadID))", [], .empty)
        case .delete:
            return signed(.delete, subject.path, "", [], .empty)
        case .head:
            return signed(.head, subject.path, "", [], .empty)
        case .search:
            let query = "max-uploads=100&prefix=\(Self.encoded(subject.key))&uploads="
            var request = signed(.get, location.endpoint.bucketPath, query, [], .empty)
            request?.responseBytesMax = 1 << 20
            return request
        }
    }

    /// As the signer takes them.
    typealias Fields = [(name: String, value: String)]

    /// What has room for the fields of nearly every request.
    private static let fieldsUsual = 8

    /// What is kept with the object.
    private func objectFields(_ subject: Subject) -> Fields {
        var fields: Fields = []
        fields.reserveCapacity(Self.fieldsUsual)
        fields.append((name: "content-type", value: subject.contentType))
        fields.append((name: "x-amz-meta-sluice-id", value: subject.recordToken))
        if let acl = configuration.acl { fields.append((name: "x-amz-acl", value: acl.rawValue)) }
        return fields
    }

    /// A part, or with other fields and no query a whole object.
    private func part(
        _ subject: Subject, _ query: String, _ fields: Fields, _ length: Int64, _ body: PartSource
    ) -> HTTPRequest? {
        let signing = configuration.partSigning
        var fields = fields
        var wireLength = length
        var chunkBytes = 0
        if let framing = signing.framing {
            chunkBytes = ChunkTrailer.chunkBytes(framing, isThere: body.isThere)
            guard let encodedLength = ChunkTrailer.encodedLength(length, framing, chunkBytes: chunkBytes)
            else { return nil }
            wireLength = encodedLength
            // With a part it describes the request alone.
            if !query.isEmpty || configuration.namesChunkedEncoding {
                fields.append((name: "content-encoding", value: "aws-chunked"))
            }
            fields.append((name: "x-amz-decoded-content-length", value: "\(length)"))
            if signing.hasChecksum { fields.append((name: "x-amz-trailer", value: ChunkTrailer.name)) }
        }
        var seed: SignedRequest?
        var request = signed(.put, subject.path, query, fields, signing.payloadHash, &seed)
        guard let seed, let source = wireSource(body, length, chunkBytes, signing, seed) else { return nil }
        request?.body = .streamed(length: wireLength, source: source)
        request?.totalMilliseconds = nil
        return request
    }

    /// What goes on the wire of a part's bytes.
    private func wireSource(
        _ body: PartSource, _ length: Int64, _ chunkBytes: Int, _ signing: S3PartSigning, _ seed: SignedRequest
    ) -> (any RequestBodySource)? {
        switch signing {
        case .unsigned: return body
        case .unsignedTrailer: return UnsignedChunkSource(body, length: length)
        case .signedChunks, .signedTrailer:
            guard let chunks = signer?.chunkSigner(for: seed) else { return nil }
            return SignedChunkSource(
                body, length: length, chunkBytes: chunkBytes, signer: chunks, hash: hash,
                hasTrailer: signing == .signedTrailer)
        }
    }

    func signed(
        _ method: HTTPMethod, _ path: String, _ query: String, _ fields: Fields, _ payload: PayloadHash
    ) -> HTTPRequest? {
        var ignored: SignedRequest?
        return signed(method, path, query, fields, payload, &ignored)
    }

    private func signed(
        _ method: HTTPMethod, _ path: String, _ query: String, _ fields: Fields, _ payload: PayloadHash,
        _ result: inout SignedRequest?
    ) -> HTTPRequest? {
        let endpoint = location.endpoint
        var fields = fields
        if let owner = configuration.expectedBucketOwner {
            fields.append((name: "x-amz-expected-bucket-owner", value: owner))
        }
        // `Host` is the client's to send.
        fields.append((name: "host", value: endpoint.host))
        let signing = SigningRequest(method: method.name, path: path, query: query, fields: fields)
        let now = clock() + skewMilliseconds
        guard let signature = signer?.sign(signing, payload: payload, at: now) else { return nil }
        result = signature
        var lines = HTTPFieldLines()
        lines.reserveCapacity(512 + (signature.securityToken?.utf8.count ?? 0))
        for (name, value) in fields.dropLast() { lines.append(name, value) }
        lines.append("x-amz-date", signature.date)
        if let payloadHash = signature.payloadHash { lines.append("x-amz-content-sha256", payloadHash) }
        if let token = signature.securityToken { lines.append("x-amz-security-token", token) }
        lines.append("authorization", signature.authorization)
        return HTTPRequest(
            method, endpoint.origin, target: query.isEmpty ? path : "\(path)?\(query)", fields: lines,
            connectMilliseconds: configuration.connectMilliseconds,
            totalMilliseconds: configuration.controlMilliseconds)
    }

    static func encoded(_ text: String) -> String { PercentCoding.encode(text, keepsSlash: false) }
}
