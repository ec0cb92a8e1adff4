internal import Bytes
package import FuzzBasics
internal import FuzzPlain
internal import Images

/// Fuzzes the names that clients give their files: bounded, without anything that steers a terminal or breaks a line,
/// and what a plain reading makes of the same bytes.
package enum FileNaming {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        try check(input) { FileName.decode(fieldValue: $0) }
        try checkType(input)
        // Of a form: what stands before the first LF is `filename`, what stands behind it `filename*`.
        let halves = input.copied().split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).map(
            Array.init)
        let extended = halves.count > 1 ? halves[1] : nil
        let name = FileName.decode(formFilename: halves[0], extended: extended)
        let text = PlainFileName.text(formFilename: halves[0], extended: extended)
        guard PlainFileName.isKept(name, ofText: text)
        else { throw OracleFailure("of a form: \(name ?? "nothing") is left of \(text)") }
        if let name {
            try checkShape(name)
            guard !name.utf8.contains(0x2F), !name.utf8.contains(0x5C) else { throw OracleFailure("a path in \(name)") }
        }
        if let alone = FileName.decode(formFilename: nil, extended: extended) {
            guard FileName.decode(formFilename: halves[0], extended: extended) == alone
            else { throw OracleFailure("\(alone) does not count before the other") }
        }
    }

    /// The kind of image that the same bytes name as a `Content-Type`.
    private static func checkType(_ input: Span<UInt8>) throws(OracleFailure) {
        let name = PlainLetters.trimmed(input.copied().prefix { $0 != 0x3B })
        let plain = ["jpeg", "png", "gif"].first { PlainLetters.isSame(name, "image/" + $0) }
        let type = ImageType(contentType: input)
        guard type?.fileExtension == plain, type?.mediaType == plain.map({ "image/" + $0 })
        else { throw OracleFailure("\(String(describing: type)), not \(plain ?? "none")") }
    }

    /// The oracle, over any way to read the field's value.
    package static func check(
        _ value: Span<UInt8>, decode: (Span<UInt8>) -> String?
    ) throws(OracleFailure) {
        let name = decode(value)
        guard PlainFileName.isKept(name, of: value.copied()[...])
        else { throw OracleFailure("\(name ?? "nothing") is left of \(PlainFileName.text(value.copied()[...]))") }
        guard let name else { return }
        try checkShape(name)
        // A character more would have been too many, or there is a pile of marks at the cut.
        guard FileName.display(name).map({ $0.utf8.elementsEqual(name.utf8) }) ?? false
        else { throw OracleFailure("shown again, \(name) is another") }
    }

    private static func checkShape(_ name: String) throws(OracleFailure) {
        guard (1 ... 255).contains(name.utf8.count) else { throw OracleFailure("\(name.utf8.count) bytes") }
        guard !name.unicodeScalars.contains(where: PlainLetters.isControl)
        else { throw OracleFailure("a control in \(name)") }
    }
}
