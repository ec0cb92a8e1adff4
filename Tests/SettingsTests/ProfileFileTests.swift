import Settings
import Testing

private func parsed(_ text: String, _ kind: ProfileFile.Kind = .credentials) throws -> ProfileFile {
    let bytes = [UInt8](text.utf8)
    return try ProfileFile.parse(bytes.span, kind: kind)
}

/// The line that is complained about; nil: none.
private func fault(_ text: String) -> Int? {
    do {
        _ = try parsed(text)
        return nil
    } catch {
        return (error as? ProfileFile.Fault)?.line
    }
}

struct ProfileFileTests {
    @Test func `reads profiles and their properties`() throws {
        let file = try parsed("""
            [default]
            aws_access_key_id = AKIA1
            AWS_Secret_Access_Key=a/b+c=d
            \tnested = 1
            aws_session_token\t =  t==\u{20}

            [ other one ]
            aws_access_key_id=AKIA2
            """)
        #expect(file["default"] == [
            "aws_access_key_id": "AKIA1", "aws_secret_access_key": "a/b+c=d", "aws_session_token": "t==",
        ], "an indented line belongs to the property before it")
        #expect(file["other one"] == ["aws_access_key_id": "AKIA2"])
        #expect(file["third"] == nil)
    }

    @Test func `an indented section is a section all the same`() throws {
        let file = try parsed(" [a]\n  x = 1\n  y = 2\n    nested = 3\n  z = 4\n [b]\nx = 5\n")
        #expect(file["a"] == ["x": "1", "y": "2", "z": "4"])
        #expect(file["b"] == ["x": "5"])
    }

    @Test func `comments stand on lines of their own or behind white space`() throws {
        let file = try parsed("# a\n; b\n[p] # c\nx = 1 # d\ny = 2 ; e\nz = a#b;c\nw = # f\n  # g\n")
        #expect(file["p"] == ["x": "1", "y": "2", "z": "a#b;c", "w": ""])
    }

    @Test func `line ends of other systems, a mark at the beginning and no end of line are no matter`() throws {
        #expect(try parsed("\u{FEFF}[p]\r\nx = 1\r\n\r\ny=2")["p"] == ["x": "1", "y": "2"])
        #expect(try parsed("")["default"] == nil)
    }

    @Test func `a section that comes twice is one, and the last of two values counts`() throws {
        #expect(try parsed("[p]\nx=1\ny=1\n[q]\n[p]\nx=2\n")["p"] == ["x": "2", "y": "1"])
        #expect(try parsed("[p]\nx=1\n[q]\n")["q"] == [:])
    }

    @Test func `a config file names profiles otherwise`() throws {
        let text = """
            [default]
            x = 1
            [profile one]
            x = 2
            [profile "a b"]
            x = 3
            [profile\t'c']
            x = 4
            [sso-session s]
            x = 5
            [two]
            x = 6
            [profiles]
            x = 7
            [profile ]
            x = 8
            """
        let file = try parsed(text, .config)
        #expect(file["default"] == ["x": "1"])
        #expect(file["one"] == ["x": "2"])
        #expect(file["a b"] == ["x": "3"])
        #expect(file["c"] == ["x": "4"])
        for name in ["s", "two", "profiles", "", "profile"] { #expect(file[name] == nil, "\(name)") }
        #expect(try parsed("[profile one]\nx=1\n")["one"] == nil, "that is the config file's way")
    }

    @Test(arguments: ["[profile default]\nx = 2\n[default]\nx = 1\ny = 1\n", "[default]\ny=1\n[profile default]\nx=2"])
    func `of two defaults the one with the word wins`(text: String) throws {
        #expect(try parsed(text, .config)["default"] == ["x": "2"])
    }

    @Test func `says which line makes no sense, and nothing of what it says`() {
        #expect(fault("[p]\nx = 1\nnonsense\n") == 3)
        #expect(fault("x = 1\n[p]\n") == 1)
        #expect(fault("[p\nx = 1\n") == 1)
        #expect(fault("[p]\n= 1\n") == 2)
        #expect(fault("[p]\nx = 1\n") == nil)
        #expect(throws: ProfileFile.Fault(line: 0)) {
            let bytes: [UInt8] = [0x5B, 0xFF, 0x5D]
            _ = try ProfileFile.parse(bytes.span, kind: .config)
        }
        #expect(ProfileFile.Fault(line: 3).description.contains("line 3"))
    }

    @Test func `cut at every place it is read or refused`() {
        let text = [UInt8]("[default]\naws_access_key_id = A # b\n[x y]\n  z = \u{E9}\n\tw = 2\n".utf8)
        for end in 0 ... text.count {
            let piece = Array(text[..<end])
            _ = try? ProfileFile.parse(piece.span, kind: .config)
            _ = try? ProfileFile.parse(piece.span, kind: .credentials)
        }
    }
}
