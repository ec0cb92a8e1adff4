import Bytes
import TestSupport
import TLS

/// A client that speaks TLS to a ``TestServer`` with an engine of our own.
final class SecureTestClient {
    private let client: TestClient
    private let engine: TLSEngine
    private var plaintext: [UInt8] = []
    private var progress = TLSProgress.handshaking

    private struct Failed: Error {
        let progress: TLSProgress
        let plaintext: String
    }

    init(_ server: TestServer, receivesLittle: Bool = false) throws {
        client = try TestClient(server)
        if receivesLittle { try client.receiveLittle() }
        guard let authority = TestAuthority.shared,
            let made = TLSEngine.client(
                try TLSContext.client(trusting: authority.certificate, versions: .tls13 ... .tls13),
                host: "localhost")
        else { throw Failed(progress: .handshaking, plaintext: "") }
        engine = made
        var output: [UInt8] = []
        engine.begin(output: &output)
        try client.send(output)
        while progress == .handshaking { try takeMore() }
    }

    func send(_ text: String, thenCloses: Bool = false) throws {
        var output: [UInt8] = []
        let failure = engine.send(Array(text.utf8).span, output: &output)
        if failure != nil { throw Failed(progress: progress, plaintext: "") }
        if thenCloses { engine.close(output: &output) }
        try client.send(output)
    }

    /// All that came so far, once it ends with `end` and is so long; gone then.
    func textUntil(_ end: String, bytesMin: Int = 0) throws -> String {
        while plaintext.count < bytesMin || !plaintext.suffix(end.utf8.count).elementsEqual(end.utf8) {
            guard progress == .established || progress == .handshaking
            else { throw Failed(progress: progress, plaintext: String(decoding: plaintext, as: UTF8.self)) }
            try takeMore()
        }
        defer { plaintext = [] }
        return String(decoding: plaintext, as: UTF8.self)
    }

    /// Whether a close_notify is all that still comes.
    func isClosedOrderly() throws -> Bool {
        while progress == .established { try takeMore() }
        return progress == .closedByPeer && plaintext.isEmpty
    }

    func updateKeys(times: Int) throws {
        var output: [UInt8] = []
        for _ in 0 ..< times { engine.updateKeys(output: &output) }
        try client.send(output)
    }

    private func takeMore() throws {
        let bytes = try client.take()
        guard !bytes.isEmpty
        else { throw Failed(progress: progress, plaintext: String(decoding: plaintext, as: UTF8.self)) }
        var output: [UInt8] = []
        progress = engine.receive(bytes.span, plaintext: &plaintext, output: &output)
        if !output.isEmpty { try client.send(output) }
    }
}
