import Bytes
import COpenSSL
import Foundation
import HTTPClient
import TestSupport

@testable import TLS

struct TLSServerError: Error {
    let detail: String
}

/// The server's side of TLS on one connection of a scripted server.
final class TLSServerEnd {
    let connection: ScriptedConnection
    private let engine: TLSEngine
    private var plaintext: [UInt8] = []
    private var isOver = false
    /// The bytes that the client began with: its ClientHello.
    private(set) var hello: [UInt8] = []

    init(_ connection: ScriptedConnection, _ context: TLSContext) throws {
        guard let engine = TLSEngine(context) else { throw TLSServerError(detail: "no engine") }
        self.connection = connection
        self.engine = engine
    }

    var isResumed: Bool { engine.isResumed }
    var version: TLSVersion? { engine.version }
    var applicationProtocol: String { engine.applicationProtocol }

    func handshake() throws {
        while !engine.isEstablished {
            guard try receive() else { throw TLSServerError(detail: "the client closed in the handshake") }
        }
    }

    /// Takes in what is there, or waits for it; false: the client has closed.
    @discardableResult
    func receive() throws -> Bool {
        guard !isOver, let bytes = try connection.readSome() else { return false }
        if hello.isEmpty { hello = bytes }
        var answer: [UInt8] = []
        let progress = engine.receive(bytes.span, plaintext: &plaintext, output: &answer)
        if !answer.isEmpty { try connection.send(answer) }
        switch progress {
        case .handshaking, .established: break
        case .closedByPeer: isOver = true
        case .failed(let failure):
            // An answer that is closed upon is lost where bytes of the client lie unread.
            connection.drain()
            throw TLSServerError(detail: failure.detail)
        }
        return true
    }

    /// The lines of the next request's head; nil when the client has closed.
    func readHead() throws -> [String]? {
        while true {
            let text = String(decoding: plaintext, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                plaintext.removeFirst(text[..<end.upperBound].utf8.count)
                return text[..<end.lowerBound].components(separatedBy: "\r\n")
            }
            guard try receive() else { return nil }
        }
    }

    /// Exactly `count` bytes of what follows the head.
    func readBytes(_ count: Int) throws -> [UInt8] {
        while plaintext.count < count {
            guard try receive() else { throw TLSServerError(detail: "the client closed in the body") }
        }
        defer { plaintext.removeFirst(count) }
        return Array(plaintext[..<count])
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8], andCloses: Bool = false) throws {
        var output: [UInt8] = []
        if let failure = engine.send(bytes.span, output: &output) { throw TLSServerError(detail: failure.detail) }
        if andCloses { engine.close(output: &output) }
        try connection.send(output)
    }

    /// Says that nothing more comes (close_notify).
    func sayGoodbye() throws {
        var output: [UInt8] = []
        engine.close(output: &output)
        try connection.send(output)
    }

    /// Sends two tickets and new keys, none of which was asked for. The client's own new keys come with its next words.
    func sendTicketsAndKeys() throws {
        var output: [UInt8] = []
        let ssl = unsafe engine.ssl
        engine.exchange(Span<UInt8>(), &output) {
            for _ in 0..<2 {
                _ = unsafe SSL_new_session_ticket(ssl)
                _ = unsafe SSL_do_handshake(ssl)
            }
        }
        guard !output.isEmpty else { throw TLSServerError(detail: "no tickets") }
        engine.updateKeys(output: &output)
        try connection.send(output)
    }

    /// The name in the ClientHello (RFC 8446 § 4.1.2, RFC 6066 § 3), which is in the first record.
    var serverName: String? {
        func number(_ at: Int, _ bytes: Int) -> Int {
            (0..<bytes).reduce(0) { at + $1 < hello.count ? $0 << 8 | Int(hello[at + $1]) : $0 }
        }
        // Heads of record and handshake, version and random come first.
        var at = 5 + 4 + 2 + 32
        at += 1 + number(at, 1)
        at += 2 + number(at, 2)
        at += 1 + number(at, 1)
        at += 2
        while at + 4 <= hello.count {
            let length = number(at + 2, 2)
            if number(at, 2) == 0, at + 4 + length <= hello.count {
                return String(decoding: hello[(at + 9)..<(at + 4 + length)], as: UTF8.self)
            }
            at += 4 + length
        }
        return nil
    }
}

/// A server that speaks TLS, and a client that trusts its authority.
final class TLSBench {
    let server: ScriptedServer
    let bench: HTTPClientTests.Bench
    let bundle: PEMFile

    /// - Parameter script: runs after the handshake; an error in it shows in what the client sees.
    init(
        _ pair: TestKeyPair, clientAuthorities: [UInt8]? = nil, trusting authority: [UInt8], is12: Bool = false,
        _ configuration: HTTPClientConfiguration = HTTPClientConfiguration(),
        script: @escaping @Sendable (TLSServerEnd) throws -> Void
    ) throws {
        let key = TLSKeyPair(certificatesPEM: pair.certificatesPEM, privateKeyPEM: pair.privateKeyPEM)
        let context = try TLSContext(pairs: [key], clientAuthoritiesPEM: clientAuthorities)
        if is12 {
            guard unsafe sluice_ssl_ctx_set_versions(context.pointer, TLS1_2_VERSION, TLS1_2_VERSION) == 1
            else { throw TLSServerError(detail: "no TLS 1.2") }
        }
        server = try ScriptedServer { connection in
            let end = try TLSServerEnd(connection, context)
            try end.handshake()
            try script(end)
        }
        bundle = try PEMFile(authority)
        var configuration = configuration
        configuration.caBundlePath = bundle.path
        bench = try HTTPClientTests.Bench(server, configuration)
    }

    var url: String { "https://localhost:\(server.port)" }

    func send(_ request: HTTPRequest) throws -> Result<HTTPResponse, HTTPFailure> { try bench.send(request) }

    func get(_ target: String = "/") throws -> Result<HTTPResponse, HTTPFailure> {
        try send(HTTPRequest(.get, url + target))
    }
}

/// A file of its own for as long as this lives.
final class PEMFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID().uuidString).pem").path

    init(_ bytes: [UInt8]) throws { try write(bytes) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }
}
