internal import Linux
internal import Settings
internal import TLS

/// The certificates and keys of the public listeners, as they lie on the disk.
struct CertificateFiles {
    private let settings: TLSSettings

    /// A chain of some certificates is a few KiB, the authorities of a country some hundreds.
    private static let fileBytesMax = 1 << 20
    /// How often they are read again by themselves: with each context the keys of the session tickets are new, so that
    /// whoever comes to know one can read no more than half a day of what was resumed by it.
    static let reloadMilliseconds: Int64 = 12 * 3_600 * 1_000

    init(_ settings: TLSSettings) { self.settings = settings }

    /// A context of them, and what is to be said about their dates. The message of a failure says what to do.
    func load() throws(StartProblem) -> (context: TLSContext, warnings: [String]) {
        var pairs: [TLSKeyPair] = []
        for pair in settings.pairs {
            pairs.append(
                TLSKeyPair(
                    certificatesPEM: try read(pair.certificate, .tlsCertificate),
                    privateKeyPEM: try read(pair.privateKey, .tlsPrivateKey)))
        }
        var authorities: [UInt8]?
        if let clientCA = settings.clientCA { authorities = try read(clientCA, .tlsClientCA) }
        var current = settings.pairs[0]
        do {
            let context = try TLSContext(pairs: pairs, clientAuthoritiesPEM: authorities) {
                current = settings.pairs[$0]
            }
            let warnings = zip(settings.pairs, context.warnings).compactMap { pair, warning in
                warning.map { "the certificate \(pair.certificate) \($0)" }
            }
            return (context, warnings)
        } catch {
            throw problem(error, in: current)
        }
    }

    private func read(_ path: String, _ setting: SettingName) throws(StartProblem) -> [UInt8] {
        do {
            return try Files.readWhole(path, bytesMax: Self.fileBytesMax)
        } catch {
            throw StartProblem("\(setting.rawValue) cannot be read: \(error)")
        }
    }

    private func problem(_ error: TLSContextError, in pair: TLSSettings.Pair) -> StartProblem {
        switch error.file {
        case .certificate: StartProblem("SLUICE_TLS_CERTIFICATE: \(pair.certificate) \(error)")
        case .privateKey: StartProblem("SLUICE_TLS_PRIVATE_KEY: \(pair.privateKey) \(error)")
        case .clientAuthority: StartProblem("SLUICE_TLS_CLIENT_CA: \(settings.clientCA ?? "") \(error)")
        case .none: StartProblem("TLS: \(error)")
        }
    }
}
