/// Keeps a trouble that every upload meets from becoming a log line for every upload: of the same kind a few are
/// written each second, and the next one says how many were left out.
struct LineThrottle {
    private struct Window {
        let kind: String
        var began: Int64
        var written = 0
        var leftOut = 0
    }

    /// Several, since one trouble often comes as two kinds of line in turns: an upload that failed, and its abort.
    private var windows: [Window] = []

    static let windowMilliseconds: Int64 = 1_000
    /// Lines of the same kind in one window.
    static let linesMax = 8
    /// Kinds that are known at once; the one whose window began first gives way.
    static let kindsMax = 8

    /// - Parameter text: its kind is what it is without its numbers: how many wait, or for how long, makes no other.
    /// - Returns: how many of this kind were left out since the last was written; nil: leave it out.
    mutating func admit(_ text: String, now: Int64) -> Int? {
        let kind = String(decoding: text.utf8.filter { !(0x30 ... 0x39 ~= $0) }, as: UTF8.self)
        let index = place(of: kind, now: now)
        if now - windows[index].began >= Self.windowMilliseconds {
            windows[index].began = now
            windows[index].written = 0
        }
        guard windows[index].written < Self.linesMax else {
            windows[index].leftOut += 1
            return nil
        }
        windows[index].written += 1
        defer { windows[index].leftOut = 0 }
        return windows[index].leftOut
    }

    private mutating func place(of kind: String, now: Int64) -> Int {
        if let index = windows.firstIndex(where: { $0.kind == kind }) { return index }
        if windows.count < Self.kindsMax {
            windows.append(Window(kind: kind, began: now))
            return windows.count - 1
        }
        var oldest = 0
        for index in windows.indices where windows[index].began < windows[oldest].began { oldest = index }
        windows[oldest] = Window(kind: kind, began: now)
        return oldest
    }
}
