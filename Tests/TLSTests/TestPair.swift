import TestSupport
import Testing
import TLS

/// A client's and a server's engine with what each has said so far. Bytes go over in pieces of `pieceBytes`.
struct TestPair {
    let client: TestEngine
    let server: TestEngine
    var pieceBytes = Int.max
    /// Plaintext as it came out at either end.
    var clientGot: [UInt8] = []
    var serverGot: [UInt8] = []
    /// On its way.
    var toClient: [UInt8] = []
    var toServer: [UInt8] = []
    var clientProgress = TLSProgress.handshaking
    var serverProgress = TLSProgress.handshaking

    init(
        server serverContext: TLSContext, client clientContext: TLSContext, host: String? = "a.example",
        resuming session: TLSClientSession? = nil
    ) throws {
        client = try TestEngine(client: clientContext, host: host, resuming: session)
        server = try TestEngine(server: serverContext)
        client.begin(output: &toServer)
    }

    /// Carries bytes to and fro until neither has any more.
    mutating func run() {
        while !toServer.isEmpty || !toClient.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &toServer)
            for piece in Self.pieces(bytes, pieceBytes) {
                serverProgress = server.receive(piece.span, plaintext: &serverGot, output: &toClient)
            }
            bytes = []
            swap(&bytes, &toClient)
            for piece in Self.pieces(bytes, pieceBytes) {
                clientProgress = client.receive(piece.span, plaintext: &clientGot, output: &toServer)
            }
        }
    }

    /// What the client's next bytes are, without delivering them.
    mutating func clientSends(_ bytes: [UInt8]) {
        let failure = client.send(bytes, output: &toServer)
        #expect(failure == nil)
    }

    mutating func serverSends(_ bytes: [UInt8]) {
        let failure = server.send(bytes, output: &toClient)
        #expect(failure == nil)
    }

    static func pieces(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
        guard bytes.count > size else { return bytes.isEmpty ? [] : [bytes] }
        return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0 ..< min($0 + size, bytes.count)]) }
    }
}

/// The contexts that most tests need.
enum TestContexts {
    static func server(_ pairs: [TestKeyPair]? = nil, clientAuthorities: [UInt8]? = nil) throws -> TLSContext {
        let authority = try #require(TestAuthority.shared)
        return try TLSContext(
            pairs: (pairs ?? [authority.first]).map(TLSKeyPair.init), clientAuthoritiesPEM: clientAuthorities)
    }

    static func client(
        _ versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, pair: TestKeyPair? = nil,
        protocols: [String] = ["http/1.1"]
    ) throws -> TLSContext {
        let authority = try #require(TestAuthority.shared)
        return try TLSContext.client(
            trusting: authority.certificate, pair: pair.map(TLSKeyPair.init), versions: versions, protocols: protocols)
    }
}

extension TLSKeyPair {
    init(_ pair: TestKeyPair) {
        self.init(certificatesPEM: pair.certificatesPEM, privateKeyPEM: pair.privateKeyPEM)
    }
}
