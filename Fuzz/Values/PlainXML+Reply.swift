internal import XMLWire

/// The elements of a document whose text counts: what stands between the last tag inside of them and their own end.
extension PlainXML {
    private struct Leaf {
        let depth: Int
        let parent: String
        let name: String
        let text: String
    }

    private var leaves: [Leaf] {
        var leaves: [Leaf] = []
        var path: [String] = []
        var text = ""
        for item in outline {
            let rest = Self.withoutMark(item)
            switch item.unicodeScalars.first {
            case "="?: text = rest
            case "<"?:
                path.append(rest)
                text = ""
            default:
                let name = path.removeLast()
                leaves.append(Leaf(depth: path.count + 1, parent: path.last ?? "", name: name, text: text))
                text = ""
            }
        }
        return leaves
    }

    /// Not `dropFirst()` of the text: a combining mark behind the first character is one character with it.
    private static func withoutMark(_ item: String) -> String {
        String(String.UnicodeScalarView(item.unicodeScalars.dropFirst()))
    }

    /// The reply that the document is; nil for a known one without what it must have.
    var reply: StoreReply? {
        guard let root = outline.first.map(Self.withoutMark) else { return nil }
        let leaves = leaves
        func filled(_ name: String, _ isMeant: (Leaf) -> Bool) -> String {
            leaves.first { $0.name == name && isMeant($0) && !$0.text.isEmpty }?.text ?? ""
        }
        func first(_ name: String) -> String? { leaves.first { $0.name == name && $0.parent == "Error" }?.text }
        var error = StoreError()
        error.code = filled("Code") { $0.parent == "Error" }
        error.message = filled("Message") { $0.parent == "Error" }
        error.requestID =
            leaves.first { leaf in
                leaf.parent == "Error" && leaf.name == "RequestId"
                    || ["ErrorResponse", "Response"].contains(leaf.parent)
                        && ["RequestId", "RequestID"].contains(leaf.name)
            }?.text
        error.hostID = first("HostId")
        error.region = first("Region")
        error.endpoint = first("Endpoint")
        error.serverTime = first("ServerTime")
        switch root {
        case "InitiateMultipartUploadResult", "InitiateMultipartUpload":
            let uploadID = filled("UploadId") { $0.depth == 2 }
            return uploadID.isEmpty ? nil : .initiated(uploadID: uploadID)
        case "CompleteMultipartUploadResult", "CompleteMultipartUploadResponse":
            return error.code.isEmpty ? .completed(etag: filled("ETag") { $0.depth == 2 }) : .error(error)
        case "Error", "ErrorResponse", "Response": return error.code.isEmpty ? nil : .error(error)
        default: return .other(root: root)
        }
    }
}
