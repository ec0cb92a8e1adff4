internal import Bytes

/// The answer to ListParts (Amazon S3 API Reference): one page of the parts that an open upload has. Moto calls its
/// root `ListPartsResponse`.
package struct PartListing: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
        package let number: Int
        /// As the store writes it, quotes included.
        package let etag: String
        package let size: Int64
        /// The sum that the part was sent with; nil where it was sent without.
        package let checksumCRC32C: String?

        package init(number: Int, etag: String, size: Int64, checksumCRC32C: String?) {
            self.number = number
            self.etag = etag
            self.size = size
            self.checksumCRC32C = checksumCRC32C
        }
    }

    /// In the order of their numbers.
    package let parts: [Part]
    /// The next page begins behind the part of this number; nil: this page is the last.
    package let next: Int?

    /// S3's own bounds: of a page, and of an upload.
    private static let entriesMax = 1_000
    private static let numberMax = 10_000

    package static func parse(_ document: Span<UInt8>) throws(XMLRefusal) -> PartListing {
        let found = try XMLEntries(
            document, roots: ["ListPartsResult", "ListPartsResponse"], entry: "Part",
            wanted: ["PartNumber", "ETag", "Size", "ChecksumCRC32C", "IsTruncated", "NextPartNumberMarker"],
            entriesMax: entriesMax)
        var parts: [Part] = []
        for entry in found.entries {
            guard let number = number(entry["PartNumber"]), (1 ... numberMax).contains(Int(clamping: number)),
                let size = number64(entry["Size"]), let etag = entry["ETag"],
                parts.last.map({ $0.number < Int(number) }) ?? true
            else { throw .incompleteReply }
            let checksum = entry["ChecksumCRC32C"].flatMap { $0.isEmpty ? nil : $0 }
            parts.append(Part(number: Int(number), etag: etag, size: size, checksumCRC32C: checksum))
        }
        guard found.facts["IsTruncated"] == "true" else { return PartListing(parts: parts, next: nil) }
        let marker = number(found.facts["NextPartNumberMarker"]).map { Int(clamping: $0) } ?? parts.last?.number
        // One that does not go on would be asked for without an end.
        guard let marker, marker >= parts.last?.number ?? 1, !parts.isEmpty else { throw .incompleteReply }
        return PartListing(parts: parts, next: marker)
    }

    private static func number(_ text: String?) -> UInt64? { text.flatMap { Decimal.parse($0.utf8Span.span) } }

    private static func number64(_ text: String?) -> Int64? { number(text).flatMap { Int64(exactly: $0) } }
}
