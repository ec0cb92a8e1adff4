/// Text that may be one segment of a key and of a path, judged plainly.
package enum PlainSegment {
    package static func isSafe(_ text: String) -> Bool {
        guard (1 ... 128).contains(text.utf8.count), !text.utf8.allSatisfy({ $0 == 0x2E }) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar != "/" && scalar != "\\" && !PlainLetters.isControl(scalar)
        }
    }
}
