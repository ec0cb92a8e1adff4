internal import Linux
internal import Systemd

/// How log entries are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One line for a human.
    case text
    /// One JSON object a line.
    case json
    /// Structured entries of systemd's journal.
    case journal

    /// What fits where standard error leads: the journal, a terminal, or anything else (JSON).
    package static func detected() -> LogFormat {
        if Journal.takesStandardError { return .journal }
        return StandardStreams.errorIsTerminal ? .text : .json
    }
}
