import Bytes
import Testing
import XMLWire

@Suite struct ListingTests {
    private func uploads(_ inner: String) throws -> UploadListing {
        try UploadListing.parse("<ListMultipartUploadsResult>\(inner)</ListMultipartUploadsResult>".utf8Span.span)
    }

    private func parts(_ inner: String) throws -> PartListing {
        try PartListing.parse("<ListPartsResult>\(inner)</ListPartsResult>".utf8Span.span)
    }

    @Test func `reads a page of uploads as S3 writes it`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Bucket>pictures</Bucket><KeyMarker></KeyMarker><UploadIdMarker/>
              <NextKeyMarker>users/2</NextKeyMarker><NextUploadIdMarker>two</NextUploadIdMarker>
              <MaxUploads>2</MaxUploads><IsTruncated>true</IsTruncated>
              <Upload>
                <Key>users/1&amp;</Key><UploadId>one</UploadId>
                <Initiator><ID>arn</ID><DisplayName>d</DisplayName></Initiator>
                <Owner><ID>o</ID><UploadId>not this one</UploadId></Owner>
                <StorageClass>STANDARD</StorageClass><Initiated>2010-11-10T20:48:33.000Z</Initiated>
              </Upload>
              <Upload><Key>users/2</Key><UploadId>two</UploadId><Initiated>yesterday</Initiated></Upload>
            </ListMultipartUploadsResult>
            """
        let listing = try UploadListing.parse(text.utf8Span.span)
        #expect(listing.entries == [
            UploadListing.Entry(key: "users/1&", uploadID: "one", initiated: 1_289_422_113_000),
            UploadListing.Entry(key: "users/2", uploadID: "two", initiated: nil),
        ])
        #expect(listing.next == UploadListing.Marker(key: "users/2", uploadID: "two"))
    }

    @Test func `the last page leads nowhere, whatever markers it has`() throws {
        let inner = "<NextKeyMarker>k</NextKeyMarker><Upload><Key>k</Key><UploadId>u</UploadId></Upload>"
        #expect(try uploads(inner).next == nil)
        #expect(try uploads("<IsTruncated>false</IsTruncated>" + inner).next == nil)
        #expect(try uploads("") == UploadListing(entries: [], next: nil))
    }

    @Test func `a cut page without a marker goes on behind its last upload`() throws {
        let listing = try uploads(
            "<IsTruncated>true</IsTruncated><Upload><Key>k</Key><UploadId>u</UploadId></Upload>")
        #expect(listing.next == UploadListing.Marker(key: "k", uploadID: "u"))
        #expect(try uploads("<IsTruncated>true</IsTruncated>").next == nil)
    }

    @Test(arguments: [
        "<Upload><Key>k</Key></Upload>", "<Upload><UploadId>u</UploadId></Upload>",
        "<Upload><Key></Key><UploadId>u</UploadId></Upload>",
    ])
    func `an upload without name or key is no answer`(inner: String) {
        #expect(throws: XMLRefusal.incompleteReply) { try uploads(inner) }
    }

    @Test func `another document is no answer`() {
        #expect(throws: XMLRefusal.incompleteReply) {
            try UploadListing.parse("<Error><Code>AccessDenied</Code></Error>".utf8Span.span)
        }
        #expect(throws: XMLRefusal.incompleteReply) { try PartListing.parse("<ListAllResult/>".utf8Span.span) }
        #expect(throws: XMLRefusal.truncated) { try PartListing.parse("<ListPartsResult>".utf8Span.span) }
        #expect(throws: XMLRefusal.empty) { try PartListing.parse("".utf8Span.span) }
    }

    @Test func `more uploads than S3 puts on a page are refused`() throws {
        let one = "<Upload><Key>k</Key><UploadId>u</UploadId></Upload>"
        #expect(try uploads(String(repeating: one, count: 1_000)).entries.count == 1_000)
        #expect(throws: XMLRefusal.documentTooLong) { try uploads(String(repeating: one, count: 1_001)) }
    }

    @Test func `reads parts with their sums`() throws {
        let listing = try parts(
            """
            <PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>3</NextPartNumberMarker>
            <IsTruncated>true</IsTruncated>
            <Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag><Size>5242880</Size>
              <ChecksumCRC32C>AAAAAA==</ChecksumCRC32C></Part>
            <Part><PartNumber>3</PartNumber><ETag>"b"</ETag><Size>7</Size><ChecksumCRC32C/></Part>
            """)
        #expect(listing.parts == [
            PartListing.Part(number: 1, etag: "\"a\"", size: 5_242_880, checksumCRC32C: "AAAAAA=="),
            PartListing.Part(number: 3, etag: "\"b\"", size: 7, checksumCRC32C: nil),
        ])
        #expect(listing.next == 3)
        #expect(try parts("<IsTruncated>false</IsTruncated>").next == nil)
    }

    @Test(arguments: [
        "<Part><ETag>a</ETag><Size>1</Size></Part>",
        "<Part><PartNumber>1</PartNumber><Size>1</Size></Part>",
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>",
        "<Part><PartNumber>0</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
        "<Part><PartNumber>10001</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>-1</Size></Part>",
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>18446744073709551615</Size></Part>",
        "<Part><PartNumber>99999999999999999999</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
        // One part twice would be counted twice.
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>1</Size></Part>"
            + "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
        "<IsTruncated>true</IsTruncated>",
        "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"
            + "<Part><PartNumber>2</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
    ])
    func `parts that make no sense are no answer`(inner: String) {
        #expect(throws: XMLRefusal.incompleteReply) { try parts(inner) }
    }

    @Test func `no cut of a document is taken for the whole`() throws {
        let part = "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>1</Size></Part>"
        // By moto's name.
        let text = "<ListPartsResponse>\(part)</ListPartsResponse>"
        #expect(try PartListing.parse(text.utf8Span.span) == parts(part))
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            #expect(throws: XMLRefusal.self) { try PartListing.parse(bytes.span.extracting(first: end)) }
        }
    }

    @Test func `whatever bytes come, an answer keeps its promises`() {
        let part = "<Part><PartNumber>7</PartNumber><ETag>a</ETag><Size>1</Size></Part>"
        let upload = "<Upload><Key>k</Key><UploadId>u</UploadId></Upload>"
        let cut = "<IsTruncated>true</IsTruncated>"
        var random = SystemRandomNumberGenerator()
        for text in [
            "<ListPartsResult>\(cut)\(part)\(part)</ListPartsResult>",
            "<ListMultipartUploadsResult>\(cut)\(upload)\(upload)</ListMultipartUploadsResult>",
        ] {
            for _ in 0 ..< 5_000 {
                var bytes = Array(text.utf8)
                for _ in 0 ..< Int.random(in: 0 ... 4, using: &random) {
                    let place = Int.random(in: bytes.indices, using: &random)
                    switch Int.random(in: 0 ..< 3, using: &random) {
                    case 0: bytes[place] = .random(in: 0 ... 255, using: &random)
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: place)
                    }
                }
                if let listing = try? PartListing.parse(bytes.span) {
                    let numbers = listing.parts.map(\.number)
                    #expect(numbers == Array(Set(numbers)).sorted(), "\(bytes)")
                    #expect(listing.parts.allSatisfy { $0.size >= 0 }, "\(bytes)")
                    #expect(listing.next.map { $0 >= (numbers.last ?? 0) } ?? true, "\(bytes)")
                }
                if let listing = try? UploadListing.parse(bytes.span) {
                    #expect(listing.entries.allSatisfy { !$0.key.isEmpty && !$0.uploadID.isEmpty }, "\(bytes)")
                }
            }
        }
    }
}
