/// A call of libsystemd that failed.
package struct SystemdError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The function as its manual page names it.
    package let call: String
    /// The errno that it returned, positive.
    package let errno: Int32

    package var description: String { "\(call): errno \(errno)" }
}
