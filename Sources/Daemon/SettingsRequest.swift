internal import Linux
package import Settings
internal import Systemd

/// Where a command's settings come from, besides the environment.
package struct SettingsRequest: Sendable {
    package let flags: [SettingAssignment]
    /// The path of `--env-file`.
    package let envFile: String?
    /// `--dev`
    package let isDevelopment: Bool

    package init(flags: [SettingAssignment], envFile: String?, isDevelopment: Bool) {
        self.flags = flags
        self.envFile = envFile
        self.isDevelopment = isDevelopment
    }

    /// The settings in effect. Ends the process with 2 and one line for each problem where there are any.
    func resolve() -> SettingsResolution {
        let environment = Environment.all()
        switch SettingsResolver.resolve(
            file: fileAssignments(), environment: environment, flags: flags, context: context())
        {
        case .success(let resolution):
            do {
                _ = try ServicePlan.store(resolution.settings)
            } catch {
                Exit.usage(["sluice: \(error)"])
            }
            return resolution
        case .failure(let problems): Exit.usage(problems.all.map { "sluice: \($0)" })
        }
    }

    private func fileAssignments() -> [SettingAssignment] {
        guard let envFile else { return [] }
        let bytes: [UInt8]
        do {
            bytes = try Files.readWhole(envFile, bytesMax: EnvironmentFile.fileBytesMax)
        } catch {
            Exit.usage(["sluice: --env-file \(envFile): \(error)"])
        }
        switch EnvironmentFile.parse(bytes, path: envFile) {
        case .success(let assignments): return assignments
        case .failure(let problems): Exit.usage(problems.all.map { "sluice: \($0)" })
        }
    }

    private func context() -> SettingsContext {
        SettingsContext(
            mode: isDevelopment ? .development : .service,
            stateDirectory: Environment.value("STATE_DIRECTORY"),
            cacheDirectory: Environment.value("CACHE_DIRECTORY"),
            jwtCredentialPath: jwtCredentialPath(),
            homeDirectory: Environment.value("HOME"),
            hasIPv6: ListeningSocket.canUseIPv6,
            isTerminal: StandardStreams.errorIsTerminal,
            isUnderJournal: Environment.value("JOURNAL_STREAM") != nil,
            cores: ProcessFacts.processors)
    }

    /// The credential `jwt-secret` of the unit (systemd.exec(5), LoadCredential=), where there is one.
    private func jwtCredentialPath() -> String? {
        guard let path = Credentials.path("jwt-secret"), let facts = try? Files.facts(path), facts.isRegularFile
        else { return nil }
        return path
    }
}
