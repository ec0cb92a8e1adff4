internal import AWS
internal import Bytes
internal import HTTPClient
internal import SigV4

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
    private let clock: () -> Int64
    private let hash = LibcryptoSigning()
    private var signer: RequestSigner<LibcryptoSigning>?

    /// - Parameter clock: milliseconds since 1970.
    init(configuration: S3Configuration, clock: @escaping () -> Int64) {
        self.configuration = configuration
        location = configuration.location
        self.clock = clock
    }

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
    /// - Returns: false where that is no region.
    func move(to region: String) -> Bool {
        guard region != location.region else { return true }
        guard location.move(to: region) else { return false }
        signer = signer.map { makeSigner($0.credentials) }
        return true
    }

    /// Is the store there? Whatever it answers.
    func probe() -> HTTPRequest? { signed(.head, location.endpoint.bucketPath, "", [], .empty) }

    /// The request for `step`; nil without credentials.
    ///
    /// - Parameter body: the source of a part.
    func request(_ step: S3Step, _ subject: Subject, body: (any RequestBodySource)?) -> HTTPRequest? {
        switch step {
        case .create:
            let fields = [("content-type", subject.contentType), ("x-amz-meta-sluice-id", subject.recordToken)]
            return signed(.post, subject.path, "uploads=", fields, .empty)
        case .part(let uploadID, let number, let length):
            guard let body else { return nil }
            return part(subject, "partNumber=\(number)&uploadId=\(Self.encoded(uploadID))", length, body)
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
        case .head:
            return signed(.head, subject.path, "", [], .empty)
        case .search:
            let query = "max-uploads=100&prefix=\(Self.encoded(subject.key))&uploads="
            var request = signed(.get, location.endpoint.bucketPath, query, [], .empty)
            request?.responseBytesMax = 1 << 20
            return request
        }
    }

    private func part(
        _ subject: Subject, _ query: String, _ length: Int64, _ body: any RequestBodySource
    ) -> HTTPRequest? {
        guard configuration.signsParts else {
            var request = signed(.put, subject.path, query, [], .unsigned)
            if length <= Self.wholePartBytesMax, let bytes = Self.whole(body, Int(length)) {
                request?.body = .bytes(bytes)
            } else {
                request?.body = .streamed(length: length, source: body)
            }
            request?.totalMilliseconds = nil
            return request
        }
        guard let encodedLength = SignedChunkSource.encodedLength(length) else { return nil }
        let fields = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "\(length)")]
        var seed: SignedRequest?
        var request = signed(.put, subject.path, query, fields, .streamingSigned, &seed)
        guard let seed, let chunks = signer?.chunkSigner(for: seed) else { return nil }
        let source = SignedChunkSource(body, length: length, signer: chunks, hash: hash)
        request?.body = .streamed(length: encodedLength, source: source)
        request?.totalMilliseconds = nil
        return request
    }

    /// A part of no more than this, all of which is there, leaves together with its head: one write, one packet train
    /// and one wake-up of the store less.
    private static let wholePartBytesMax: Int64 = 65_536

    /// The next `length` bytes of `body`, nil where they are not all there.
    private static func whole(_ body: any RequestBodySource, _ length: Int) -> [UInt8]? {
        guard body.readyBytes >= length else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while bytes.count < length {
            let supply = body.next { span in
                let count = min(span.count, length - bytes.count)
                bytes.append(contentsOf: span.extracting(first: count))
                return count
            }
            guard case .supplied = supply else { return nil }
        }
        return bytes
    }

    private func signed(
        _ method: HTTPMethod, _ path: String, _ query: String, _ fields: [(String, String)], _ payload: PayloadHash
    ) -> HTTPRequest? {
        var ignored: SignedRequest?
        return signed(method, path, query, fields, payload, &ignored)
    }

    private func signed(
        _ method: HTTPMethod, _ path: String, _ query: String, _ fields: [(String, String)], _ payload: PayloadHash,
        _ result: inout SignedRequest?
    ) -> HTTPRequest? {
        let endpoint = location.endpoint
        var signing = SigningRequest(method: method.name, path: path, query: query, fields: [])
        signing.fields.reserveCapacity(fields.count + 1)
        signing.fields.append((name: "host", value: endpoint.host))
        for (name, value) in fields { signing.fields.append((name: name, value: value)) }
        guard let signature = signer?.sign(signing, payload: payload, at: clock()) else { return nil }
        result = signature
        var lines = HTTPFieldLines()
        lines.reserveCapacity(512 + (signature.securityToken?.utf8.count ?? 0))
        for (name, value) in fields { lines.append(name, value) }
        lines.append("x-amz-date", signature.date)
        if let payloadHash = signature.payloadHash { lines.append("x-amz-content-sha256", payloadHash) }
        if let token = signature.securityToken { lines.append("x-amz-security-token", token) }
        lines.append("authorization", signature.authorization)
        var url = endpoint.origin
        url.reserveCapacity(url.utf8.count + path.utf8.count + query.utf8.count + 1)
        url += path
        if !query.isEmpty {
            url += "?"
            url += query
        }
        return HTTPRequest(
            method, url, fields: lines, connectMilliseconds: configuration.connectMilliseconds,
            totalMilliseconds: configuration.controlMilliseconds)
    }

    private static func encoded(_ text: String) -> String { PercentCoding.encode(text, keepsSlash: false) }
}
