internal import Foundation

/// A certificate and its private key, in PEM.
package struct TestKeyPair: Sendable {
    package let certificatesPEM: [UInt8]
    package let privateKeyPEM: [UInt8]
}

/// Certificates made by the `openssl` program, once for all tests of the process.
package struct TestAuthority: Sendable {
    package static let shared = try? TestAuthority()

    /// The authority's own certificate, which clients of the tests trust.
    package let certificate: [UInt8]
    /// For `localhost` and `a.example`, ECDSA.
    package let first: TestKeyPair
    /// For `b.example` and its subdomains, RSA.
    package let second: TestKeyPair
    /// For `a.example` again, RSA.
    package let firstRSA: TestKeyPair
    /// For the address 127.0.0.1, ECDSA.
    package let address: TestKeyPair
    /// A client's.
    package let client: TestKeyPair
    /// For clients, of an authority that nobody trusts.
    package let stranger: TestKeyPair
    /// For `localhost` and `a.example`, until yesterday.
    package let expired: TestKeyPair
    package let weak: TestKeyPair
    /// The key of `first`, under a pass phrase.
    package let encryptedKey: [UInt8]

    private struct Failed: Error {
        let command: [String]
        let text: String
    }

    private init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let maker = Maker(folder: folder.path)
        try maker.authority("ca")
        try maker.authority("other-ca")
        certificate = try maker.read("ca.pem")
        first = try maker.leaf("first", key: Maker.ec, names: "DNS:localhost,DNS:a.example", by: "ca")
        second = try maker.leaf("second", key: Maker.rsa, names: "DNS:b.example,DNS:*.b.example", by: "ca")
        firstRSA = try maker.leaf("first-rsa", key: Maker.rsa, names: "DNS:a.example", by: "ca")
        address = try maker.leaf("address", key: Maker.ec, names: "IP:127.0.0.1", by: "ca")
        client = try maker.leaf("client", key: Maker.ec, names: "DNS:client", by: "ca")
        stranger = try maker.leaf("stranger", key: Maker.ec, names: "DNS:client", by: "other-ca")
        expired = try maker.leaf(
            "expired", key: Maker.ec, names: "DNS:localhost,DNS:a.example", by: "ca", days: -1)
        weak = try maker.leaf("weak", key: ["rsa:1024"], names: "DNS:a.example", by: "ca")
        try maker.run(["pkey", "-in", "first.key", "-aes128", "-passout", "pass:secret", "-out", "encrypted.key"])
        encryptedKey = try maker.read("encrypted.key")
    }

    private struct Maker {
        static let ec = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        static let rsa = ["rsa:2048"]
        let folder: String

        func authority(_ name: String) throws {
            try run(
                ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-newkey"] + Self.ec
                    + ["-keyout", "\(name).key", "-out", "\(name).pem"])
        }

        func leaf(
            _ name: String, key: [String], names: String, by authority: String, days: Int = 2
        ) throws -> TestKeyPair {
            try run(
                ["req", "-nodes", "-subj", "/CN=\(name)", "-newkey"] + key
                    + ["-keyout", "\(name).key", "-out", "\(name).csr"])
            try Data("subjectAltName=\(names)\n".utf8).write(to: URL(filePath: "\(folder)/\(name).ext"))
            try run([
                "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
                "-CAcreateserial", "-days", "\(days)", "-extfile", "\(name).ext", "-out", "\(name).pem",
            ])
            return TestKeyPair(certificatesPEM: try read("\(name).pem"), privateKeyPEM: try read("\(name).key"))
        }

        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        }

        func run(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.currentDirectoryURL = URL(filePath: folder)
            process.arguments = arguments
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let text = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            guard process.terminationStatus == 0
            else { throw Failed(command: arguments, text: String(decoding: text, as: UTF8.self)) }
        }
    }
}
