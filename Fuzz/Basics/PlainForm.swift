/// A form read plainly: all of it at once, by searching for the delimiter, with none of the reader's code.
package struct PlainForm {
    /// The data of the parts that are there whole.
    package var parts: [[UInt8]] = []
    /// Whether the close delimiter was found behind them.
    package var isComplete = false
    /// Whether every reader has to take it, if it is complete: heads as browsers write them, and within all limits.
    package var isCommon: Bool

    package init(_ body: [UInt8], delimiter: [UInt8]) {
        // So little has neither too much before, between or behind its parts nor too many of them.
        isCommon = body.count <= 4_096
        // The first delimiter may stand at the very beginning, without its line end.
        let text = [0x0D, 0x0A] + body
        guard var place = Self.find(delimiter, in: text, from: 0) else { return }
        while true {
            place += delimiter.count
            if text[place...].starts(with: [0x2D, 0x2D]) {
                isComplete = true
                return
            }
            let padding = text[place...].prefix { $0 == 0x20 || $0 == 0x09 }
            place += padding.count
            guard text[place...].starts(with: [0x0D, 0x0A]),
                let headEnd = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: text, from: place)
            else { return }
            let dataStart = headEnd + 4
            // A delimiter that takes the head's own line end with it ends no part.
            guard let next = Self.find(delimiter, in: text, from: dataStart - 2), next >= dataStart else { return }
            isCommon = isCommon && padding.count <= 64 && Self.isCommonHead(text[place ..< headEnd])
            parts.append(Array(text[dataStart ..< next]))
            place = next
        }
    }

    /// `name`, perhaps `filename`, perhaps a `Content-Type`, and nothing in them that would have to be escaped.
    /// Each line has its CRLF before it.
    private static func isCommonHead(_ head: ArraySlice<UInt8>) -> Bool {
        let lines = PlainBytes.text(head).split(separator: "\r\n" as Character, omittingEmptySubsequences: false)
        guard head.allSatisfy({ $0 == 0x0D || $0 == 0x0A || (0x20 ... 0x7E).contains($0) && $0 != 0x5C }),
            (2 ... 3).contains(lines.count), lines[0].isEmpty, !lines.joined().contains(where: \.isNewline),
            lines.count == 2 || lines[2].hasPrefix("Content-Type: ")
        else { return false }
        let pieces = lines[1].split(separator: "\"", omittingEmptySubsequences: false)
        return pieces.first == "Content-Disposition: form-data; name=" && pieces.last == ""
            && (pieces.count == 3 || pieces.count == 5 && pieces[2] == "; filename=")
    }

    private static func find(_ needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard text.count >= needle.count, start <= text.count - needle.count else { return nil }
        return (start ... text.count - needle.count).first {
            text[$0] == needle[0] && text[$0...].starts(with: needle)
        }
    }
}
