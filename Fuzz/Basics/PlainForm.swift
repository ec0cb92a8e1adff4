/// A form read plainly: all of it at once, by searching for the delimiter, with none of the reader's code.
package struct PlainForm {
    /// The data of the parts that are there whole.
    package var parts: [[UInt8]] = []
    /// Whether the close delimiter was found behind them.
    package var isComplete = false

    package init(_ body: [UInt8], delimiter: [UInt8]) {
        // The first delimiter may stand at the very beginning, without its line end.
        let text = [0x0D, 0x0A] + body
        guard var place = Self.find(delimiter, in: text, from: 0) else { return }
        while true {
            place += delimiter.count
            if text[place...].starts(with: [0x2D, 0x2D]) {
                isComplete = true
                return
            }
            while place < text.count, text[place] == 0x20 || text[place] == 0x09 { place += 1 }
            guard text[place...].starts(with: [0x0D, 0x0A]),
                let headEnd = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: text, from: place)
            else { return }
            let dataStart = headEnd + 4
            // A delimiter that takes the head's own line end with it ends no part.
            guard let next = Self.find(delimiter, in: text, from: dataStart - 2), next >= dataStart else { return }
            parts.append(Array(text[dataStart ..< next]))
            place = next
        }
    }

    private static func find(_ needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard text.count >= needle.count, start <= text.count - needle.count else { return nil }
        return (start ... text.count - needle.count).first {
            text[$0] == needle[0] && text[$0...].starts(with: needle)
        }
    }
}
