import Gateway
import Testing

struct RegistrationRequestTests {
    private func parse(_ text: String) throws(RegistrationFault) -> RegistrationRequest {
        let bytes = Array(text.utf8)
        return try RegistrationRequest.parse(bytes.span)
    }

    @Test func `an image is named by its URL or its id`() throws {
        let byURL = try parse(#"{"imageUrl":"https://h/x","fileSize":1234567,"originalFilename":"test.jpg"}"#)
        #expect(byURL.image == .url("https://h/x"))
        #expect(byURL.owner == nil)
        #expect(try parse(#" {"imageId" : 123 } "#).image == .id(123))
        #expect(try parse(#"{"imageId":9223372036854775807}"#).image == .id(.max))
        #expect(try parse(#"{"imageUrl":""}"#).image == .url(""))
        #expect(try parse(#"{"imageUrl":"a\u002fb\n"}"#).image == .url("a/b\n"))
    }

    @Test func `null is as good as none, and other members are passed over`() throws {
        let text = #"{"imageUrl":null,"imageId":1,"fileSize":null,"originalFilename":null,"owner":null,"#
            + #""x":[{"y":1.5}]}"#
        #expect(try parse(text) == parse(#"{"imageId":1}"#))
    }

    @Test func `an owner is one safe path segment`() throws {
        #expect(try parse(#"{"imageId":1,"owner":"123"}"#).owner == "123")
        #expect(try parse(#"{"imageId":1,"owner":"한"}"#).owner == "한")
        for owner in ["", ".", "..", "a/b", "a\\\\b", "a\\u0000", "\\u2028", String(repeating: "a", count: 129)] {
            #expect(throws: RegistrationFault.owner) { try parse("{\"imageId\":1,\"owner\":\"\(owner)\"}") }
        }
    }

    @Test(arguments: [
        ("", RegistrationFault.notJSON), ("{", .notJSON), ("[]", .notJSON), ("null", .notJSON), ("\"a\"", .notJSON),
        ("1", .notJSON), ("{}x", .notJSON), ("\u{FEFF}{}", .notJSON), (#"{"imageUrl":"\ud800"}"#, .notJSON),
        (#"{"imageId":01}"#, .notJSON), (#"{"imageId":NaN}"#, .notJSON), (#"{"imageUrl":"a",}"#, .notJSON),
        (#"{"imageId":1,"x":[[[[[[[[1]]]]]]]]}"#, .notJSON),
        (#"{"imageId":1,"imageId":1}"#, .duplicate), (#"{"imageId":1,"x":{"y":1,"\u0079":1}}"#, .duplicate),
        ("{}", .noImage), (#"{"imageURL":"a"}"#, .noImage), (#"{"ImageUrl":"a"}"#, .noImage),
        (#"{"imageUrl":null}"#, .noImage), (#"{"imageUrl":"a","imageId":1}"#, .twoImages),
        (#"{"imageUrl":1}"#, .imageURL), (#"{"imageUrl":["a"]}"#, .imageURL), (#"{"imageUrl":false}"#, .imageURL),
        (#"{"imageId":"1"}"#, .imageID), (#"{"imageId":0}"#, .imageID), (#"{"imageId":-0}"#, .imageID),
        (#"{"imageId":-1}"#, .imageID), (#"{"imageId":1.0}"#, .imageID), (#"{"imageId":1e2}"#, .imageID),
        (#"{"imageId":9223372036854775808}"#, .imageID), (#"{"imageId":1e999}"#, .imageID),
        (#"{"imageId":{}}"#, .imageID),
        (#"{"imageId":1,"fileSize":"1"}"#, .fileSize), (#"{"imageId":1,"fileSize":-1}"#, .fileSize),
        (#"{"imageId":1,"fileSize":0.5}"#, .fileSize), (#"{"imageId":1,"fileSize":1e400}"#, .fileSize),
        (#"{"imageId":1,"originalFilename":7}"#, .originalFilename), (#"{"imageId":1,"owner":7}"#, .owner),
        (#"{"imageId":1,"owner":["7"]}"#, .owner),
    ])
    func `what is wrong with a body is said`(text: String, fault: RegistrationFault) {
        #expect(throws: fault) { try parse(text) }
    }

    @Test func `bytes that are no UTF-8 are no JSON`() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] {
            let body = Array(#"{"imageUrl":""#.utf8) + bytes + Array(#""}"#.utf8)
            #expect(throws: RegistrationFault.notJSON) { try RegistrationRequest.parse(body.span) }
        }
    }

    @Test func `the largest body is read, and one byte more is not`() throws {
        let text = #"{"imageId":1}"#
        let padding = String(repeating: " ", count: RegistrationRequest.bodyBytesMax - text.utf8.count)
        #expect(try parse(text + padding).image == .id(1))
        #expect(throws: RegistrationFault.tooLarge) { try parse(text + padding + " ") }
        let deep = String(repeating: "[", count: RegistrationRequest.bodyBytesMax)
        #expect(throws: RegistrationFault.notJSON) { try parse(deep) }
    }

    @Test func `every fault has words of its own`() {
        #expect(Set(RegistrationFault.allCases.map(\.detail)).count == RegistrationFault.allCases.count)
    }
}
