/// Keeps a trouble that every upload meets from becoming a log line for every upload: of the same text a few are
/// written each second, and the next one says how many were left out.
struct LineThrottle {
    private var text = ""
    private var windowBegan: Int64 = .min
    private var written = 0
    private var leftOut = 0

    static let windowMilliseconds: Int64 = 1_000
    /// Lines of the same text in one window.
    static let linesMax = 8

    /// - Returns: how often the text was left out since it was last written; nil: leave it out.
    mutating func admit(_ new: String, now: Int64) -> Int? {
        if new != text {
            text = new
            leftOut = 0
            windowBegan = .min
        }
        if windowBegan == .min || now - windowBegan >= Self.windowMilliseconds {
            windowBegan = now
            written = 0
        }
        guard written < Self.linesMax else {
            leftOut += 1
            return nil
        }
        written += 1
        defer { leftOut = 0 }
        return leftOut
    }
}
