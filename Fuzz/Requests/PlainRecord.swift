internal import Gateway
internal import Tokens

/// The rules of contract § 1 for records, as a table.
enum PlainRecord {
    static func sight(_ record: ImageRecord, _ claims: TokenClaims) -> ImageQuery.Sight {
        var isTheirs = Array(record.owner.utf8) == Array(claims.subject.utf8)
        if case .trusted = claims.role { isTheirs = true }
        let sights = [UploadLife.State.stored: ImageQuery.Sight.visible, .completing: .unsettled]
        return isTheirs ? sights[record.state] ?? .hidden : .hidden
    }

    static func verdict(_ record: ImageRecord, _ claims: TokenClaims) -> ImageRegistration.Verdict {
        switch sight(record, claims) {
        case .hidden: return .noSuchImage
        case .unsettled: return .unsettled
        case .visible: break
        }
        var isTrusted = false
        if case .trusted = claims.role { isTrusted = true }
        switch (record.registrant, isTrusted) {
        case (nil, _): return .registers(liftsExpiry: claims.role != .guest)
        case ("GUEST", true): return .registers(liftsExpiry: true)
        default: return .alreadyRegistered
        }
    }
}
