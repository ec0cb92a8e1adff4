internal import AWS
internal import Bytes
internal import Crypto
internal import Linux
internal import Settings
internal import Tokens

/// Where the secret of the tokens comes from, as far as that is a matter of files.
struct SecretSource {
    private let source: JWTSecretSource

    init(_ settings: ResolvedSettings) { source = settings.jwtSecret }

    /// The name of the SSM parameter that holds the secret, if it is there and nowhere else.
    var parameterName: String? {
        if case .parameter(let name) = source { name } else { nil }
    }

    /// The secret where it does not come from SSM.
    func readIfFixed() throws(StartProblem) -> SecretSnapshot? { parameterName == nil ? try read().get() : nil }

    /// The secret as far as this process can read it by itself. The message of a failure says what to do.
    func read() -> Result<SecretSnapshot, StartProblem> {
        switch source {
        case .fixed(let secret):
            return snapshot("JWT_SECRET") { () throws(TokenSecretFlaw) in try .fixed(secret.bytes) }
        case .file(let path): return file(path)
        case .generated(let path):
            if let problem = generate(path) { return .failure(problem) }
            return file(path)
        case .parameter(let name):
            return .failure(
                StartProblem(
                    "the secret is in the SSM parameter \(name): give JWT_SECRET or JWT_SECRET_FILE to this command"))
        }
    }

    private func file(_ path: String) -> Result<SecretSnapshot, StartProblem> {
        do {
            let content = try Files.readWhole(path, bytesMax: Self.fileBytesMax)
            return snapshot(path) { () throws(TokenSecretFlaw) in try .fixed(fileContent: content) }
        } catch {
            return .failure(
                StartProblem("the secret's file cannot be read: \(error); check JWT_SECRET_FILE and its permissions"))
        }
    }

    /// Development mode keeps one made-up secret, so that tokens stay valid over a restart.
    private func generate(_ path: String) -> StartProblem? {
        if (try? Files.facts(path)) != nil { return nil }
        var text: [UInt8] = []
        Hex.appendLower(SecureRandom.bytes(32).span, to: &text)
        do {
            if let parent = Files.parent(of: path) { try Files.makeDirectories(parent, permissions: 0o700) }
            let file = try Files.open(path, .readWriteNew(permissions: 0o600))
            try file.writeAll(text.span, at: 0)
            return nil
        } catch {
            return StartProblem("the secret of development mode cannot be written: \(error)")
        }
    }

    private func snapshot(
        _ origin: String, _ make: () throws(TokenSecretFlaw) -> SecretSnapshot
    ) -> Result<SecretSnapshot, StartProblem> {
        do {
            return .success(try make())
        } catch {
            return .failure(StartProblem("\(origin): \(error)"))
        }
    }

    private static let fileBytesMax = 65_536
}

/// Why the daemon does not start: one line that says what to do.
struct StartProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
