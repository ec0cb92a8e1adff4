/// What the parser did that it must not do.
///
/// This module stands apart from the harness of all other targets since libFuzzer looks at every counter of a program
/// after each input: with the whole of Sluice behind it that takes longer than to parse a head.
package struct BoundsFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
