import Gateway
import HTTPWire
import Images
import Testing
import Tokens

/// Uploads whose `Idempotency-Key` the record knows.
struct UploadReplayTests {
    private let policy = UploadPolicy(uploadBytesMax: 1_000_000, partBytes: 400_000)
    private let digest = [UInt8](repeating: 7, count: 32)

    private func exchange(
        declared: UInt64?, strategy: UploadPolicy.Strategy = .multipart, _ effects: inout [UploadEffect]
    ) -> UploadExchange {
        var policy = policy
        policy.strategy = strategy
        let plan = UploadPlan(
            key: ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .jpeg),
            claims: TokenClaims(subject: "1", role: .user, expiresAt: 9), type: .jpeg, declaredBytes: declared,
            filename: nil, host: "h", recordToken: "r", expectsContinue: false, idempotencyKey: "k")
        return UploadExchange(plan: plan, policy: policy, into: &effects)
    }

    private func known(_ state: UploadLife.State = .stored, bytes: Int64 = 100_000) -> KnownUpload {
        KnownUpload(image: image(state, bytes: bytes), sha256: state == .stored ? digest : nil)
    }

    private func image(
        _ state: UploadLife.State, bytes: Int64 = 100_000, registered: Int64? = nil
    ) -> ImageRecord {
        ImageRecord(
            imageID: 5, key: "users/1/images/1-u.jpeg", owner: "1", contentType: "image/jpeg", filename: "a.jpg",
            fileBytes: bytes, state: state, uploaded: 3, registered: registered, registrant: nil, expires: nil)
    }

    /// The body is the known one, and whether that is there still is asked.
    private func looking(_ effects: inout [UploadEffect]) -> UploadExchange {
        var exchange = begun(declared: nil, &effects)
        exchange.openingKnown(known(), into: &effects)
        exchange.bodyEnded(digest: digest, into: &effects)
        #expect(effects == [.journal(.look(imageID: 5))])
        effects = []
        return exchange
    }

    private func jpeg(_ count: Int) -> [UInt8] { [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0, count: count - 3) }

    /// Some of the body, up to the question whether the key is known.
    private func begun(
        declared: UInt64?, strategy: UploadPolicy.Strategy = .multipart, bytes: Int = 70_000,
        _ effects: inout [UploadEffect]
    ) -> UploadExchange {
        var exchange = exchange(declared: declared, strategy: strategy, &effects)
        let isKept = exchange.receive(jpeg(bytes).span, into: &effects)
        #expect(isKept && !exchange.isReplay)
        #expect(effects.last == .journal(.opening))
        effects = []
        return exchange
    }

    @Test(arguments: [nil, 100_000] as [UInt64?], [UploadPolicy.Strategy.multipart, .put])
    func `the rest of the body is dropped, and the same bytes get the first answer`(
        declared: UInt64?, strategy: UploadPolicy.Strategy
    ) {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: declared, strategy: strategy, &effects)
        exchange.openingKnown(known(), into: &effects)
        #expect(effects.isEmpty && exchange.isReplay)
        let isKept = exchange.receive(jpeg(30_000).span, into: &effects)
        #expect(!isKept && effects.isEmpty)
        #expect(exchange.receivedBytes == 100_000)
        exchange.bodyEnded(digest: digest, into: &effects)
        #expect(effects == [.journal(.look(imageID: 5))] && exchange.isReplay)
        effects = []
        // Registered meanwhile: the answer is the first one.
        exchange.knownLooked(image(.stored, registered: 4), into: &effects)
        #expect(effects == [.reply(.replayed(known().image)), .end])
        exchange.knownLooked(known().image, into: &effects)
        #expect(effects.count == 2)
    }

    /// Its time was over while the body came, or there is another in its place.
    @Test func `an image that is deleted while the body comes is no answer`() {
        let other = ImageRecord(
            imageID: 6, key: "k", owner: "1", contentType: "image/jpeg", filename: nil, fileBytes: 100_000,
            state: .stored, uploaded: 3, registered: nil, registrant: nil, expires: nil)
        for found in [nil, image(.expiring), other] as [ImageRecord?] {
            var effects: [UploadEffect] = []
            var exchange = looking(&effects)
            exchange.knownLooked(found, into: &effects)
            #expect(effects == [.reply(.refused(.storeUnavailable)), .end])
        }
    }

    @Test func `a record that cannot say whether the image is there is no answer`() {
        var effects: [UploadEffect] = []
        var exchange = looking(&effects)
        exchange.journalFailed(into: &effects)
        #expect(effects == [.reply(.refused(.storeUnavailable)), .end])
        exchange.knownLooked(known().image, into: &effects)
        #expect(effects.count == 2)
    }

    @Test func `whoever goes or is refused while the record is asked once more hears nothing else`() {
        for found in [nil, known().image] as [ImageRecord?] {
            var effects: [UploadEffect] = []
            var lost = looking(&effects)
            lost.clientLost(into: &effects)
            #expect(effects.isEmpty)
            lost.knownLooked(found, into: &effects)
            #expect(effects == [.end])

            effects = []
            var late = looking(&effects)
            late.cancel(.requestTimeout, into: &effects)
            #expect(effects == [.reply(.refused(.requestTimeout)), .end])
            late.knownLooked(found, into: &effects)
            #expect(effects.count == 2)
        }
    }

    @Test func `what nobody asked for is not heard`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: nil, &effects)
        exchange.openingKnown(known(), into: &effects)
        exchange.knownLooked(known().image, into: &effects)
        exchange.journalFailed(into: &effects)
        #expect(effects.isEmpty && exchange.isReplay)
    }

    @Test func `a body that was whole before the record answered is compared when it does`() {
        var effects: [UploadEffect] = []
        var exchange = exchange(declared: 100, &effects)
        _ = exchange.receive(jpeg(100).span, into: &effects)
        exchange.bodyEnded(digest: digest, into: &effects)
        effects = []
        exchange.openingKnown(known(bytes: 100), into: &effects)
        #expect(effects == [.journal(.look(imageID: 5))])
        effects = []
        exchange.knownLooked(known().image, into: &effects)
        #expect(effects == [.reply(.replayed(known(bytes: 100).image)), .end])
    }

    @Test func `other bytes are a conflict`() {
        for other in [[UInt8](repeating: 8, count: 32), [], nil] as [[UInt8]?] {
            var effects: [UploadEffect] = []
            var exchange = begun(declared: nil, &effects)
            exchange.openingKnown(known(), into: &effects)
            exchange.bodyEnded(digest: other, into: &effects)
            #expect(effects == [.reply(.refused(.idempotencyConflict)), .end])
        }
    }

    @Test func `a record without a hash matches nothing`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: nil, &effects)
        exchange.openingKnown(KnownUpload(image: known().image, sha256: nil), into: &effects)
        exchange.bodyEnded(digest: nil, into: &effects)
        #expect(effects == [.reply(.refused(.idempotencyConflict)), .end])
    }

    @Test func `another declared length is a conflict without the rest of the body`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: 100_001, &effects)
        exchange.openingKnown(known(), into: &effects)
        #expect(effects == [.reply(.refused(.idempotencyConflict)), .end])
    }

    @Test func `an upload that is under way is told at once`() {
        for state in [UploadLife.State.opening, .streaming, .completing] {
            for declared in [nil, 100_000, 100_001] as [UInt64?] {
                var effects: [UploadEffect] = []
                var exchange = begun(declared: declared, &effects)
                exchange.openingKnown(known(state), into: &effects)
                #expect(effects == [.reply(.refused(.idempotencyInProgress)), .end])
                let isKept = exchange.receive(jpeg(10).span, into: &effects)
                #expect(!isKept && effects.count == 2)
            }
        }
    }

    @Test func `the cap holds as ever`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: nil, &effects)
        exchange.openingKnown(known(), into: &effects)
        _ = exchange.receive(jpeg(930_000).span, into: &effects)
        #expect(effects.isEmpty)
        _ = exchange.receive(jpeg(3).span, into: &effects)
        #expect(effects == [.reply(.refused(.fileTooLarge)), .end])
    }

    @Test func `whoever goes away ends it, before the answer of the record, after it, and when the body is whole`() {
        var effects: [UploadEffect] = []
        var early = begun(declared: nil, &effects)
        early.clientLost(into: &effects)
        #expect(effects.isEmpty)
        early.openingKnown(known(), into: &effects)
        #expect(effects == [.end])

        effects = []
        var late = begun(declared: nil, &effects)
        late.openingKnown(known(), into: &effects)
        late.clientLost(into: &effects)
        #expect(effects == [.end])

        effects = []
        var whole = begun(declared: nil, &effects)
        whole.bodyEnded(digest: digest, into: &effects)
        whole.clientLost(into: &effects)
        whole.openingKnown(known(), into: &effects)
        whole.knownLooked(known().image, into: &effects)
        #expect(effects == [.journal(.look(imageID: 5)), .end])
    }

    @Test func `a deadline ends it with its refusal`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: nil, &effects)
        exchange.openingKnown(known(), into: &effects)
        exchange.cancel(.requestTimeout, into: &effects)
        #expect(effects == [.reply(.refused(.requestTimeout)), .end])
    }

    @Test func `an answer that nobody asked for changes nothing`() {
        var effects: [UploadEffect] = []
        var exchange = begun(declared: nil, &effects)
        exchange.openingCommitted(imageID: 5, into: &effects)
        effects = []
        exchange.openingKnown(known(), into: &effects)
        #expect(effects.isEmpty && !exchange.isReplay)
    }

    @Test func `the answer is the first one at another time`() {
        let context = ReplyContext(requestID: "r", nowMilliseconds: 1_763_114_400_000, corsFields: [])
        let reply = Reply.replayed(known().image, imageURL: "https://h/a", context: context)
        #expect(reply.response.status == 201 && reply.refusal == nil)
        #expect(
            String(decoding: reply.response.body, as: UTF8.self)
                == #"{"message":"upload_image_success","data":{"imageId":5,"imageUrl":"https://h/a","#
                + #""fileSize":100000,"originalFilename":"a.jpg","uploadedAt":"1970-01-01T00:00:00.003Z"},"#
                + #""timestamp":"2025-11-14T10:00:00.000Z"}"#)
    }
}
