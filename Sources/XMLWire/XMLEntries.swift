internal import Bytes

/// A reply that lists things: facts below the root, and entries of one name, each with facts of its own.
struct XMLEntries {
    /// The texts of the wanted children of the root.
    private(set) var facts: [String: String] = [:]
    /// The texts of the wanted children of each entry.
    private(set) var entries: [[String: String]] = []

    /// - Parameters:
    ///   - roots: the names of which the root must have one.
    ///   - entry: the name of the entries, which are children of the root.
    ///   - wanted: the names of the children that matter, of the root and of entries. Of several with one name, the
    ///     first counts.
    ///   - entriesMax: a longer list is refused.
    init(
        _ document: Span<UInt8>, roots: Set<String>, entry: String, wanted: Set<String>, entriesMax: Int,
        limits: XMLLimits = XMLLimits()
    ) throws(XMLRefusal) {
        var reader = XMLReader(limits: limits)
        var names: [String] = []
        var text: [UInt8] = []
        while true {
            switch try reader.next(document) {
            case .start(let range):
                let name = document.extracting(range).repairedText()
                if names.isEmpty, !roots.contains(name) { throw .incompleteReply }
                if names.count == 1, name == entry {
                    guard entries.count < entriesMax else { throw .documentTooLong }
                    entries.append([:])
                }
                names.append(name)
                text.removeAll(keepingCapacity: true)
            case .text: text += reader.text
            case .end:
                let name = names.removeLast()
                if wanted.contains(name) { keep(name, text, below: names, entry: entry) }
                text.removeAll(keepingCapacity: true)
            case .finished: return
            }
        }
    }

    private mutating func keep(_ name: String, _ text: [UInt8], below names: [String], entry: String) {
        let value = String(decoding: text, as: UTF8.self)
        if names.count == 1, name != entry {
            if facts[name] == nil { facts[name] = value }
        } else if names.count == 2, names[1] == entry, let last = entries.indices.last, entries[last][name] == nil {
            entries[last][name] = value
        }
    }
}
