internal import JSONWire
internal import Tokens

/// The body of a `POST /images/metadata`.
///
/// Members that are not known are passed over, and `null` is as good as none, which is what the replaced backend's
/// reader does with both.
package struct RegistrationRequest: Equatable, Sendable {
    package enum Image: Equatable, Sendable {
        case url(String)
        case id(Int64)
    }

    package let image: Image
    /// Who is to own the image from now on; one safe path segment, as every `sub`.
    package let owner: String?

    /// A URL of ours has some 300 bytes, a file name at most 255 that JSON may write sixfold.
    package static let bodyBytesMax = 8_192
    private static let depthMax = 8

    package static func parse(_ body: Span<UInt8>) throws(RegistrationFault) -> RegistrationRequest {
        let members = try object(body)
        let url = try string("imageUrl", in: members, else: .imageURL)
        let id = try integer("imageId", in: members, from: 1, else: .imageID)
        // The record answers, whatever they say; but nonsense is refused, as it tells of a mistake.
        _ = try integer("fileSize", in: members, from: 0, else: .fileSize)
        _ = try string("originalFilename", in: members, else: .originalFilename)
        let owner = try string("owner", in: members, else: .owner)
        if let owner, !PathSegment.isSafe(owner) { throw .owner }
        switch (url, id) {
        case (let url?, nil): return RegistrationRequest(image: .url(url), owner: owner)
        case (nil, let id?): return RegistrationRequest(image: .id(id), owner: owner)
        case (nil, nil): throw .noImage
        case (_?, _?): throw .twoImages
        }
    }

    private static func object(_ body: Span<UInt8>) throws(RegistrationFault) -> JSONObject {
        let value: JSONValue
        do throws(JSONRefusal) {
            value = try JSONReader.read(
                body, limits: JSONLimits(documentBytesMax: bodyBytesMax, depthMax: depthMax))
        } catch {
            switch error {
            case .tooLarge: throw .tooLarge
            case .duplicateName: throw .duplicate
            case .tooDeep, .notUTF8, .malformed, .loneSurrogate: throw .notJSON
            }
        }
        guard let object = value.object else { throw .notJSON }
        return object
    }

    private static func string(
        _ name: String, in members: JSONObject, else fault: RegistrationFault
    ) throws(RegistrationFault) -> String? {
        guard let value = members[name], value != .null else { return nil }
        guard let text = value.string else { throw fault }
        return text
    }

    private static func integer(
        _ name: String, in members: JSONObject, from least: Int64, else fault: RegistrationFault
    ) throws(RegistrationFault) -> Int64? {
        guard let value = members[name], value != .null else { return nil }
        guard let number = value.number?.int64, number >= least else { throw fault }
        return number
    }
}

/// Why a body registers nothing: BAD_REQUEST, with these words. None of them holds anything of the body.
package enum RegistrationFault: Error, Equatable, Sendable, CaseIterable {
    case tooLarge
    case notJSON
    case duplicate
    case noImage
    case twoImages
    case imageURL
    case imageID
    case fileSize
    case originalFilename
    case owner

    package var detail: String {
        switch self {
        case .tooLarge: "The body is larger than \(RegistrationRequest.bodyBytesMax) bytes."
        case .notJSON: "The body is not a JSON object in UTF-8."
        case .duplicate: "The body names a member twice."
        case .noImage: "The body names no image: send imageUrl or imageId."
        case .twoImages: "The body names imageUrl and imageId: send one of them."
        case .imageURL: "imageUrl must be a string."
        case .imageID: "imageId must be a whole number from 1 on."
        case .fileSize: "fileSize must be a whole number from 0 on."
        case .originalFilename: "originalFilename must be a string."
        case .owner: "owner must be a string that is one safe path segment, as the sub of a token is."
        }
    }
}
