import FormData
import Gateway
import Images
import Testing
import Tokens

/// What an intake made of a whole body, in a form that does not show the cuts.
private struct IntakeRun: Equatable {
    var type: String?
    var name: String?
    var file: [UInt8] = []
    var isComplete = false
    var refusal: FormRefusal?

    init(_ pieces: [[UInt8]], plan: FormPlan) {
        var intake = FormIntake(plan: plan)
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty, refusal == nil {
                let input = [UInt8](rest)
                let (step, consumed) = intake.next(input.span)
                rest = rest.dropFirst(consumed)
                note(step, input, intake.delimiter)
            }
        }
        note(intake.bodyEnded(), [], [])
    }

    private mutating func note(_ step: FormStep, _ input: [UInt8], _ delimiter: [UInt8]) {
        switch step {
        case .none: break
        case .begin(let plan):
            type = plan.type.mediaType
            name = plan.filename
        case .file(let range): file += input[range]
        case .heldFile(let range): file += delimiter[range]
        case .complete: isComplete = true
        case .refused(let refusal): self.refusal = refusal
        }
    }
}

struct FormIntakeTests {
    private static func plan(field: String? = nil, filename: String? = nil) -> FormPlan? {
        FormBoundary(Array("b".utf8).span).map { boundary in
            FormPlan(
                boundary: boundary, field: field, claims: TokenClaims(subject: "1", role: .user, expiresAt: 9),
                filename: filename, host: "h", recordToken: "r", expectsContinue: true, milliseconds: 7, uuid: "u")
        }
    }

    private func part(_ head: String, _ data: String = "x") -> String {
        "--b\r\nContent-Disposition: form-data; \(head)\r\n\r\n\(data)\r\n"
    }

    private let file = "name=f; filename=\"a.png\"\r\nContent-Type: image/png"
    private let field = "name=t"

    /// The run of a body, after making sure that it is the same however the body is cut.
    private func run(_ text: String, field: String? = nil, filename: String? = nil) throws -> IntakeRun {
        let plan = try #require(Self.plan(field: field, filename: filename))
        let bytes = Array(text.utf8)
        let whole = IntakeRun([bytes], plan: plan)
        #expect(IntakeRun(bytes.map { [$0] }, plan: plan) == whole, "byte by byte")
        for cut in stride(from: 0, to: bytes.count, by: max(bytes.count / 300, 1)) {
            #expect(IntakeRun([Array(bytes[..<cut]), Array(bytes[cut...])], plan: plan) == whole, "cut at \(cut)")
        }
        return whole
    }

    // MARK: - Every state and every event

    private static let image = PartHead(
        name: Array("f".utf8), filename: Array("a.png".utf8), contentType: Array("image/png".utf8))
    private static let text = PartHead(name: Array("t".utf8))

    private static let events: [(name: String, event: FormEvent)] = [
        ("incomplete", .incomplete), ("file", .part(image)), ("field", .part(text)), ("data", .data(0 ..< 3)),
        ("held", .heldData(0 ..< 2)), ("partEnd", .partEnd), ("end", .end), ("refused", .refused(.bareLF)),
    ]

    /// How each state is reached.
    private static let ways: [(state: FormIntake.State, events: [FormEvent])] = [
        (.beforeFile, []),
        (.inFile, [.part(image)]),
        (.afterFile, [.part(image), .partEnd]),
        (.closed, [.part(image), .partEnd, .end]),
        (.refused(.noFile), [.end]),
    ]

    private func name(_ step: FormStep) -> String {
        switch step {
        case .none: "none"
        case .begin(let plan): "begin \(plan.key.text)"
        case .file(let range): "file \(range)"
        case .heldFile(let range): "held \(range)"
        case .complete: "complete"
        case .refused(let refusal): "\(refusal)"
        }
    }

    @Test func `each event in each state has its step and its next state`() throws {
        let begin = "begin users/1/images/7-u.png"
        let bare = FormRefusal.malformed(.bareLF)
        let cut = FormRefusal.malformed(.cutShort)
        let expected: [[(String, FormIntake.State)]] = [
            [
                ("none", .beforeFile), (begin, .inFile), ("none", .beforeFile), ("none", .beforeFile),
                ("none", .beforeFile), ("none", .beforeFile), ("noFile", .refused(.noFile)),
                ("\(bare)", .refused(bare)),
            ],
            [
                ("none", .inFile), ("\(cut)", .refused(cut)), ("\(cut)", .refused(cut)), ("file 0..<3", .inFile),
                ("held 0..<2", .inFile), ("none", .afterFile), ("\(cut)", .refused(cut)), ("\(bare)", .refused(bare)),
            ],
            [
                ("none", .afterFile), ("secondFile", .refused(.secondFile)), ("none", .afterFile),
                ("none", .afterFile), ("none", .afterFile), ("none", .afterFile), ("none", .closed),
                ("\(bare)", .refused(bare)),
            ],
            Array(repeating: ("none", .closed), count: 7) + [("\(bare)", .refused(bare))],
            Array(repeating: ("noFile", .refused(.noFile)), count: 8),
        ]
        let plan = try #require(Self.plan())
        for (way, row) in zip(Self.ways, expected) {
            for (event, (step, state)) in zip(Self.events, row) {
                var intake = FormIntake(plan: plan)
                for before in way.events { _ = intake.take(before) }
                #expect(intake.state == way.state)
                let found = name(intake.take(event.event))
                #expect(found == step, "\(event.name) in \(way.state)")
                #expect(intake.state == state, "\(event.name) in \(way.state)")
            }
        }
    }

    @Test func `the body's end completes a closed form and refuses any other`() throws {
        let plan = try #require(Self.plan())
        let cut = "malformed(FormData.FormFault.noDelimiter)"
        for (way, expected) in zip(Self.ways, [cut, cut, cut, "complete", "noFile"]) {
            var intake = FormIntake(plan: plan)
            for before in way.events { _ = intake.take(before) }
            let found = name(intake.bodyEnded())
            #expect(found == expected, "\(way.state)")
            if expected != "complete" { #expect(intake.state != way.state || way.state == .refused(.noFile)) }
        }
    }

    // MARK: - Forms

    @Test func `the file is found among other fields, wherever it stands`() throws {
        for parts in [
            [part(file, "image")], [part(field), part(file, "image")], [part(file, "image"), part(field)],
            [part(field), part(field), part(file, "image"), part(field, "")],
        ] {
            let form = try run(parts.joined() + "--b--\r\nepilogue")
            #expect(form.isComplete && form.refusal == nil)
            #expect(form.file == Array("image".utf8))
            #expect(form.name == "a.png" && form.type == "image/png")
        }
    }

    @Test func `a form without a file, or with two, is refused`() throws {
        #expect(try run("--b--").refusal == .noFile)
        #expect(try run(part(field) + "--b--").refusal == .noFile)
        let unchosen = part("name=f; filename=\"\"\r\nContent-Type: application/octet-stream", "")
        #expect(try run(unchosen + "--b--").refusal == .noFile)
        #expect(try run(unchosen + part(file) + unchosen + "--b--").isComplete)
        #expect(try run(part(file) + part(file) + "--b--").refusal == .secondFile)
    }

    @Test func `with a field named, its part is the file and no other`() throws {
        let other = part("name=g; filename=c.gif\r\nContent-Type: image/gif", "other")
        let form = try run(other + part(file, "image") + other + "--b--", field: "f")
        #expect(form.isComplete && form.file == Array("image".utf8))
        #expect(try run(other + "--b--", field: "f").refusal == .noFile)
        let nameless = part("name=f\r\nContent-Type: image/png", "image")
        #expect(try run(nameless + "--b--", field: "f").isComplete)
        #expect(try run(nameless + "--b--").refusal == .noFile)
        let unchosen = part("name=f; filename=\"\"\r\nContent-Type: image/png")
        #expect(try run(unchosen + "--b--", field: "f").refusal == .noFile)
        #expect(try run(part(file) + nameless + "--b--", field: "f").refusal == .secondFile)
    }

    @Test func `the part says type and name, and x-filename counts before the name`() throws {
        #expect(try run(part("name=f; filename=a") + "--b--").refusal == .fileType)
        #expect(try run(part("name=f; filename=a\r\nContent-Type: image/webp") + "--b--").refusal == .fileType)
        let encoded = "\r\nContent-Transfer-Encoding: base64"
        #expect(try run(part(file + encoded) + "--b--").refusal == .encodedFile)
        #expect(try run(part(field + encoded) + part(file) + "--b--").isComplete)
        #expect(try run(part(file) + "--b--", filename: "mine.png").name == "mine.png")
        let path = part("name=f; filename=\"C:\\dir\\a%22b%41.jpg\"\r\nContent-Type: IMAGE/JPEG; q=1")
        let form = try run(path + "--b--")
        #expect(form.name == "a\"b%41.jpg" && form.type == "image/jpeg")
        let star = part("name=f; filename=a; filename*=UTF-8''%ED%95%9C.jpg\r\nContent-Type: image/jpeg")
        #expect(try run(star + "--b--").name == "\u{D55C}.jpg")
    }

    @Test func `a form that turns bad behind its file is never complete`() throws {
        let good = part(file, "image") + "--b--"
        for length in 0 ..< good.utf8.count {
            let form = try run(String(decoding: Array(good.utf8)[..<length], as: UTF8.self))
            #expect(!form.isComplete && form.refusal != nil, "\(length)")
        }
        #expect(try run(part(file) + "--b\nX").refusal == .malformed(.bareLF))
    }

    @Test func `everything beside the file's bytes is at most 64 KiB`() throws {
        func form(fieldBytes: Int, fileBytes: Int) -> String {
            let data = (String(repeating: "y", count: fieldBytes), String(repeating: "z", count: fileBytes))
            return part(field, data.0) + part(file, data.1) + "--b--"
        }
        let others = form(fieldBytes: 0, fileBytes: 0).utf8.count
        let most = FormIntake.otherBytesMax - others
        let full = try run(form(fieldBytes: most, fileBytes: 100_000))
        #expect(full.isComplete && full.file.count == 100_000)
        let over = try run(form(fieldBytes: most + 1, fileBytes: 10))
        #expect(over.refusal == .otherPartsTooLarge)
        #expect(try run(form(fieldBytes: FormIntake.otherBytesMax, fileBytes: 1)).refusal == .otherPartsTooLarge)
        #expect(try run(form(fieldBytes: 200_000, fileBytes: 1)).refusal == .otherPartsTooLarge)
        // A fault behind the last byte that may come is not what is told, whatever arrived with that byte.
        let almost = FormIntake.otherBytesMax - 50 - part(field, "").utf8.count
        let head = "--b\r\nX: " + String(repeating: "x", count: 100) + "\0"
        let faulty = part(field, String(repeating: "y", count: almost)) + head
        #expect(try run(faulty).refusal == .otherPartsTooLarge)
    }
}
