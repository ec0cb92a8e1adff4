import Bytes
import Foundation
import Synchronization
import TestSupport

/// Multipart uploads in memory, with faults where a test puts them. It checks no signature: moto does that.
final class FakeS3: Sendable {
    struct Bucket {
        var uploads: [String: Upload] = [:]
        var objects: [String: Object] = [:]
        var serial = 0
        var steps: [String] = []
        /// The bodies of Complete.
        var documents: [String] = []
    }

    struct Upload {
        var path: String
        var token: String
        var parts: [Int: [UInt8]] = [:]
    }

    struct Object: Equatable {
        var bytes: [UInt8]
        var token: String
    }

    enum Fault: Sendable {
        /// Instead of doing it.
        case instead(ScriptedReply)
        /// After doing it.
        case after(ScriptedReply)
        /// After doing another step.
        case beside(String)
    }

    private let bucket = Mutex(Bucket())
    /// What goes wrong with the `n`th (from 1) request of a step.
    private let faults: @Sendable (_ step: String, _ count: Int) -> Fault?

    init(faults: @escaping @Sendable (_ step: String, _ count: Int) -> Fault? = { _, _ in nil }) {
        self.faults = faults
    }

    func makeServer() throws -> ScriptedServer { try ScriptedServer(replying: { self.reply($0) }) }

    var steps: [String] { bucket.withLock { $0.steps } }
    var documents: [String] { bucket.withLock { $0.documents } }
    var uploadCount: Int { bucket.withLock { $0.uploads.count } }
    var objects: [String: Object] { bucket.withLock { $0.objects } }

    func reply(_ request: ScriptedRequest) -> ScriptedReply {
        let (path, query) = Self.split(request.target)
        let step = Self.step(request.method, query)
        return bucket.withLock { bucket in
            bucket.steps.append(step)
            let count = bucket.steps.count { $0 == step }
            switch faults(step, count) {
            case .instead(let reply): return reply
            case .after(let reply):
                _ = Self.perform(step, path, query, request, &bucket)
                return reply
            case .beside(let other):
                // A Create of the key that the test has.
                _ = Self.perform(other, S3StoreTests.path, [:], request, &bucket)
                return Self.perform(step, path, query, request, &bucket)
            case nil: return Self.perform(step, path, query, request, &bucket)
            }
        }
    }

    private static func perform(
        _ step: String, _ path: String, _ query: [String: String], _ request: ScriptedRequest, _ bucket: inout Bucket
    ) -> ScriptedReply {
        switch step {
        case "create":
            bucket.serial += 1
            let id = "upload+/\(bucket.serial)"
            bucket.uploads[id] = Upload(path: path, token: request.field("x-amz-meta-sluice-id") ?? "")
            return .answer(
                200, [],
                "<?xml version=\"1.0\"?><InitiateMultipartUploadResult><UploadId>\(id)</UploadId>"
                    + "</InitiateMultipartUploadResult>")
        case "part":
            guard let id = query["uploadId"], let number = query["partNumber"].flatMap({ Int($0) }),
                bucket.uploads[id] != nil
            else { return noSuchUpload }
            bucket.uploads[id]?.parts[number] = request.body
            return .answer(200, [("ETag", "\"etag-\(number)\"")])
        case "put":
            bucket.objects[path] = Object(bytes: request.body, token: request.field("x-amz-meta-sluice-id") ?? "")
            return .answer(200, [("ETag", "\"etag\"")])
        case "delete":
            bucket.objects[path] = nil
            return .answer(204)
        case "complete":
            bucket.documents.append(String(decoding: request.body, as: UTF8.self))
            guard let id = query["uploadId"], let upload = bucket.uploads.removeValue(forKey: id)
            else { return noSuchUpload }
            let bytes = upload.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            bucket.objects[upload.path] = Object(bytes: bytes, token: upload.token)
            return .answer(
                200, [], "\n  <CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>")
        case "parts":
            guard let upload = query["uploadId"].flatMap({ bucket.uploads[$0] }) else { return noSuchUpload }
            let after = query["part-number-marker"].flatMap { Int($0) } ?? 0
            let rest = upload.parts.sorted { $0.key < $1.key }.filter { $0.key > after }
            let page = rest.prefix(partsOnPage)
            let found = page.map { number, bytes in
                "<Part><PartNumber>\(number)</PartNumber><ETag>&quot;etag-\(number)&quot;</ETag>"
                    + "<Size>\(bytes.count)</Size><ChecksumCRC32C>sum-\(number)</ChecksumCRC32C></Part>"
            }
            return .answer(
                200, [], "<ListPartsResult><IsTruncated>\(rest.count > page.count)</IsTruncated>"
                    + found.joined() + "</ListPartsResult>")
        case "abort":
            guard let id = query["uploadId"], bucket.uploads.removeValue(forKey: id) != nil
            else { return noSuchUpload }
            return .answer(204)
        case "head":
            guard let object = bucket.objects[path] else { return .raw("HTTP/1.1 404 None\r\n\r\n") }
            return .raw(
                "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: \(object.bytes.count)\r\n"
                    + "x-amz-meta-sluice-id: \(object.token)\r\n\r\n")
        case "search":
            let found = bucket.uploads.map { id, upload in
                "<Upload><Key>\(key(upload.path))</Key><UploadId>\(id)</UploadId></Upload>"
            }
            return .answer(200, [], "<ListMultipartUploadsResult>\(found.joined())</ListMultipartUploadsResult>")
        default: return error(400, "InvalidRequest")
        }
    }

    /// Few, so that a list has several pages.
    private static let partsOnPage = 2

    static func error(_ status: Int, _ code: String) -> ScriptedReply {
        .answer(status, [], "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>scripted</Message></Error>")
    }

    private static var noSuchUpload: ScriptedReply { error(404, "NoSuchUpload") }

    /// The key of `/bucket/key`.
    private static func key(_ path: String) -> String {
        path.split(separator: "/").dropFirst().joined(separator: "/").removingPercentEncoding ?? ""
    }

    private static func split(_ target: String) -> (String, [String: String]) {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            query[sides[0]] = sides.count > 1 ? sides[1] : ""
        }
        return (parts[0], query)
    }

    private static func step(_ method: String, _ query: [String: String]) -> String {
        switch method {
        case "POST": query["uploads"] != nil ? "create" : "complete"
        case "PUT": query["partNumber"] != nil ? "part" : "put"
        case "DELETE": query["uploadId"] != nil ? "abort" : "delete"
        case "HEAD": "head"
        default: query["uploads"] != nil ? "search" : query["uploadId"] != nil ? "parts" : "get"
        }
    }
}
