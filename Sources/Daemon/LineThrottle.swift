/// Keeps a trouble that every upload meets from becoming a log line for every upload: the same text is written once in
/// a while, with the number of times that it was left out.
struct LineThrottle {
    private var text = ""
    private var writtenAt: Int64 = .min
    private var suppressed = 0

    /// How long the same text is left out.
    static let quietMilliseconds: Int64 = 1_000

    /// - Returns: how often the text was left out since it was last written; nil: leave it out.
    mutating func admit(_ new: String, now: Int64) -> Int? {
        if new == text, now - writtenAt < Self.quietMilliseconds {
            suppressed += 1
            return nil
        }
        let count = new == text ? suppressed : 0
        text = new
        writtenAt = now
        suppressed = 0
        return count
    }
}
