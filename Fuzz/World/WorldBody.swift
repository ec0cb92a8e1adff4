internal import FormData
internal import Gateway
internal import Images
internal import Tokens

/// What the client of a ``WorldUpload`` means to send.
struct WorldBody {
    /// How it says where the body ends.
    enum Framing: Int, CaseIterable {
        case declared, chunked
        /// In a form, and what stands behind the file in it.
        case form, formWithField, formCutShort, formWithTwo, formBroken

        var isForm: Bool { rawValue >= Self.form.rawValue }
        /// Whether a form of it is one file.
        var isWhole: Bool { rawValue <= Self.formWithField.rawValue }
    }

    let framing: Framing
    let type: ImageType
    /// Whether its first bytes are those of the type.
    let isImage: Bool
    /// The file.
    let bytes: [UInt8]
    /// All of the body, of which a form is more than the file.
    let wire: [UInt8]
    /// Which of two `Idempotency-Key`s it has; 0: none.
    let idempotencyKey: Int

    static let types: [ImageType] = [.gif, .png, .jpeg]

    /// - Parameter variant: bodies of different variants have different bytes behind their magic number. From 16 on
    ///   they are full of what a form's delimiter begins with.
    init(framing: Framing, type: ImageType, isImage: Bool, length: Int, variant: Int, idempotencyKey: Int) {
        self.framing = framing
        self.type = type
        self.idempotencyKey = idempotencyKey
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(length, 8))
        bytes.append(contentsOf: Self.magic(type))
        if !isImage { bytes[bytes.count - 1] ^= 1 }
        self.isImage = isImage && length >= bytes.count
        if bytes.count > length { bytes.removeLast(bytes.count - length) }
        while bytes.count < length {
            let place = bytes.count &+ variant
            let isPlain = variant < 16
            bytes.append(
                isPlain ? UInt8(truncatingIfNeeded: place &* 7 &+ variant) : Self.dashes[place % Self.dashes.count])
        }
        self.bytes = bytes
        wire = framing.isForm ? Self.form(bytes, type, framing) : bytes
    }

    private static let dashes = [UInt8]("\r\n--\r\n-\r\n--a".utf8)

    private static func magic(_ type: ImageType) -> [UInt8] {
        switch type {
        case .gif: gif
        case .png: png
        case .jpeg: jpeg
        }
    }

    private static let gif = [UInt8]("GIF89a".utf8)
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF]

    // MARK: - Forms

    static let boundary = FormBoundary([UInt8(ascii: "b")].span)

    private static func form(_ file: [UInt8], _ type: ImageType, _ framing: Framing) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(240 + file.count)
        wire.append(contentsOf: heads[types.firstIndex(of: type) ?? 0])
        wire.append(contentsOf: file)
        wire.append(contentsOf: tails[max(framing.rawValue - Framing.form.rawValue, 0)])
        return wire
    }

    private static let heads: [[UInt8]] = types.map { type in
        [UInt8](
            """
            --b\r\nContent-Disposition: form-data; name="f"; filename="a"\r
            Content-Type: \(type.mediaType)\r\n\r\n
            """.utf8)
    }

    /// In the order of the framings.
    private static let tails: [[UInt8]] = [
        Array("\r\n--b--\r\n".utf8),
        Array("\r\n--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx\r\n--b--".utf8),
        Array("\r\n--b".utf8),
        Array(
            "\r\n--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"h\"\r\n\r\nx\r\n--b--".utf8),
        Array("\r\n--b?\r\n".utf8),
    ]

    // MARK: - What the gateway made of its head

    static let claims = TokenClaims(subject: "1", role: .user, expiresAt: 9)
    static let objectKeys = types.map { ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: $0) }

    /// nil for a form, whose plan comes of its file part.
    var declaredBytes: UInt64? { framing == .declared ? UInt64(bytes.count) : nil }

    func plan(expectsContinue: Bool) -> UploadPlan {
        UploadPlan(
            key: Self.objectKeys[Self.types.firstIndex(of: type) ?? 0], claims: Self.claims, type: type,
            declaredBytes: declaredBytes, filename: nil, host: "h", recordToken: "r", expectsContinue: expectsContinue,
            idempotencyKey: Self.keys[idempotencyKey])
    }

    private static let keys: [String?] = [nil, "1", "2"]

    /// The intake of a form, with the plan of the upload that its head begins, and how many bytes that took.
    func intake() -> (form: FormIntake, plan: UploadPlan, headBytes: Int)? {
        guard framing.isForm, let boundary = Self.boundary else { return nil }
        var form = FormIntake(
            plan: FormPlan(
                boundary: boundary, field: nil, claims: Self.claims, filename: nil, host: "h", recordToken: "r",
                expectsContinue: false, milliseconds: 1, uuid: "u"))
        var offset = 0
        while offset < wire.count {
            let (step, consumed) = form.next(wire.span.extracting(offset ..< wire.count))
            offset += consumed
            if case .begin(let plan) = step { return (form, plan, offset) }
        }
        return nil
    }
}
