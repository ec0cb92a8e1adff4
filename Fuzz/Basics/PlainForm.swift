/// A form read plainly: all of it at once, by searching for the delimiter, with none of the reader's code.
package struct PlainForm {
    package struct Part {
        /// nil where no strict reader takes it.
        package var head: PlainPartHead?
        /// Of the head with its line ends, the empty line's too.
        package var headBytes: Int
        package var fields: Int
        /// Of white space between the delimiter before it and that one's line end.
        package var paddingBytes: Int
        /// In the body.
        package var dataStart: Int
        /// nil where no delimiter ends it.
        package var data: [UInt8]?
    }

    /// What a form may have of each.
    package struct Bounds {
        package let preambleBytes, paddingBytes, headBytes, fields, parts, epilogueBytes: Int

        package init(
            preambleBytes: Int = 4_096, paddingBytes: Int = 64, headBytes: Int = 16_384, fields: Int = 16,
            parts: Int = 100, epilogueBytes: Int = 4_096
        ) {
            self.preambleBytes = preambleBytes
            self.paddingBytes = paddingBytes
            self.headBytes = headBytes
            self.fields = fields
            self.parts = parts
            self.epilogueBytes = epilogueBytes
        }
    }

    /// The parts whose heads are there whole. Only the last one may be without its end.
    package var parts: [Part] = []
    /// Whether the close delimiter was found behind them.
    package var isComplete: Bool { closeEnd != nil }
    /// What stands before the first delimiter, but for the line end that belongs to it.
    package var preambleBytes = 0
    /// Where the close delimiter ends in the body.
    package var closeEnd: Int?
    /// What stands behind the close delimiter.
    package var epilogueBytes = 0

    package init(_ body: [UInt8], delimiter: [UInt8]) {
        // The first delimiter may stand at the very beginning, without its line end.
        let text = [0x0D, 0x0A] + body
        guard var place = Self.find(delimiter, in: text, from: 0) else { return }
        preambleBytes = max(place - 2, 0)
        while true {
            place += delimiter.count
            if text[place...].starts(with: [0x2D, 0x2D]) {
                closeEnd = place
                epilogueBytes = text.count - place - 2
                return
            }
            let padding = text[place...].prefix { $0 == 0x20 || $0 == 0x09 }
            place += padding.count
            guard text[place...].starts(with: [0x0D, 0x0A]),
                let headEnd = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: text, from: place)
            else { return }
            let dataStart = headEnd + 4
            let head = text[place ..< headEnd]
            parts.append(
                Part(
                    head: PlainPartHead(head), headBytes: dataStart - place - 2, fields: head.count { $0 == 0x0D },
                    paddingBytes: padding.count, dataStart: dataStart - 2))
            // A delimiter that takes the head's own line end with it ends no part.
            guard let next = Self.find(delimiter, in: text, from: dataStart - 2), next >= dataStart else { return }
            parts[parts.count - 1].data = Array(text[dataStart ..< next])
            place = next
        }
    }

    /// Whether every strict reader takes it to its end: each is to refuse what has more of anything.
    package func isRight(within bounds: Bounds) -> Bool {
        isComplete && epilogueBytes <= bounds.epilogueBytes
            && parts.indices.allSatisfy { head(of: $0, within: bounds) != nil }
            && preambleBytes <= bounds.preambleBytes
    }

    /// The head of a part, if it and what stands before it are right.
    package func head(of index: Int, within bounds: Bounds) -> PlainPartHead? {
        let part = parts[index]
        guard index < bounds.parts, preambleBytes <= bounds.preambleBytes, part.paddingBytes <= bounds.paddingBytes,
            part.headBytes <= bounds.headBytes, part.fields <= bounds.fields
        else { return nil }
        return part.head
    }

    private static func find(_ needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard text.count >= needle.count, start <= text.count - needle.count else { return nil }
        return (start ... text.count - needle.count).first {
            text[$0] == needle[0] && text[$0...].starts(with: needle)
        }
    }
}
