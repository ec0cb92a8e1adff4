internal import Bytes
package import HTTPWire

/// The `Idempotency-Key` of a request: what its sender calls one upload by, however often it is sent. 1 to 128 visible
/// ASCII characters, compared byte by byte; it means nothing beyond its `sub`.
///
/// Quotes are characters like any other: the field's draft makes it a quoted string
/// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/), most clients send none, and either
/// is the same key as long as its sender does not change its mind.
package enum IdempotencyKey: Equatable, Sendable {
    case absent
    case present(String)
    case malformed

    package static let bytesMax = 128
    package static let detail = "Send Idempotency-Key once, as 1 to 128 visible ASCII characters without spaces."

    /// The key in `head`, whose slices point into `bytes`.
    package init(_ head: RequestHead, _ bytes: Span<UInt8>) {
        if let value = head.value(of: .idempotencyKey, in: bytes) {
            self = head.count(of: .idempotencyKey) == 1 ? Self.parse(value) : .malformed
        } else {
            self = .absent
        }
    }

    private static func parse(_ value: Span<UInt8>) -> IdempotencyKey {
        guard (1 ... bytesMax).contains(value.count) else { return .malformed }
        for index in value.indices where !(0x21 ... 0x7E).contains(value[index]) { return .malformed }
        return .present(value.repairedText())
    }
}

extension Judge {
    /// The key of an upload that everything else in its head lets in; refused where it is malformed.
    func idempotencyKey(
        _ head: RequestHead, _ bytes: Span<UInt8>, subject: String
    ) throws(RefusedHead) -> String? {
        switch IdempotencyKey(head, bytes) {
        case .absent: return nil
        case .present(let key): return key
        case .malformed:
            throw RefusedHead(refusal: .badRequest, detail: IdempotencyKey.detail, subject: subject)
        }
    }
}
