import TestSupport
import Testing
import TLS

@Suite struct CertificateTests {
    private func problem(
        _ certificates: [UInt8], _ key: [UInt8], clientAuthorities: [UInt8]? = nil
    ) -> TLSContextError? {
        do {
            let pair = TLSKeyPair(certificatesPEM: certificates, privateKeyPEM: key)
            _ = try TLSContext(pairs: [pair], clientAuthoritiesPEM: clientAuthorities)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is wrong with a certificate or its key is told apart`() throws {
        let authority = try #require(TestAuthority.shared)
        let (certificates, key) = (authority.first.certificatesPEM, authority.first.privateKeyPEM)
        let noise = Array("no PEM at all\n".utf8)
        #expect(problem(certificates, key) == nil)
        #expect(problem(noise, key) == .certificateNotPEM)
        #expect(problem([], key) == .certificateNotPEM)
        let torn = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        #expect(problem(torn, key)?.file == .certificate)
        #expect(problem(certificates + torn, key)?.file == .certificate)
        #expect(problem(certificates, noise)?.file == .privateKey)
        #expect(problem(certificates, authority.encryptedKey) == .keyIsEncrypted)
        #expect(problem(certificates, authority.second.privateKeyPEM) == .keyDoesNotFit)
        #expect(problem(authority.certificate + certificates, key) == .keyDoesNotFit)
        #expect(problem(certificates, key, clientAuthorities: noise) == .clientAuthorityNotPEM)
        #expect(problem(certificates, key, clientAuthorities: torn)?.file == .clientAuthority)
        guard case .pairRefused = problem(authority.weak.certificatesPEM, authority.weak.privateKeyPEM) else {
            Issue.record("a key of 1,024 bits is taken")
            return
        }
    }

    @Test func `a chain without a single pair is no server`() {
        #expect(throws: TLSContextError.noPairs) { try TLSContext(pairs: []) }
    }

    @Test func `a certificate that has expired is used and warned of`() throws {
        let authority = try #require(TestAuthority.shared)
        let context = try TestContexts.server([authority.first, authority.expired])
        #expect(context.warnings == [nil, .expired])
        var pair = try TestPair(server: TestContexts.server([authority.expired]), client: TestContexts.client())
        pair.run()
        guard case .failed = pair.clientProgress, case .failed(.alertReceived) = pair.serverProgress else {
            Issue.record("\(pair.clientProgress), \(pair.serverProgress)")
            return
        }
    }

    @Test(arguments: HandshakeTests.versions)
    func `the name that a client asks for chooses the certificate`(_ version: TLSVersion) throws {
        let authority = try #require(TestAuthority.shared)
        let server = try TestContexts.server([authority.first, authority.second, authority.firstRSA])
        let client = try TestContexts.client(version ... version)
        // The client checks that the certificate is for the name.
        for host in ["a.example", "localhost", "b.example", "x.b.example", "B.EXAMPLE"] {
            var pair = try TestPair(server: server, client: client, host: host)
            pair.run()
            #expect(pair.clientProgress == .established && pair.serverProgress == .established, "\(host)")
        }
        var nameless = try TestPair(server: server, client: client, host: nil)
        nameless.run()
        #expect(nameless.clientProgress == .established)
        // An unknown name gets the first, which this client does not take for it.
        var unknown = try TestPair(server: server, client: client, host: "c.example")
        unknown.run()
        #expect(unknown.clientProgress == .failed(.serverCertificate("hostname mismatch")))
    }

    @Test(arguments: HandshakeTests.versions)
    func `with client authorities, only their clients are served`(_ version: TLSVersion) throws {
        let authority = try #require(TestAuthority.shared)
        let server = try TestContexts.server(clientAuthorities: authority.certificate)
        for (pair, isServed) in [(authority.client, true), (authority.stranger, false), (nil, false)] {
            let client = try TestContexts.client(version ... version, pair: pair)
            var run = try TestPair(server: server, client: client)
            run.run()
            if isServed {
                #expect(run.serverProgress == .established)
                let again = try #require(run.client.session())
                var resumed = try TestPair(server: server, client: client, resuming: again)
                resumed.run()
                #expect(resumed.serverProgress == .established && resumed.client.isResumed)
            } else {
                guard case .failed(.clientCertificate) = run.serverProgress else {
                    Issue.record("\(run.serverProgress)")
                    return
                }
                guard case .failed(.alertReceived) = run.clientProgress else {
                    Issue.record("\(run.clientProgress)")
                    return
                }
            }
        }
    }
}
