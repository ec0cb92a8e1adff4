/// Text that may be one segment of a key and of a path, judged plainly.
package enum PlainSegment {
    package static func isSafe(_ text: String) -> Bool {
        guard (1 ... 128).contains(text.utf8.count), !text.utf8.allSatisfy({ $0 == 0x2E }) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar != "/" && scalar != "\\" && !isControl(scalar)
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20 ... 0x7E).contains(scalar.value) { return false }
        let category = scalar.properties.generalCategory
        return category == .control || category == .lineSeparator || category == .paragraphSeparator
    }
}
