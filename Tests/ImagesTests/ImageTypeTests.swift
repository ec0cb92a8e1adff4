import Images
import Testing
import TestSupport

private func type(_ value: String) -> ImageType? {
    let bytes = [UInt8](value.utf8)
    return ImageType(contentType: bytes.span)
}

struct ImageTypeTests {
    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `every content type is taken or refused as expected`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/images/content_types.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let expected = try #require(entry["expect"] as? String)
            // A repeated field comes joined, as HTTP says (RFC 9110 § 5.3); an absent one is an empty value.
            let value = (entry["content_type"] as? [String])?.joined(separator: ", ")
                ?? entry["content_type"] as? String ?? ""
            #expect((type(value) != nil) == (expected == "accept"), "\(name)")
        }
        #expect(cases.count == 38)
    }

    @Test func `the type is found among case, space and parameters`() {
        #expect(type("image/jpeg") == .jpeg)
        #expect(type(" \tImage/PNG ; a=b;") == .png)
        #expect(type("IMAGE/GIF;x=\"a, b\"") == .gif)
        for value in ["", ";", "image/jpegx", "image/jpe", "image/ png", "image/png, image/png", "image/png\u{0}"] {
            #expect(type(value) == nil, "\(value)")
        }
    }

    @Test func `names and extensions belong together`() {
        #expect(ImageType.allCases.map(\.mediaType) == ["image/jpeg", "image/png", "image/gif"])
        #expect(ImageType.allCases.map(\.fileExtension) == ["jpeg", "png", "gif"])
    }
}
