/// The wait between two attempts to fetch: it doubles with each failure in a row up to a bound, and between a half and
/// the whole of it is waited, so that a fleet does not ask at once.
enum RetryPause {
    /// - Parameters:
    ///   - failures: in a row, 1 and more.
    ///   - first: milliseconds after the first failure.
    ///   - longest: milliseconds that are never passed.
    static func milliseconds(failures: Int, first: Int64, longest: Int64, random: UInt64) -> Int64 {
        let doublings = Int64(min(max(failures, 1) - 1, 20))
        let whole = max(2, min(first << doublings, longest))
        return whole / 2 + Int64(random % UInt64(whole / 2 + 1))
    }
}
