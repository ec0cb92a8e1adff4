internal import Bytes
package import FuzzBasics
package import FuzzWire
internal import HTTPWire
internal import Synchronization
package import TLS

/// Fuzzes the layer of TLS between a client and the reading of requests: however a stream is cut into records, and
/// these into pieces, the HTTP events are those of the plain bytes; of records that something happens to on their way,
/// exactly what came before it is read, and then the connection ends in an error that says it was the peer's fault.
/// An input is a ``RecordPlan``, a line feed, and a stream of HTTP.
package enum TLSRecords {
    /// Several threads may replay inputs; one pair at a time is made.
    private static let world = Mutex<RecordWorld?>(nil)

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        let plan = RecordPlan(input)
        try world.withLock { world throws(OracleFailure) in
            let present: RecordWorld
            if let made = world { present = made } else { present = try RecordWorld() }
            world = present
            if plan.mishap == .stranger {
                try hearStranger(plan, present)
            } else {
                try carry(plan, present)
            }
        }
    }

    /// What a server's end made of the bytes that came.
    package struct Hearing: Equatable, Sendable {
        package var plaintext: [UInt8] = []
        /// How much plaintext there was behind each piece.
        package var cuts: [Int] = []
        package var progress = TLSProgress.handshaking
        /// What the server had to say.
        package var answer: [UInt8] = []

        package init() {}
    }

    private static func carry(_ plan: RecordPlan, _ world: RecordWorld) throws(OracleFailure) {
        let pair = try world.pair(plan.version)
        let wire = try RecordWire(plan, client: pair.client)
        var hearing = try hear(wire.bytes, sizes: plan.pieceSizes, server: pair.server)
        try check(
            hearing, of: plan.stream.span.extracting(first: wire.readable),
            end: wire.isBroken ? .broken : wire.isClosed ? .closed : .open
        ) { stream, cuts throws(OracleFailure) in
            try WireTranscript(stream, cuts: cuts, limits: WireLimits())
        }
        try answer(&hearing, pair, isClosed: wire.isClosed)
    }

    /// How a wire ends.
    package enum End: Sendable { case open, closed, broken }

    /// The oracle, over what was heard of a wire that says `stream`, and over any way to read HTTP in pieces.
    package static func check(
        _ hearing: Hearing, of stream: Span<UInt8>, end: End,
        read: (_ stream: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> WireTranscript
    ) throws(OracleFailure) {
        guard hearing.plaintext.count == stream.count, stream.hasPrefix(hearing.plaintext.span) else {
            throw OracleFailure("\(hearing.plaintext.count) bytes, or other bytes, of \(stream.count)")
        }
        switch (end, hearing.progress) {
        case (.open, .established), (.closed, .closedByPeer), (.broken, .established): break
        case (.broken, .failed(let failure)): try check(failure, isHTTP: false)
        case (_, let progress): throw OracleFailure("\(progress), where the wire is \(end)")
        }
        let whole = try read(stream, [])
        let pieces = try read(hearing.plaintext.span, hearing.cuts)
        guard pieces == whole else { throw OracleFailure("\(pieces)\nof the plain bytes: \(whole)") }
    }

    /// A failure that the peer caused has to say so; otherwise an operator looks for it in the wrong place. Whose first
    /// byte is a letter speaks something else than TLS, most likely HTTP.
    private static func check(_ failure: TLSFailure, isHTTP: Bool) throws(OracleFailure) {
        switch failure {
        case .malformed, .alertReceived, .nothingInCommon, .noApplicationProtocol, .plainHTTP:
            guard (failure == .plainHTTP) == isHTTP else { throw OracleFailure("said to be \(failure)") }
        case .library, .clientCertificate, .serverCertificate:
            throw OracleFailure("the peer's fault, and said to be \(failure)")
        }
    }

    /// Gives the server's end the bytes in pieces. What it says after its last word is nothing.
    private static func hear(
        _ bytes: [UInt8], sizes: [Int], server: borrowing TLSEngine
    ) throws(OracleFailure) -> Hearing {
        var hearing = Hearing()
        if server.isEstablished { hearing.progress = .established }
        for piece in RecordPlan.pieces(of: bytes.count, sizes: sizes) {
            let before = hearing
            hearing.progress = server.receive(
                bytes.span.extracting(piece), plaintext: &hearing.plaintext, output: &hearing.answer)
            hearing.cuts.append(hearing.plaintext.count)
            switch before.progress {
            case .handshaking, .established: break
            case .closedByPeer:
                guard hearing.plaintext.count == before.plaintext.count, hearing.progress == .closedByPeer
                else { throw OracleFailure("closed, and then \(hearing.progress)") }
            case .failed:
                guard hearing.plaintext.count == before.plaintext.count, hearing.answer.count == before.answer.count,
                    case .failed = hearing.progress
                else { throw OracleFailure("failed, and then \(hearing.progress)") }
                // The first failure is the one that is told.
                hearing.progress = before.progress
            }
        }
        return hearing
    }

    /// The server's end answers what is whole, and after a failure nothing more; the client understands either.
    private static func answer(
        _ hearing: inout Hearing, _ pair: borrowing RecordPair, isClosed: Bool
    ) throws(OracleFailure) {
        let said = Array(hearing.plaintext.prefix(64))
        let failure = pair.server.send(said.span, output: &hearing.answer)
        let isFailed = if case .failed = hearing.progress { true } else { false }
        guard said.isEmpty || (failure != nil) == isFailed else {
            throw OracleFailure("\(hearing.progress), and an answer: \(String(describing: failure))")
        }
        var heard: [UInt8] = []
        var more: [UInt8] = []
        let progress = pair.client.receive(hearing.answer.span, plaintext: &heard, output: &more)
        guard isFailed else {
            guard heard == said, progress == .established else { throw OracleFailure("the client hears \(progress)") }
            return
        }
        guard heard.isEmpty, case .failed(.alertReceived) = progress else {
            throw OracleFailure("failed without an alert: \(progress)")
        }
        let before = hearing.answer.count
        pair.server.close(output: &hearing.answer)
        guard hearing.answer.count == before else { throw OracleFailure("a goodbye after a failure") }
    }

    /// What a server's handshake may say: its certificate, tickets and an alert.
    private static let answerBytesMax = 8_192

    /// Bytes of anybody never become HTTP, and any cut of them ends in the same way.
    private static func hearStranger(_ plan: RecordPlan, _ world: RecordWorld) throws(OracleFailure) {
        let whole = try hear(plan.stream, sizes: [], server: try world.freshServer())
        let sizes = plan.pieceSizes.isEmpty ? [1] : plan.pieceSizes
        let pieces = try hear(plan.stream, sizes: sizes, server: try world.freshServer())
        for hearing in [whole, pieces] {
            guard hearing.plaintext.isEmpty else { throw OracleFailure("a stranger is understood") }
            guard hearing.answer.count <= answerBytesMax else { throw OracleFailure("too long an answer") }
            switch hearing.progress {
            // Before anything is encrypted, anybody can say that they say no more.
            case .handshaking, .closedByPeer: break
            case .failed(let failure):
                let first = plan.stream.first ?? 0
                try check(failure, isHTTP: (0x41 ... 0x5A).contains(first & 0xDF))
            case .established: throw OracleFailure("established with a stranger")
            }
        }
        guard whole.progress == pieces.progress else {
            throw OracleFailure("\(pieces.progress) in pieces, and as a whole \(whole.progress)")
        }
    }
}
