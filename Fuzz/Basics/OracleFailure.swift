/// What the code under test did that it must not do. A fuzz target traps on it, a test reports it.
package struct OracleFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Whether a text for people is one line of something.
    package static func isLine(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x20 ..< 0x7F).contains($0) }
    }
}
