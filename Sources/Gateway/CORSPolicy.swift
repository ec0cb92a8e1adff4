internal import Bytes
package import HTTPWire

/// Which browser origins may read answers, and what a preflight says
/// (https://fetch.spec.whatwg.org/#http-cors-protocol).
package struct CORSPolicy: Sendable, Equatable {
    /// The allowed origins; empty stands for any (`*`).
    package let origins: [String]

    package init(origins: [String]) { self.origins = origins }

    /// Appends the fields that every response carries. A list of origins is answered with the request's own origin,
    /// if it is on the list, and always with `Vary: Origin`, since the answer differs by origin.
    package func appendFields(origin: Span<UInt8>?, to fields: inout [ResponseField]) {
        if origins.isEmpty {
            fields.append(ResponseField("Access-Control-Allow-Origin", "*"))
        } else {
            fields.append(ResponseField("Vary", "Origin"))
            if let origin, let allowed = origins.first(where: { origin.equals($0) }) {
                fields.append(ResponseField("Access-Control-Allow-Origin", allowed))
            }
        }
        fields.append(ResponseField("Access-Control-Expose-Headers", "x-request-id, retry-after"))
    }

    /// Appends what only the answer to a preflight carries. A `*` would not cover `Authorization`: names are listed.
    package static func appendPreflightFields(to fields: inout [ResponseField]) {
        fields.append(ResponseField("Access-Control-Allow-Methods", "POST, GET, OPTIONS"))
        fields.append(
            ResponseField(
                "Access-Control-Allow-Headers", "authorization, content-type, x-filename, idempotency-key"))
        fields.append(ResponseField("Access-Control-Max-Age", "86400"))
    }
}
