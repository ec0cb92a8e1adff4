import Bytes
import Gateway
import Images
import Testing

@Suite struct ObjectKeyTests {
    private static let name = "1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b"

    @Test func `knows every key that it makes`() {
        let long = String(repeating: "x", count: 128)
        for subject in ["1", "guest-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b", "사용자", "a b&c", long] {
            for type in ImageType.allCases {
                for _ in 0 ..< 20 {
                    let uuid = UUIDText.version4(upper: .random(in: 0 ... .max), lower: .random(in: 0 ... .max))
                    let key = ObjectKey(
                        subject: subject, milliseconds: .random(in: 0 ... .max), uuid: uuid, type: type)
                    #expect(ObjectKey.matches(key.text), "\(key.text)")
                }
            }
        }
    }

    @Test(arguments: [
        "", "users", "users/1/images/", "users/1/images/\(name)", "users/1/images/\(name).",
        "users/1/images/\(name).webp",
        "users/1/images/\(name).PNG", "users/1/images/\(name).pngx", "users/1/images/x\(name).png",
        "users/1/images/-\(name.drop { $0 != "-" }.dropFirst()).png", "/users/1/images/\(name).png",
        "users/1/images/\(name).png/", "users/1/images/x/\(name).png", "users//images/\(name).png",
        "users/../images/\(name).png", "users/1\u{7}/images/\(name).png", "Users/1/images/\(name).png",
        "users/1/image/\(name).png", "users/1/images/1700000000000-0b0e7e3a-93c1-1f7e-8a54-2f6d9d1f2a3b.png",
        "users/1/images/1700000000000-0b0e7e3a-93c1-4f7e-0a54-2f6d9d1f2a3b.png",
        "users/1/images/1700000000000-0B0E7E3A-93C1-4F7E-8A54-2F6D9D1F2A3B.png",
        "users/1/images/17000000000000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b.png",
        "users/1/images/1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3.png",
    ])
    func `nothing else is taken for one`(key: String) {
        #expect(!ObjectKey.matches(key))
    }
}
