/// What a look at some wire bytes of a body gave. `consumed` bytes of the input are done with.
package enum BodyStep: Equatable, Sendable {
    /// Body bytes: the given range of the input, never empty. Ask again with the input behind `consumed`.
    case data(Range<Int>, consumed: Int)
    /// All of the input was taken and the body goes on.
    case incomplete(consumed: Int)
    /// The body is complete; what follows in the input belongs to the next request.
    case end(consumed: Int)
    case refused(WireRefusal)
}

/// Finds the body bytes among the wire bytes, without copying any of them.
///
/// The sequence of body bytes, and how it ends, do not depend on how the wire bytes were cut.
package struct BodyDecoder: Sendable {
    private enum Coding {
        case counted(remaining: UInt64)
        case chunked(ChunkedDecoder)
    }

    private var coding: Coding

    package init(framing: BodyFraming, limits: WireLimits) {
        switch framing {
        case .none: coding = .counted(remaining: 0)
        case .length(let bytes): coding = .counted(remaining: bytes)
        case .chunked: coding = .chunked(ChunkedDecoder(limits: limits))
        }
    }

    /// How many more wire bytes surely belong to this body: reading no more than these never reads into the next
    /// request. 0 when the body is complete or only its length is; a chunked body says what is left of a chunk.
    package var wireBytesExpected: UInt64 {
        switch coding {
        case .counted(let remaining): remaining
        case .chunked(let decoder): decoder.wireBytesExpected
        }
    }

    /// Looks at the next wire bytes.
    package mutating func decode(_ input: Span<UInt8>) -> BodyStep {
        switch coding {
        case .counted(let remaining):
            guard remaining > 0 else { return .end(consumed: 0) }
            guard !input.isEmpty else { return .incomplete(consumed: 0) }
            let taken = Int(min(remaining, UInt64(input.count)))
            coding = .counted(remaining: remaining - UInt64(taken))
            return .data(0 ..< taken, consumed: taken)
        case .chunked(var decoder):
            let step = decoder.decode(input)
            coding = .chunked(decoder)
            return step
        }
    }
}
