internal import Gateway
internal import Tokens

/// The rules of contract § 1 for records, as a table.
enum PlainRecord {
    static func maySee(_ record: ImageRecord, _ claims: TokenClaims) -> Bool {
        guard record.state == .stored else { return false }
        if case .trusted = claims.role { return true }
        return Array(record.owner.utf8) == Array(claims.subject.utf8)
    }

    static func verdict(_ record: ImageRecord, _ claims: TokenClaims) -> ImageRegistration.Verdict {
        guard maySee(record, claims) else { return .noSuchImage }
        var isTrusted = false
        if case .trusted = claims.role { isTrusted = true }
        switch (record.registrant, isTrusted) {
        case (nil, _): return .registers(liftsExpiry: claims.role != .guest)
        case ("GUEST", true): return .registers(liftsExpiry: true)
        default: return .alreadyRegistered
        }
    }
}
