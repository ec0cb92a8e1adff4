/// The version of this program.
package enum Version {
    /// As in `sluice --version` and CHANGELOG.md.
    package static let text = "0.1.0"
}
