internal import FuzzBasics
internal import TLS

/// What the pairs of a process have in common: contexts, and of each version a session that pairs take up, so that a
/// handshake costs no signature.
final class RecordWorld {
    private let server: TLSContext
    private let clients: [TLSVersion: TLSContext]
    private var sessions: [TLSVersion: TLSClientSession] = [:]

    init() throws(OracleFailure) {
        let pair = TLSKeyPair(
            certificatesPEM: Array(Self.certificate.utf8), privateKeyPEM: Array(Self.openKey.utf8))
        do throws(TLSContextError) {
            server = try TLSContext(pairs: [pair])
            clients = [
                .tls12: try TLSContext.client(trusting: pair.certificatesPEM, versions: .tls12 ... .tls12),
                .tls13: try TLSContext.client(trusting: pair.certificatesPEM, versions: .tls13 ... .tls13),
            ]
        } catch {
            throw OracleFailure("no context: \(error)")
        }
    }

    /// Both ends, behind their handshake.
    func pair(_ version: TLSVersion) throws(OracleFailure) -> RecordPair {
        guard let context = clients[version] else { throw OracleFailure("no such version") }
        let pair = try RecordPair(server: server, client: context, resuming: sessions[version])
        if !pair.client.isResumed { sessions[version] = pair.client.session() }
        return pair
    }

    /// A server's end that nobody has spoken to.
    func freshServer() throws(OracleFailure) -> TLSEngine {
        guard let engine = TLSEngine(server) else { throw OracleFailure("no engine") }
        return engine
    }

    /// For `a.example`, by itself, until 2120.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBVTCB/aADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBGZ1enowIBcN
        MjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMA8xDTALBgNVBAMMBGZ1enow
        WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASBIXlcU4bPEjDG3FSzxyUZTy73aDwH
        oM06wtH9D7Pdzj2X0Bk1Qaw+hhXM74sfv0sWPJRPhVz29myN5y5kjMgIo0gwRjAP
        BgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWEuZXhhbXBsZTAdBgNVHQ4EFgQU
        etNxvOIKho4nTjuIRnX5T7+i4aIwCgYIKoZIzj0EAwIDRwAwRAIgQK8C2toNePaE
        EjH5cXA0N4dg2xV3FkkbrTyWWFayfvcCIBvIzF92udgGEL0GuDY5TanihuiqnlEo
        OEv6VfHLWeaz
        -----END CERTIFICATE-----
        """

    /// Its key, which is as public as everything here and opens nothing.
    private static let openKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAW3uX8JETEziiAP7
        AP4iJh1VWh9rCViAvslV+bYgky2hRANCAASBIXlcU4bPEjDG3FSzxyUZTy73aDwH
        oM06wtH9D7Pdzj2X0Bk1Qaw+hhXM74sfv0sWPJRPhVz29myN5y5kjMgI
        -----END PRIVATE KEY-----
        """
}

/// A client's and a server's end of one connection.
struct RecordPair: ~Copyable {
    let client: TLSEngine
    let server: TLSEngine

    init(
        server context: TLSContext, client other: TLSContext, resuming session: TLSClientSession?
    ) throws(OracleFailure) {
        guard let client = TLSEngine.client(other, host: "a.example", resuming: session),
            let server = TLSEngine(context)
        else { throw OracleFailure("no engines") }
        var toServer: [UInt8] = []
        var toClient: [UInt8] = []
        var nothing: [UInt8] = []
        client.begin(output: &toServer)
        var turns = 0
        while !toServer.isEmpty {
            let atServer = server.receive(toServer.span, plaintext: &nothing, output: &toClient)
            toServer = []
            let atClient = client.receive(toClient.span, plaintext: &nothing, output: &toServer)
            toClient = []
            turns += 1
            guard turns < 8, atServer != .closedByPeer, atClient != .closedByPeer
            else { throw OracleFailure("a handshake without an end: \(atServer), \(atClient)") }
        }
        guard client.isEstablished, server.isEstablished, nothing.isEmpty else { throw OracleFailure("no handshake") }
        self.client = client
        self.server = server
    }
}
