internal import Bytes

/// What the next element to the left is.
package enum ForwardedStep: Equatable, Sendable {
    case element(ForwardedElement)
    /// Not what the grammar allows; nothing to the left of it can be trusted, and every later call says the same.
    case malformed
    /// There are no more.
    case end
}

/// The elements of `Forwarded` (RFC 7239) or `X-Forwarded-For`, over all field lines of a head, from the right.
///
/// The rightmost element is the one that the nearest proxy wrote; what stands to its left is only as true as whoever
/// sent it. So lines are taken apart from their end as well: an open quote that a client put to the left swallows
/// nothing of what was appended to it.
package struct ForwardedField: Sendable {
    private let known: KnownField
    private let fields: [FieldSlice]
    /// The field line that is being read.
    private var line: Int
    /// How many bytes of its value are not read yet.
    private var rest = 0
    private var isMalformed = false

    /// - Parameter known: ``KnownField/forwarded`` or ``KnownField/xForwardedFor``.
    package init(_ known: KnownField, of head: RequestHead) {
        self.known = known
        fields = head.fields
        line = head.fields.count
    }

    /// Reads the next element; `bytes` are those that the head was parsed from. Empty elements are passed over
    /// (RFC 9110 § 5.6.1.2).
    package mutating func next(in bytes: Span<UInt8>) -> ForwardedStep {
        while !isMalformed {
            if rest == 0 {
                guard moveToLineBefore() else { return .end }
                continue
            }
            let unread = fields[line].value.bytes(in: bytes).extracting(first: rest)
            var start = known == .forwarded ? Self.quotedElementStart(unread) : Self.elementStart(unread)
            var end = rest
            rest = max(start - 1, 0)
            while start < end, unread[start].isOptionalWhitespace { start += 1 }
            while end > start, unread[end - 1].isOptionalWhitespace { end -= 1 }
            guard start < end else { continue }
            let text = unread.extracting(start ..< end)
            let element =
                known == .forwarded ? ForwardedElement(forwarded: text) : ForwardedElement(forwardedFor: text)
            if let element { return .element(element) }
            isMalformed = true
        }
        return .malformed
    }

    private mutating func moveToLineBefore() -> Bool {
        while line > 0 {
            line -= 1
            guard fields[line].known == known else { continue }
            rest = Int(fields[line].value.count)
            return true
        }
        return false
    }

    /// The offset behind the last comma.
    private static func elementStart(_ text: Span<UInt8>) -> Int {
        var start = text.count
        while start > 0, text[start - 1] != UInt8(ascii: ",") { start -= 1 }
        return start
    }

    /// The offset behind the last comma that is in no quoted string.
    private static func quotedElementStart(_ text: Span<UInt8>) -> Int {
        var start = text.count
        while start > 0, text[start - 1] != UInt8(ascii: ",") {
            start -= 1
            guard text[start] == UInt8(ascii: "\"") else { continue }
            // Within a quoted string every quote has a backslash before it that is itself not escaped.
            repeat { start -= 1 } while start >= 0 && !(text[start] == UInt8(ascii: "\"") && !isEscaped(text, start))
            if start < 0 { return 0 }
        }
        return start
    }

    private static func isEscaped(_ text: Span<UInt8>, _ index: Int) -> Bool {
        var backslashes = 0
        while index - backslashes > 0, text[index - backslashes - 1] == UInt8(ascii: "\\") { backslashes += 1 }
        return backslashes % 2 == 1
    }
}
