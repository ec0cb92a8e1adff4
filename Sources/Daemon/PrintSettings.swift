internal import Linux
internal import Settings

/// `sluice settings`
package enum PrintSettings {
    /// Prints the effective settings, secrets redacted, and ends the process.
    package static func run(_ request: SettingsRequest) -> Never {
        Exit.done(SettingsPrinter.text(request.resolve()))
    }

    /// Prints what every setting means and ends the process.
    package static func reference() -> Never {
        Exit.done(SettingsReference.markdown())
    }
}
