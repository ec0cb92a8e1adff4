internal import AWS
internal import Bytes
internal import Linux
internal import Settings
internal import Tokens

/// What `sluice serve --dev` tells whoever started it.
enum DevelopmentMode {
    private static let samplePath = SettingsContext.developmentDirectory + "/sample.png"
    private static let tokenLifetimeSeconds: Int64 = 86_400

    /// Prints a line that uploads a picture when it is pasted into a shell, and the address of the upload page.
    static func greet(_ control: Control, listener: SocketAddress?) {
        guard let secret = control.snapshot?.current.bytes, let listener else { return }
        writeSample()
        let token = MintToken.compact(subject: "1", role: nil, lifetimeSeconds: tokenLifetimeSeconds, secret: secret)
        // A certificate of one's own making is what a development machine has.
        let (scheme, trust) = control.certificateFiles == nil ? ("http", "") : ("https", " --insecure")
        let base = "\(scheme)://\(reachable(listener))"
        let sample = ProcessFacts.currentDirectory + "/" + samplePath
        print(
            """

            Sluice \(Version.text), development mode: images and records are kept in \
            \(SettingsContext.developmentDirectory)/

            Upload page:  \(base)/#token=\(token)

            Upload from a shell:

            curl -i\(trust) -X POST '\(base)/images' -H 'Authorization: Bearer \(token)' \
            -H 'Content-Type: image/png' -H 'x-filename: sample.png' --data-binary '@\(sample)'

            """)
        StandardStreams.flushOutput()
    }

    /// Where a listener on any address is reached from this machine.
    static func reachable(_ address: SocketAddress) -> String {
        guard address.ip.isUnspecified else { return address.description }
        return "localhost:\(address.port)"
    }

    private static func writeSample() {
        do {
            let file = try Files.open(samplePath, .readWriteCreating(permissions: 0o644))
            let png = SampleImage.png
            try file.writeAll(png.span, at: 0)
            try file.truncate(toBytes: Int64(SampleImage.png.count))
        } catch {
            StandardStreams.writeError("sluice: the sample image cannot be written: \(error)\n")
        }
    }
}
