internal import Bytes
internal import FuzzBasics
internal import Gateway
internal import Images

/// An upload up to the point where the record is asked: its body comes in pieces, and what comes of each follows from
/// all that has come, by the signatures of the types and the cap written out.
enum PlainUpload {
    /// Of every ``RequestSetting``.
    private static let bytesMax = 1_000
    private static let partBytes: UInt64 = 100

    static func check(_ plan: UploadPlan, _ body: [UInt8], _ setting: RequestSetting) throws(OracleFailure) {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan, policy: setting.judge.policy, into: &effects)
        guard effects == (plan.expectsContinue ? [.sendContinue] : [])
        else { throw OracleFailure("a head has the effects \(effects)") }
        var came = 0
        while came < body.count {
            let end = min(came + setting.pieceBytes, body.count)
            let wasRight = isRight(body[..<came], plan.type)
            effects = []
            let isKept = exchange.receive(body.span.extracting(came ..< end), into: &effects)
            came = end
            let refusal = refusal(of: body[..<came], plan.type)
            guard exchange.receivedBytes == UInt64(came), isKept == (refusal == nil)
            else { throw OracleFailure("\(came) bytes are kept, or not, as \(exchange.receivedBytes)") }
            if let refusal { return try checkEnd(&exchange, refusal, effects) }
            let isTimed = !wasRight && isRight(body[..<came], plan.type)
            guard effects == (isTimed ? [.startOpenTimer(milliseconds: 200)] : [])
            else { throw OracleFailure("\(came) bytes have the effects \(effects)") }
        }
        effects = []
        exchange.bodyEnded(into: &effects)
        guard isRight(body[...], plan.type) else { return try checkEnd(&exchange, .invalidFileSignature, effects) }
        var isSpooled = true
        if let declared = plan.declaredBytes {
            isSpooled = declared > partBytes && setting.judge.policy.strategy != .put
        }
        // A short PutObject is held whole, and its row begins so, unless a key is to be looked for first.
        let isPut = !isSpooled && setting.judge.policy.strategy != .multipart
        let row: UploadWrite = isPut && plan.idempotencyKey == nil ? .whole(fileBytes: UInt64(body.count)) : .opening
        guard effects == (isSpooled ? [.openSpool] : []) + [.journal(row)]
        else { throw OracleFailure("a body's end has the effects \(effects)") }
    }

    /// It is refused, and that is the last of it.
    private static func checkEnd(
        _ exchange: inout UploadExchange, _ refusal: Refusal, _ effects: [UploadEffect]
    ) throws(OracleFailure) {
        guard effects == [.reply(.refused(refusal)), .end]
        else { throw OracleFailure("a body that is \(refusal) has the effects \(effects)") }
        var more: [UploadEffect] = []
        let byte: [UInt8] = [0x47]
        let isKept = exchange.receive(byte.span, into: &more)
        exchange.bodyEnded(into: &more)
        exchange.cancel(.internal, into: &more)
        exchange.clientLost(into: &more)
        guard !isKept, more.isEmpty else { throw OracleFailure("a body that is \(refusal) goes on: \(more)") }
    }

    private static func refusal(of body: ArraySlice<UInt8>, _ type: ImageType) -> Refusal? {
        if body.count > bytesMax { return .fileTooLarge }
        return isRight(body, type) || signatures(type).contains { $0.starts(with: body) } ? nil : .invalidFileSignature
    }

    private static func isRight(_ body: ArraySlice<UInt8>, _ type: ImageType) -> Bool {
        signatures(type).contains { body.starts(with: $0) }
    }

    private static func signatures(_ type: ImageType) -> [[UInt8]] {
        switch type {
        case .jpeg: [[0xFF, 0xD8, 0xFF]]
        case .png: [[0x89] + Array("PNG\r\n\u{1A}\n".utf8)]
        case .gif: [Array("GIF87a".utf8), Array("GIF89a".utf8)]
        }
    }
}
