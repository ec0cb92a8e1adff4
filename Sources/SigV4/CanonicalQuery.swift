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
    /// that is canonical already, as our own are, is copied.
    package static func append(_ query: Span<UInt8>, to output: inout [UInt8]) {
        guard !query.isEmpty else { return }
        if isCanonical(query) { return output.append(contentsOf: query) }
        let base = output.count
        var pieces: [Piece] = []
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != 0x26 { end += 1 }
            if end > start {
                if output.count > base { output.append(0x26) }
                pieces.append(appendPiece(query.extracting(start ..< end), to: &output))
            }
            start = end + 1
        }
        reorder(&pieces, from: base, in: &output)
    }

    /// Whether `query` is its own canonical form. May say no of one that is.
    private static func isCanonical(_ query: Span<UInt8>) -> Bool {
        var previous: Piece?
        var piece = Piece(start: 0, nameEnd: -1, end: 0)
        for index in 0 ... query.count {
            guard index < query.count, query[index] != 0x26 else {
                guard piece.nameEnd >= 0 else { return false }
                piece.end = index
                if let previous, precedes(piece, previous, in: query) { return false }
                previous = piece
                piece = Piece(start: index + 1, nameEnd: -1, end: 0)
                continue
            }
            let byte = query[index]
            if byte == 0x3D {
                guard piece.nameEnd < 0 else { return false }
                piece.nameEnd = index
            } else if !isPlain(byte) {
                return false
            }
        }
        return true
    }

    /// Unreserved, or the `%` of what is encoded already.
    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return lower &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x25 || byte.isUnreserved
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
            } else if isPlain(byte) {
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
