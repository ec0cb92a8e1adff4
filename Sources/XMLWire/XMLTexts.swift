internal import Bytes

/// The texts of the elements of one kind, for replies that list things.
package enum XMLTexts {
    /// The text of every element at `path`, names from the root down; an element without text counts as empty.
    package static func all(
        at path: [String], in document: Span<UInt8>, limits: XMLLimits = XMLLimits()
    ) throws(XMLRefusal) -> [String] {
        var reader = XMLReader(limits: limits)
        var found: [String] = []
        /// How many of the open elements, from the root, are those of the path.
        var matched = 0
        var current: [UInt8] = []
        while true {
            switch try reader.next(document) {
            case .start(let name):
                guard matched == reader.depth - 1, matched < path.count else { continue }
                guard document.extracting(name).equals(path[matched]) else { continue }
                matched += 1
                current.removeAll(keepingCapacity: true)
            case .text:
                if matched == path.count, reader.depth == matched { current += reader.text }
            case .end:
                guard matched > reader.depth else { continue }
                if matched == path.count { found.append(String(decoding: current, as: UTF8.self)) }
                matched -= 1
            case .finished:
                return found
            }
        }
    }

    /// The text of the first element at `path`, nil when there is none.
    package static func first(
        at path: [String], in document: Span<UInt8>, limits: XMLLimits = XMLLimits()
    ) throws(XMLRefusal) -> String? {
        try all(at: path, in: document, limits: limits).first
    }
}
