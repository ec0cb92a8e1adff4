import Foundation
import Images
import Testing
import TestSupport

private func verdict(_ bytes: ArraySlice<UInt8>, isWhole: Bool, _ type: ImageType) -> MagicVerdict {
    MagicNumber.verdict(of: bytes.span, isWhole: isWhole, type)
}

/// The verdict over a body that comes byte by byte, and after how many bytes it was given.
private func verdictByByte(_ body: [UInt8], _ type: ImageType) -> (verdict: MagicVerdict, after: Int) {
    for count in 0 ... body.count {
        let verdict = verdict(body[..<count], isWhole: count == body.count, type)
        if verdict != .needsMore { return (verdict, count) }
    }
    return (.needsMore, body.count)
}

struct MagicNumberTests {
    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `every file is judged as expected, whole and byte by byte`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/images/images.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let verdicts = try #require(entry["verdict"] as? [String: String])
            let body = try SharedFiles.bytes("vectors/images/files/\(name)")
            #expect(body.count == entry["size"] as? Int, "\(name)")
            for type in ImageType.allCases {
                let isAccepted = try #require(verdicts[type.mediaType]) == "accept"
                #expect((entry["magic"] as? String == type.mediaType) == isAccepted, "\(name)")
                let whole = verdict(body[...], isWhole: true, type)
                #expect(whole == (isAccepted ? .matches : .refused), "\(name) as \(type)")
                let stepwise = verdictByByte(body, type)
                #expect(stepwise.verdict == whole && stepwise.after <= 16, "\(name) as \(type)")
            }
        }
        #expect(cases.count == 227)
    }

    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `sized bodies are judged by their first bytes`() throws {
        let (_, cases) = try SharedFiles.cases("vectors/images/sized.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let declared = [UInt8](try #require(entry["declared"] as? String).utf8)
            let encoded = try #require(entry["head_b64"] as? String)
            let head = [UInt8](try #require(Data(base64Encoded: encoded)))
            let expected = try #require(entry["expect"] as? String)
            let found = ImageType(contentType: declared.span)
            #expect((found == nil) == (expected == "INVALID_FILE_TYPE"), "\(name)")
            guard let type = found else { continue }
            let verdict = verdict(head[...], isWhole: entry["total_size"] as? Int == head.count, type)
            if expected == "accept" { #expect(verdict == .matches, "\(name)") }
            if expected == "INVALID_FILE_SIGNATURE" || name.contains("wrong-magic") {
                #expect(verdict == .refused, "\(name)")
            }
        }
        #expect(cases.count == 11)
    }

    @Test func `a verdict comes with the first byte that decides it`() {
        let heads: [(ImageType, [UInt8])] = [
            (.jpeg, [0xFF, 0xD8, 0xFF]), (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
            (.gif, [UInt8]("GIF87a".utf8)), (.gif, [UInt8]("GIF89a".utf8)),
        ]
        for (type, head) in heads {
            for count in 0 ..< head.count {
                #expect(verdict(head[..<count], isWhole: false, type) == .needsMore)
                #expect(verdict(head[..<count], isWhole: true, type) == .refused)
                for value in UInt8.min ... UInt8.max where value != head[count] {
                    let isOther = type == .gif && count == 4 && (value == 0x37 || value == 0x39)
                    let wrong = head[..<count] + [value]
                    #expect((verdict(wrong, isWhole: false, type) == .refused) != isOther)
                }
            }
            #expect(verdict(head[...], isWhole: false, type) == .matches)
            #expect(verdict(head[...] + [0], isWhole: true, type) == .matches)
            #expect(head.count <= MagicNumber.bytesMax)
        }
    }
}
