/// Where Sluice runs: what defaults depend on. Found out by the caller, so that resolving stays a pure function.
package struct SettingsContext: Sendable {
    package enum Mode: Sendable {
        case service
        /// `--dev`: everything under `.sluice-dev/`, nothing to prepare.
        case development
    }

    package var mode: Mode
    /// `$STATE_DIRECTORY` as it stands: systemd separates several with colons, the first is ours.
    package var stateDirectory: String?
    /// `$CACHE_DIRECTORY` as it stands.
    package var cacheDirectory: String?
    /// The path of the systemd credential `jwt-secret`, where there is one.
    package var jwtCredentialPath: String?
    /// `$HOME`.
    package var homeDirectory: String?
    /// Whether an IPv6 socket can be made.
    package var hasIPv6: Bool
    /// Whether standard error is a terminal.
    package var isTerminal: Bool
    /// Whether standard error is the journal (`$JOURNAL_STREAM`).
    package var isUnderJournal: Bool
    /// The processors that this process may run on.
    package var cores: Int

    package init(
        mode: Mode = .service, stateDirectory: String? = nil, cacheDirectory: String? = nil,
        jwtCredentialPath: String? = nil, homeDirectory: String? = nil, hasIPv6: Bool = true,
        isTerminal: Bool = false, isUnderJournal: Bool = false, cores: Int = 1
    ) {
        self.mode = mode
        self.stateDirectory = stateDirectory
        self.cacheDirectory = cacheDirectory
        self.jwtCredentialPath = jwtCredentialPath
        self.homeDirectory = homeDirectory
        self.hasIPv6 = hasIPv6
        self.isTerminal = isTerminal
        self.isUnderJournal = isUnderJournal
        self.cores = cores
    }

    /// Where `--dev` keeps everything.
    package static let developmentDirectory = ".sluice-dev"

    var statePath: String {
        mode == .development ? Self.developmentDirectory : Self.first(of: stateDirectory) ?? "/var/lib/sluice"
    }

    /// `/var/tmp` and not `/tmp`, which is often a tmpfs: a spool there would be memory that nothing bounds.
    var spoolPath: String {
        mode == .development ? Self.developmentDirectory : Self.first(of: cacheDirectory) ?? "/var/tmp"
    }

    /// A path below the home directory; nil where nobody has told of one.
    func homePath(_ path: String) -> String? {
        guard let homeDirectory, homeDirectory.utf8.first == 0x2F else { return nil }
        return (homeDirectory == "/" ? "" : homeDirectory) + "/" + path
    }

    private static func first(of directories: String?) -> String? {
        directories?.split(separator: ":").first.map(String.init)
    }
}
