internal import FuzzBasics
internal import FuzzClaims
internal import FuzzPlain
internal import Gateway

/// The body of a registration, read plainly.
struct PlainRegistration {
    private let isJSON: Bool
    private let members: PlainJSON?

    init(_ body: [UInt8]) {
        isJSON = PlainJSONText.read(body, bytesMax: 8_192, depthMax: 8) != nil
        members = isJSON ? PlainJSON(body) : nil
    }

    private func value(_ name: String) -> PlainJSON.Value? {
        members?.single(name).flatMap { $0.scalar == "null" ? nil : $0 }
    }

    /// Whether something of it is not as it has to be; numbers that are written in an unusual way may be either.
    var mayBeRefused: Bool {
        guard isJSON, members != nil else { return true }
        for name in ["imageUrl", "originalFilename", "owner"] {
            if let value = value(name), value.text == nil { return true }
        }
        for (name, least) in [("imageId", 1), ("fileSize", 0)] {
            guard let value = value(name) else { continue }
            guard let text = value.scalar, let number = Int64(text), number >= least else { return true }
        }
        if let owner = value("owner")?.text, !PlainSegment.isSafe(owner) { return true }
        return (value("imageUrl") == nil) == (value("imageId") == nil)
    }

    func check(_ request: RegistrationRequest) throws(OracleFailure) {
        guard isJSON, members != nil else { throw OracleFailure("a registration that is no JSON object") }
        switch request.image {
        case .url(let url):
            guard let text = value("imageUrl")?.text, text.utf8.elementsEqual(url.utf8), value("imageId") == nil
            else { throw OracleFailure("another URL") }
        case .id(let id):
            guard let text = value("imageId")?.scalar, value("imageUrl") == nil, id > 0
            else { throw OracleFailure("another id") }
            if let plain = Int64(text), plain != id { throw OracleFailure("another id") }
        }
        if let size = value("fileSize") {
            guard let text = size.scalar, let number = Double(text), number >= 0, number == number.rounded()
            else { throw OracleFailure("a size that is no whole number") }
        }
        if let name = value("originalFilename"), name.text == nil { throw OracleFailure("a name that is no text") }
        if let owner = request.owner, !PlainSegment.isSafe(owner) { throw OracleFailure("an owner that is not safe") }
        guard request.owner.map({ Array($0.utf8) }) == value("owner")?.text.map({ Array($0.utf8) })
        else { throw OracleFailure("another owner") }
    }
}
