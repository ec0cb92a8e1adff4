/// What the code under test did that it must not do. A fuzz target traps on it, a test reports it.
package struct OracleFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
