/// How much of what could be tried with one input is tried.
package enum Effort: Sendable {
    /// A few ways, which the input's hash chooses; other inputs try others. What a fuzzer runs, many times a second.
    case some
    /// Every way, those of ``some`` among them: what a fuzzer found fails in a replay too.
    case all
}
