import AWS
import Testing
import Tokens

struct SecretSnapshotTests {
    @Test func `a secret in a file loses one newline and nothing else`() throws {
        let cases = [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a \n", " a "), ("a\r", "a\r")]
        for (content, expected) in cases {
            let snapshot = try SecretSnapshot.fixed(fileContent: [UInt8](content.utf8))
            #expect(snapshot.current.bytes == [UInt8](expected.utf8))
            #expect(snapshot.previous == nil)
        }
        #expect(try SecretSnapshot.fixed([0x61, 0x0A]).current.bytes == [0x61, 0x0A])
        #expect(throws: TokenSecretFlaw.empty) { try SecretSnapshot.fixed(fileContent: [0x0A]) }
    }

    @Test func `no description shows a secret`() throws {
        let snapshot = SecretSnapshot(
            current: try TokenSecret([UInt8]("hidden-one".utf8)),
            previous: try TokenSecret([UInt8]("hidden-two".utf8)), previousUntil: 5, generation: 7)
        var dumped = ""
        dump(snapshot, to: &dumped)
        dump([snapshot], to: &dumped)
        for text in ["\(snapshot)", "\([snapshot])", String(reflecting: snapshot), dumped] {
            #expect(!text.contains("hidden"))
            #expect(!text.contains("104, 105"))
            #expect(text.contains("7"))
        }
    }
}
