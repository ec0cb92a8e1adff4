internal import Bytes

/// The key of one day, region and service, with the texts that go with it.
package struct SigningKey<Hash: SigningHash> {
    /// The last of the four steps, prepared.
    package let key: Hash.Key

    /// `YYYYMMDD/region/service/aws4_request`.
    package let scope: [UInt8]

    /// Derives the key: HMAC over date, region, service and `aws4_request`, each under the one before (AWS General
    /// Reference, "Derive a signing key"). `date` is `YYYYMMDD`.
    package init(_ hash: Hash, secretAccessKey: String, date: Span<UInt8>, region: String, service: String) {
        let day = Self.dateKey(hash, secretAccessKey: secretAccessKey, date: date)
        let inRegion = hash.code(for: region.utf8Span.span, under: hash.key(day.span))
        let ofService = hash.code(for: service.utf8Span.span, under: hash.key(inRegion.span))
        let last = hash.code(for: "aws4_request".utf8Span.span, under: hash.key(ofService.span))
        key = hash.key(last.span)
        var scope: [UInt8] = []
        scope.append(contentsOf: date)
        for part in [region, service, "aws4_request"] {
            scope.append(0x2F)
            scope.append(text: part)
        }
        self.scope = scope
    }

    private static func dateKey(_ hash: Hash, secretAccessKey: String, date: Span<UInt8>) -> SigningDigest {
        var secret: [UInt8] = []
        secret.append(text: "AWS4")
        secret.append(text: secretAccessKey)
        return hash.code(for: date, under: hash.key(secret.span))
    }
}
