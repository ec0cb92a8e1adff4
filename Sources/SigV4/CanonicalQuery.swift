internal import Bytes

/// The query's line of the canonical request: every name and value percent-encoded, ordered by encoded name, then by
/// encoded value.
package enum CanonicalQuery {
    /// Where one parameter lies in the bytes that were appended; `nameEnd` is the place of its `=`.
    private struct Piece {
        var start: Int
        var nameEnd: Int
        var end: Int
    }

    /// Appends the canonical form of `query`, the text after the `?` of the request line.
    ///
    /// What is encoded already stays; a byte that should have been is encoded. A name without `=` gets one. A query
    /// in order, as our own are, is copied in one pass.
    package static func append(_ query: Span<UInt8>, to output: inout [UInt8]) {
        guard !query.isEmpty else { return }
        let base = output.count
        var pieces: [Piece] = []
        var previous: Piece?
        var isOrdered = true
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != 0x26 { end += 1 }
            if end > start {
                if output.count > base { output.append(0x26) }
                let piece = appendPiece(query.extracting(start ..< end), to: &output)
                if let previous, isOrdered, precedes(piece, previous, in: output.span) { isOrdered = false }
                previous = piece
                pieces.append(piece)
            }
            start = end + 1
        }
        if !isOrdered { reorder(&pieces, from: base, in: &output) }
    }

    /// The query of `parameters`, unencoded names and values, as it is sent: in canonical order and encoding, so that
    /// it is its own canonical form. An empty value keeps its `=`.
    package static func text(_ parameters: [(name: String, value: String)]) -> String {
        var wire: [UInt8] = []
        for (name, value) in parameters {
            if !wire.isEmpty { wire.append(0x26) }
            PercentCoding.append(name.utf8Span.span, keepsSlash: false, to: &wire)
            wire.append(0x3D)
            PercentCoding.append(value.utf8Span.span, keepsSlash: false, to: &wire)
        }
        var output: [UInt8] = []
        append(wire.span, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func appendPiece(_ text: Span<UInt8>, to output: inout [UInt8]) -> Piece {
        let start = output.count
        var nameEnd: Int?
        for index in text.indices {
            let byte = text[index]
            if byte == 0x3D, nameEnd == nil {
                nameEnd = output.count
                output.append(byte)
            } else if byte.isUnreserved || byte == 0x25 {
                output.append(byte)
            } else {
                PercentCoding.append(text.extracting(index ..< index + 1), keepsSlash: false, to: &output)
            }
        }
        if nameEnd == nil {
            nameEnd = output.count
            output.append(0x3D)
        }
        return Piece(start: start, nameEnd: nameEnd ?? start, end: output.count)
    }

    private static func reorder(_ pieces: inout [Piece], from base: Int, in output: inout [UInt8]) {
        let copy = output
        pieces.sort { precedes($0, $1, in: copy.span) }
        output.removeSubrange(base...)
        for piece in pieces {
            if output.count > base { output.append(0x26) }
            output.append(contentsOf: copy[piece.start ..< piece.end])
        }
    }

    private static func precedes(_ left: Piece, _ right: Piece, in bytes: Span<UInt8>) -> Bool {
        let names = order(left.start ..< left.nameEnd, right.start ..< right.nameEnd, in: bytes)
        if names != 0 { return names < 0 }
        return order(left.nameEnd ..< left.end, right.nameEnd ..< right.end, in: bytes) < 0
    }

    /// Negative, zero or positive as the bytes of `left` come before, are, or come after those of `right`.
    private static func order(_ left: Range<Int>, _ right: Range<Int>, in bytes: Span<UInt8>) -> Int {
        for offset in 0 ..< min(left.count, right.count) {
            let difference = Int(bytes[left.lowerBound + offset]) - Int(bytes[right.lowerBound + offset])
            if difference != 0 { return difference }
        }
        return left.count - right.count
    }
}
