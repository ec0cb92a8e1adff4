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
            if let allowed = allowed(origin) {
                fields.append(ResponseField("Access-Control-Allow-Origin", allowed))
            }
        }
        fields.append(ResponseField("Access-Control-Expose-Headers", "x-request-id, retry-after"))
    }

    private func allowed(_ origin: Span<UInt8>?) -> String? {
        // A request that could not be read has no origin that is known: with one on the list, that one is meant.
        guard let origin else { return origins.count == 1 ? origins[0] : nil }
        for candidate in origins where origin.equals(candidate) { return candidate }
        return nil
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
