internal import FuzzPlain

/// The name that a client gives its file, read plainly.
package enum PlainFileName {
    /// The text of a field's value before it is cut: by the first of four readings that holds.
    package static func text(_ value: ArraySlice<UInt8>) -> String {
        let value = PlainLetters.trimmed(value)
        let text =
            extended(value) ?? percentDecoded(value) ?? String(validating: value, as: UTF8.self)
            ?? PlainBytes.text(value)
        return shown(text)
    }

    /// The text of a form's file before it is cut: of `filename*`, if there is something of it, else of `filename`.
    package static func text(formFilename: [UInt8]?, extended: [UInt8]?) -> String {
        if let text = extended.flatMap({ Self.extended($0[...]) }) {
            let name = lastComponent(Array(text.utf8))
            if !name.isEmpty { return shown(String(decoding: name, as: UTF8.self)) }
        }
        // What browsers write for a quote and the two bytes of a line end.
        var bytes: [UInt8] = []
        var rest = formFilename?[...] ?? []
        while let byte = rest.popFirst() {
            let digits = byte == 0x25 ? PlainBytes.text(rest.prefix(2)).uppercased() : ""
            let escaped = ["22": 0x22, "0D": 0x0D, "0A": 0x0A][digits] as UInt8?
            bytes.append(escaped ?? byte)
            if escaped != nil { rest = rest.dropFirst(2) }
        }
        let text = String(validating: bytes, as: UTF8.self) ?? PlainBytes.text(bytes)
        return shown(String(decoding: lastComponent(Array(text.utf8)), as: UTF8.self))
    }

    private static func lastComponent(_ path: [UInt8]) -> ArraySlice<UInt8> {
        path.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }.last ?? []
    }

    private static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { PlainLetters.isControl($0) ? "\u{FFFD}" : $0 }))
    }

    /// Whether `name` is what may be kept of a field's value: all of it, or as much as there is room for.
    package static func isKept(_ name: String?, of value: ArraySlice<UInt8>) -> Bool {
        isKept(name, ofText: text(value))
    }

    /// The same of a text that was read.
    package static func isKept(_ name: String?, ofText plain: String) -> Bool {
        guard let name else { return plain.isEmpty }
        // What was cut off was whole characters behind what stayed.
        return !name.isEmpty
            && (plain.utf8.elementsEqual(name.utf8)
                || plain.utf8.count > 255 && name.utf8.count <= 255 && plain.utf8.starts(with: name.utf8))
    }

    private static func extended(_ value: ArraySlice<UInt8>) -> String? {
        let parts = value.split(separator: 0x27, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, String(decoding: parts[0], as: UTF8.self).lowercased() == "utf-8",
            parts[1].allSatisfy({ $0 == 0x2D || PlainBytes.isAlphanumeric($0) }),
            parts[2].allSatisfy({ $0 == 0x25 || PlainBytes.isToken($0) && $0 != 0x2A && $0 != 0x27 })
        else { return nil }
        return percentDecoded(parts[2])
    }

    private static func percentDecoded(_ value: ArraySlice<UInt8>) -> String? {
        PlainBytes.percentDecoded(value).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
