/// The name that a client gives its file, read plainly.
package enum PlainFileName {
    /// The text of a field's value before it is cut: by the first of four readings that holds.
    package static func text(_ value: ArraySlice<UInt8>) -> String {
        let value = PlainBytes.trimmed(value)
        let text =
            extended(value) ?? percentDecoded(value) ?? String(validating: value, as: UTF8.self)
            ?? PlainBytes.text(value)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }

    /// Whether `name` is what may be kept of a field's value: all of it, or as much as there is room for.
    package static func isKept(_ name: String?, of value: ArraySlice<UInt8>) -> Bool {
        let plain = text(value)
        guard let name else { return plain.isEmpty }
        // What was cut off was whole characters behind what stayed.
        return !name.isEmpty
            && (plain.utf8.elementsEqual(name.utf8)
                || plain.utf8.count > 255 && name.utf8.count <= 255 && plain.utf8.starts(with: name.utf8))
    }

    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20 ... 0x7E).contains(scalar.value) { return false }
        let category = scalar.properties.generalCategory
        return category == .control || category == .lineSeparator || category == .paragraphSeparator
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
