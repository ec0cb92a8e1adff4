internal import Bytes

/// What the body of a store's answer is, whatever its status: a 200 may carry an `<Error>`.
package enum StoreReply: Equatable, Sendable {
    /// `InitiateMultipartUploadResult`, by rclone's name `InitiateMultipartUpload`; the upload id is not empty.
    case initiated(uploadID: String)
    /// `CompleteMultipartUploadResult`, by moto's name `CompleteMultipartUploadResponse`. The ETag keeps its quotes;
    /// Ceph leaves it empty.
    case completed(etag: String)
    /// `Error`, also inside `ErrorResponse` or `Response`, as other services send it. The code is not empty.
    case error(StoreError)
    /// A well-formed document with another root.
    case other(root: String)
    /// Not a document, or a known one without what it must have. An empty body is ``XMLRefusal/empty``.
    case malformed(XMLRefusal)

    /// Reads a whole body.
    package static func parse(_ body: Span<UInt8>, limits: XMLLimits = XMLLimits()) -> StoreReply {
        do {
            return try read(body, limits: limits)
        } catch {
            return .malformed(error)
        }
    }

    private static func read(_ body: Span<UInt8>, limits: XMLLimits) throws(XMLRefusal) -> StoreReply {
        var reader = XMLReader(limits: limits)
        var names: [String] = []
        names.reserveCapacity(4)
        var fields = StoreReplyFields()
        var root = ""
        while true {
            switch try reader.next(body) {
            case .start(let range):
                let name = body.extracting(range).repairedText()
                if names.isEmpty { root = name }
                names.append(name)
                fields.begin()
            case .text:
                fields.append(reader.text)
            case .end:
                fields.end(names)
                names.removeLast()
            case .finished:
                return try fields.reply(root: root)
            }
        }
    }
}

/// The elements that matter, as they come by.
private struct StoreReplyFields {
    private var uploadID = ""
    private var etag = ""
    private var error = StoreError()
    private var text: [UInt8] = []

    mutating func begin() { text.removeAll(keepingCapacity: true) }

    mutating func append(_ bytes: [UInt8]) { text += bytes }

    /// The innermost of `names` ends.
    mutating func end(_ names: [String]) {
        defer { text.removeAll(keepingCapacity: true) }
        guard names.count >= 2, let name = names.last else { return }
        switch names[names.count - 2] {
        case "InitiateMultipartUploadResult" where names.count == 2,
            "InitiateMultipartUpload" where names.count == 2:
            if name == "UploadId" { keep(&uploadID) }
        case "CompleteMultipartUploadResult" where names.count == 2,
            "CompleteMultipartUploadResponse" where names.count == 2:
            if name == "ETag" { keep(&etag) }
        case "Error":
            endOfErrorField(name)
        case "ErrorResponse", "Response":
            if name == "RequestId" || name == "RequestID" { keep(&error.requestID) }
        default:
            break
        }
    }

    func reply(root: String) throws(XMLRefusal) -> StoreReply {
        switch root {
        case "InitiateMultipartUploadResult", "InitiateMultipartUpload":
            guard !uploadID.isEmpty else { throw .incompleteReply }
            return .initiated(uploadID: uploadID)
        case "CompleteMultipartUploadResult", "CompleteMultipartUploadResponse":
            return .completed(etag: etag)
        case "Error", "ErrorResponse", "Response":
            guard !error.code.isEmpty else { throw .incompleteReply }
            return .error(error)
        default:
            return .other(root: root)
        }
    }

    private mutating func endOfErrorField(_ name: String) {
        switch name {
        case "Code": keep(&error.code)
        case "Message": keep(&error.message)
        case "RequestId": keep(&error.requestID)
        case "HostId": keep(&error.hostID)
        case "Region": keep(&error.region)
        case "Endpoint": keep(&error.endpoint)
        case "ServerTime": keep(&error.serverTime)
        default: break
        }
    }

    /// The first of several elements of one name counts.
    private func keep(_ field: inout String) {
        if field.isEmpty { field = String(decoding: text, as: UTF8.self) }
    }

    private func keep(_ field: inout String?) {
        if field == nil { field = String(decoding: text, as: UTF8.self) }
    }
}
