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
        // The open elements, by where their names stand: most of them are of no interest.
        var names: [Range<Int>] = []
        names.reserveCapacity(4)
        var fields = StoreReplyFields()
        var root = 0 ..< 0
        while true {
            switch try reader.next(body) {
            case .start(let range):
                if names.isEmpty { root = range }
                names.append(range)
                fields.begin()
            case .text:
                fields.append(reader.text)
            case .end:
                let name = names.removeLast()
                if let parent = names.last {
                    fields.end(body.extracting(name), in: body.extracting(parent), depth: names.count)
                }
                fields.begin()
            case .finished:
                return try fields.reply(root: body.extracting(root).repairedText())
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

    /// An element ends inside of `parent`, which has `depth - 1` others around it.
    mutating func end(_ name: Span<UInt8>, in parent: Span<UInt8>, depth: Int) {
        if parent.equals("Error") {
            endOfErrorField(name)
        } else if parent.equals("ErrorResponse") || parent.equals("Response") {
            if name.equals("RequestId") || name.equals("RequestID") { keep(&error.requestID) }
        } else if depth == 1, name.equals("UploadId") {
            if parent.equals("InitiateMultipartUploadResult") || parent.equals("InitiateMultipartUpload") {
                keep(&uploadID)
            }
        } else if depth == 1, name.equals("ETag") {
            if parent.equals("CompleteMultipartUploadResult") || parent.equals("CompleteMultipartUploadResponse") {
                keep(&etag)
            }
        }
    }

    func reply(root: String) throws(XMLRefusal) -> StoreReply {
        switch root {
        case "InitiateMultipartUploadResult", "InitiateMultipartUpload":
            guard !uploadID.isEmpty else { throw .incompleteReply }
            return .initiated(uploadID: uploadID)
        case "CompleteMultipartUploadResult", "CompleteMultipartUploadResponse":
            // A yes that a store began to write before it failed.
            return error.code.isEmpty ? .completed(etag: etag) : .error(error)
        case "Error", "ErrorResponse", "Response":
            guard !error.code.isEmpty else { throw .incompleteReply }
            return .error(error)
        default:
            return .other(root: root)
        }
    }

    private mutating func endOfErrorField(_ name: Span<UInt8>) {
        if name.equals("Code") {
            keep(&error.code)
        } else if name.equals("Message") {
            keep(&error.message)
        } else if name.equals("RequestId") {
            keep(&error.requestID)
        } else if name.equals("HostId") {
            keep(&error.hostID)
        } else if name.equals("Region") {
            keep(&error.region)
        } else if name.equals("Endpoint") {
            keep(&error.endpoint)
        } else if name.equals("ServerTime") {
            keep(&error.serverTime)
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
