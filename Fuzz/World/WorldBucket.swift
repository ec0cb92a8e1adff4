/// A bucket as S3 keeps one. It does what it is asked at once, or when nobody waits for it any more.
struct WorldBucket {
    struct Object {
        let token: String
        let bytes: [UInt8]
    }

    struct Upload {
        let id: String
        let key: Int
        var parts: [(number: Int, bytes: [UInt8])] = []
        /// No record tells of it: its Create was carried out when nobody waited for it any more, or was one of two that
        /// the sender took for one. A sender that lives has to find it all the same, see ``GatewayWorld/checkEnd()``.
        var isUnknowable: Bool
        /// A Complete is at work on it, and another is told that there is no such upload.
        var isBusy = false
    }

    /// A request that may change the bucket or look at it. Keys are numbers, and so stands for a token.
    enum Request {
        case create(key: Int)
        case part(uploadID: String, number: Int, bytes: [UInt8])
        /// `length`: what the parts must come to; nil: whatever is there.
        case complete(uploadID: String, length: Int64?)
        case abort(uploadID: String)
        case head(key: Int)
        case list(key: Int)
        case delete(key: Int)
        case put(key: Int, bytes: [UInt8])

        /// So long the store may be at work on one that nobody waits for. The rules lean on the bounds of Create and
        /// PutObject alone.
        var millisecondsMax: Int {
            switch self {
            case .put: 890_000
            case .create: 59_000
            case .part, .complete, .abort, .head, .list, .delete: 600_000
            }
        }

        var isDeletion: Bool {
            if case .delete = self { return true }
            return false
        }

        func isPut(of key: Int) -> Bool {
            if case .put(key, _) = self { return true }
            return false
        }

        var changesNothing: Bool {
            switch self {
            case .head, .list: true
            case .create, .part, .complete, .abort, .delete, .put: false
            }
        }
    }

    enum Reply {
        case created(String)
        case done
        case noSuchUpload
        case invalidPart
        case object(length: Int64, token: String)
        case noObject
        case uploads([String])
    }

    /// By key.
    private var objects: [Object?] = []
    private(set) var uploads: [Upload] = []
    private var serial = 0

    private static let ids = (0 ..< 256).map { "up\($0)" }
    private static let tokens = (0 ..< GatewayWorld.uploadsMax).map { "t\($0)" }

    static func token(_ key: Int) -> String { tokens[key] }

    func object(_ key: Int) -> Object? { key < objects.count ? objects[key] : nil }
    func hasObject(_ key: Int) -> Bool { key < objects.count && objects[key] != nil }
    var objectCount: Int { objects.count { $0 != nil } }

    private mutating func put(_ bytes: [UInt8]?, _ key: Int) {
        if objects.isEmpty { objects = Array(repeating: nil, count: GatewayWorld.uploadsMax) }
        objects[key] = bytes.map { Object(token: Self.token(key), bytes: $0) }
    }

    /// - Parameter isUnknowable: nobody waits for it any more, or knows of it.
    mutating func perform(_ request: Request, isUnknowable: Bool = false) -> Reply {
        switch request {
        case .create(let key):
            serial += 1
            let id = serial < Self.ids.count ? Self.ids[serial] : "up\(serial)"
            uploads.append(Upload(id: id, key: key, isUnknowable: isUnknowable))
            return .created(id)
        case .part(let uploadID, let number, let bytes):
            guard let index = index(of: uploadID) else { return .noSuchUpload }
            uploads[index].parts.removeAll { $0.number == number }
            uploads[index].parts.append((number, bytes))
            return .done
        case .complete(let uploadID, let length):
            guard let index = index(of: uploadID), isUnknowable || !uploads[index].isBusy else { return .noSuchUpload }
            let upload = uploads[index]
            var bytes: [UInt8] = []
            for number in 0 ..< upload.parts.count {
                guard let part = upload.parts.first(where: { $0.number == number + 1 }) else { return .invalidPart }
                // Most have one part, which is not copied.
                if bytes.isEmpty { bytes = part.bytes } else { bytes += part.bytes }
            }
            if let length, bytes.count != length { return .invalidPart }
            uploads.remove(at: index)
            put(bytes, upload.key)
            return .done
        case .abort(let uploadID):
            guard let index = index(of: uploadID) else { return .noSuchUpload }
            uploads.remove(at: index)
            return .done
        case .head(let key):
            guard let object = object(key) else { return .noObject }
            return .object(length: Int64(object.bytes.count), token: object.token)
        case .list(let key): return .uploads(uploads.filter { $0.key == key }.map(\.id))
        case .delete(let key):
            put(nil, key)
            return .done
        case .put(let key, let bytes):
            put(bytes, key)
            return .done
        }
    }

    /// Whoever lists the uploads of a key knows all that are there.
    mutating func reveal(_ key: Int) {
        for index in uploads.indices where uploads[index].key == key { uploads[index].isUnknowable = false }
    }

    /// Nobody will do anything about the uploads of a key any more but the sweep.
    mutating func conceal(_ key: Int) {
        for index in uploads.indices where uploads[index].key == key { uploads[index].isUnknowable = true }
    }

    mutating func keepBusy(_ uploadID: String) {
        if let index = index(of: uploadID) { uploads[index].isBusy = true }
    }

    private func index(of uploadID: String) -> Int? { uploads.firstIndex { $0.id == uploadID } }

    /// Whose key the upload is for.
    func key(of uploadID: String) -> Int? { uploads.first { $0.id == uploadID }?.key }
}
