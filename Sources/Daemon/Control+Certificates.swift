internal import Logging
internal import Reactor
internal import TLS

/// The certificates of the public listeners: read at the start, at SIGHUP, and twice a day.
extension Control {
    static func loadCertificates(_ files: CertificateFiles?, logger: Logger) throws(StartProblem) -> TLSContext? {
        guard let files else { return nil }
        let (context, warnings) = try files.load()
        for warning in warnings { logger.warning("\(warning)") }
        return context
    }

    /// Connections that are there keep what they began with. Files that cannot be used change nothing: a renewal that
    /// went wrong halfway must not end the service.
    func reloadCertificates() {
        guard let certificateFiles else { return }
        do {
            guard let context = try Self.loadCertificates(certificateFiles, logger: logger) else { return }
            guard tellWorkers(.certificates(context)) else {
                return logger.error("the certificates were read again, but a worker hears nothing: reload once more")
            }
            logger.notice("the certificates were read again; new connections get them")
        } catch {
            logger.error("the certificates cannot be read again, those in use stay: \(error)")
        }
    }

    func reloadCertificatesByTime() {
        guard certificateFiles != nil else { return }
        loop.schedule(afterMilliseconds: CertificateFiles.reloadMilliseconds) { [unowned self] in
            reloadCertificates()
            reloadCertificatesByTime()
        }
    }
}
