internal import Bytes

/// The answer to ListMultipartUploads (Amazon S3 API Reference): one page of the uploads that are open.
package struct UploadListing: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let key: String
        package let uploadID: String
        /// When it was opened, in milliseconds since 1970; nil where the store does not say so.
        package let initiated: Int64?

        package init(key: String, uploadID: String, initiated: Int64?) {
            self.key = key
            self.uploadID = uploadID
            self.initiated = initiated
        }
    }

    /// Where the next page begins: behind this upload.
    package struct Marker: Equatable, Sendable {
        package let key: String
        package let uploadID: String

        package init(key: String, uploadID: String) {
            self.key = key
            self.uploadID = uploadID
        }
    }

    package let entries: [Entry]
    /// nil: this page is the last.
    package let next: Marker?

    package init(entries: [Entry], next: Marker?) {
        self.entries = entries
        self.next = next
    }

    /// S3's own bound of a page.
    private static let entriesMax = 1_000

    package static func parse(_ document: Span<UInt8>) throws(XMLRefusal) -> UploadListing {
        let found = try XMLEntries(
            document, roots: ["ListMultipartUploadsResult"], entry: "Upload",
            wanted: ["Key", "UploadId", "Initiated", "IsTruncated", "NextKeyMarker", "NextUploadIdMarker"],
            entriesMax: entriesMax)
        var entries: [Entry] = []
        for entry in found.entries {
            guard let key = entry["Key"], let uploadID = entry["UploadId"], !key.isEmpty, !uploadID.isEmpty
            else { throw .incompleteReply }
            entries.append(
                Entry(
                    key: key, uploadID: uploadID,
                    initiated: entry["Initiated"].flatMap { CivilTime.milliseconds(parsing: $0) }))
        }
        guard found.facts["IsTruncated"] == "true" else { return UploadListing(entries: entries, next: nil) }
        var next = entries.last.map { Marker(key: $0.key, uploadID: $0.uploadID) }
        if let key = found.facts["NextKeyMarker"], !key.isEmpty {
            next = Marker(key: key, uploadID: found.facts["NextUploadIdMarker"] ?? "")
        }
        return UploadListing(entries: entries, next: next)
    }
}
