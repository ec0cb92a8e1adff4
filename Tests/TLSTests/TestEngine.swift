import TLS

/// An engine that the macros of the tests can hold: they copy what they look at.
final class TestEngine {
    private let engine: TLSEngine

    private struct NoEngine: Error {}

    init(server context: TLSContext) throws {
        guard let engine = TLSEngine(context) else { throw NoEngine() }
        self.engine = engine
    }

    init(client context: TLSContext, host: String?, resuming session: TLSClientSession?) throws {
        guard let engine = TLSEngine.client(context, host: host, resuming: session) else { throw NoEngine() }
        self.engine = engine
    }

    var isEstablished: Bool { engine.isEstablished }
    var isResumed: Bool { engine.isResumed }
    var version: TLSVersion? { engine.version }
    var applicationProtocol: String { engine.applicationProtocol }
    func session() -> TLSClientSession? { engine.session() }

    func receive(_ bytes: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]) -> TLSProgress {
        engine.receive(bytes, plaintext: &plaintext, output: &output)
    }

    func send(_ plaintext: [UInt8], output: inout [UInt8]) -> TLSFailure? {
        engine.send(plaintext.span, output: &output)
    }

    func close(output: inout [UInt8]) { engine.close(output: &output) }
    func begin(output: inout [UInt8]) { engine.begin(output: &output) }
    func renegotiate(output: inout [UInt8]) { engine.renegotiate(output: &output) }
    func updateKeys(output: inout [UInt8]) { engine.updateKeys(output: &output) }
}
