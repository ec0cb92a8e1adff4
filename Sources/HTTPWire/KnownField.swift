internal import Bytes

/// The request fields that this server reads by name; every other one is `other`.
package enum KnownField: UInt8, Equatable, Sendable, CaseIterable {
    case other
    case accessControlRequestHeaders, accessControlRequestMethod, authorization, connection, contentLength
    case contentType, expect, forwarded, host, idempotencyKey, origin, te, trailer, transferEncoding, upgrade
    case userAgent, xFilename, xForwardedFor, xForwardedHost, xForwardedProto, xRequestID

    /// The field of that name, in letters of either case.
    init(name: Span<UInt8>) {
        self = .other
        // The length alone rules nearly every candidate out.
        switch name.count {
        case 2: match(name, .te)
        case 4: match(name, .host)
        case 6: match(name, .expect, .origin)
        case 7: match(name, .trailer, .upgrade)
        case 9: match(name, .forwarded)
        case 10: match(name, .connection, .userAgent, .xFilename)
        case 12: match(name, .contentType, .xRequestID)
        case 13: match(name, .authorization)
        case 14: match(name, .contentLength)
        case 15: match(name, .idempotencyKey, .xForwardedFor)
        case 16: match(name, .xForwardedHost)
        case 17: match(name, .transferEncoding, .xForwardedProto)
        case 29: match(name, .accessControlRequestMethod)
        case 30: match(name, .accessControlRequestHeaders)
        default: break
        }
    }

    /// The name in lower case.
    package var name: String {
        switch self {
        case .other: ""
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .accessControlRequestMethod: "access-control-request-method"
        case .authorization: "authorization"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .contentType: "content-type"
        case .expect: "expect"
        case .forwarded: "forwarded"
        case .host: "host"
        case .idempotencyKey: "idempotency-key"
        case .origin: "origin"
        case .te: "te"
        case .trailer: "trailer"
        case .transferEncoding: "transfer-encoding"
        case .upgrade: "upgrade"
        case .userAgent: "user-agent"
        case .xFilename: "x-filename"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedProto: "x-forwarded-proto"
        case .xRequestID: "x-request-id"
        }
    }

    private mutating func match(_ name: Span<UInt8>, _ candidate: KnownField) {
        if name.equalsIgnoringCase(candidate.name) { self = candidate }
    }

    private mutating func match(_ name: Span<UInt8>, _ first: KnownField, _ second: KnownField) {
        match(name, first)
        match(name, second)
    }

    private mutating func match(_ name: Span<UInt8>, _ first: KnownField, _ second: KnownField, _ third: KnownField) {
        match(name, first, second)
        match(name, third)
    }
}
