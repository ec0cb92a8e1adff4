internal import Bytes

/// Reads the preface of one connection as its bytes come.
package struct ProxyPrefaceReader: Sendable {
    /// What came in earlier inputs; at most ``ProxyPreface/bytesMax``.
    private var kept: [UInt8] = []

    package init() {}

    /// Judges what came so far. After ``ProxyPrefaceVerdict/incomplete`` the whole input is taken and more is to
    /// come; `consumed` of ``ProxyPrefaceVerdict/present(source:consumed:)`` counts bytes of this input; after
    /// ``ProxyPrefaceVerdict/absent`` the next layer begins with ``takeKept()``, then this input.
    package mutating func next(_ input: Span<UInt8>) -> ProxyPrefaceVerdict {
        let before = kept.count
        let verdict: ProxyPrefaceVerdict
        if before == 0 {
            verdict = ProxyPreface.parse(input)
            if verdict == .incomplete { kept.append(contentsOf: input) }
        } else {
            // A verdict is there at the latest when this many bytes are.
            kept.append(contentsOf: input.extracting(first: ProxyPreface.bytesMax - before))
            verdict = ProxyPreface.parse(kept.span)
        }
        switch verdict {
        case .incomplete:
            return .incomplete
        case .present(let source, let consumed):
            kept = []
            return .present(source: source, consumed: consumed - before)
        case .malformed:
            kept = []
            return .malformed
        case .absent:
            kept.removeLast(kept.count - before)
            return .absent
        }
    }

    /// The bytes of earlier inputs that turned out to be no preface, handed over; fewer than twelve.
    package mutating func takeKept() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &kept)
        return bytes
    }
}
