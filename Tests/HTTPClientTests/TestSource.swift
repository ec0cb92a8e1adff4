import Bytes
import HTTPClient

/// A body fed by the test.
final class TestSource: RequestBodySource {
    var bytes: [UInt8]
    private(set) var offset = 0
    private(set) var calls = 0
    private(set) var rewinds = 0
    var isOver = true
    var isRewindable = true
    var isFailed = false
    /// So many bytes lie in one piece.
    var runBytesMax = Int.max
    /// Runs inside every call of `next`.
    var onNext: () -> Void = {}

    init(_ bytes: [UInt8], isOver: Bool = true) {
        self.bytes = bytes
        self.isOver = isOver
    }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        calls += 1
        onNext()
        if isFailed { return .failed }
        guard offset < bytes.count else { return isOver ? .end : .pending }
        offset += take(bytes.span.extracting(offset..<offset + min(bytes.count - offset, runBytesMax)))
        return .supplied
    }

    func rewind() -> Bool {
        rewinds += 1
        guard isRewindable else { return false }
        offset = 0
        return true
    }
}
