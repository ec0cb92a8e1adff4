internal import FuzzPlain

/// The head of a form's part, read plainly and strictly: whatever readers may disagree on is no head (RFC 7578 § 4).
package struct PlainPartHead: Equatable {
    package var name: [UInt8] = []
    package var filename: [UInt8]?
    /// Of `filename*`, as it is written.
    package var extendedFilename: [UInt8]?
    package var contentType: [UInt8]?
    /// Whether its data is not the bytes themselves.
    package var isEncoded = false

    /// Each line has its CRLF before it. nil where one of them is not `name: value` on one line of its own, where one
    /// of the three that mean something is there twice or is wrong, or where there is no `Content-Disposition`.
    package init?(_ lines: ArraySlice<UInt8>) {
        var fields: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []
        var rest = lines
        while !rest.isEmpty {
            guard rest.starts(with: [0x0D, 0x0A]) else { return nil }
            let line = rest.dropFirst(2).prefix { $0 != 0x0D }
            rest = rest[line.endIndex...]
            let name = line.prefix(while: PlainBytes.isToken)
            let value = line.dropFirst(name.count)
            guard !name.isEmpty, value.first == 0x3A, value.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F })
            else { return nil }
            fields.append((name, PlainLetters.trimmed(value.dropFirst())))
        }
        func values(_ name: String) -> [ArraySlice<UInt8>] {
            fields.filter { PlainLetters.isSame($0.name, name) }.map(\.value)
        }
        let (types, encodings) = (values("content-type"), values("content-transfer-encoding"))
        let dispositions = values("content-disposition")
        guard dispositions.count == 1, types.count <= 1, encodings.count <= 1, read(disposition: dispositions[0])
        else { return nil }
        contentType = types.first.map { Array($0) }
        // RFC 2045 § 6.2.
        isEncoded = !encodings.allSatisfy { value in
            ["7bit", "8bit", "binary"].contains { PlainLetters.isSame(value, $0) }
        }
    }

    /// `form-data`, one `name`, at most one of the others, and of them no quoted `filename*` (RFC 8187 § 3.2.1).
    private mutating func read(disposition value: ArraySlice<UInt8>) -> Bool {
        let type = value.prefix(while: PlainBytes.isToken)
        guard PlainLetters.isSame(type, "form-data"), let parameters = PlainParameters(value.dropFirst(type.count))
        else { return false }
        let names = parameters.named("name")
        let filenames = parameters.named("filename")
        let extended = parameters.named("filename*")
        guard names.count == 1, filenames.count <= 1, extended.count <= 1, extended.allSatisfy({ !$0.isQuoted })
        else { return false }
        name = names[0].text
        filename = filenames.first?.text
        extendedFilename = extended.first.map { Array($0.value) }
        return true
    }

    // MARK: - What it means

    /// Whether the part is the file (contract § 1): the one of that name, or with nil any that has a file's name. One
    /// whose file has an empty name is what browsers send where none was chosen.
    package func isFile(field: String?) -> Bool {
        let isNamed = filename?.isEmpty == false || extendedFilename?.isEmpty == false
        guard let field else { return isNamed }
        return name == Array(field.utf8) && (isNamed || filename == nil && extendedFilename == nil)
    }

    /// What the part's `Content-Type` says, its parameters left out: `jpeg`, `png`, `gif`, or none of these.
    package var imageType: String? {
        guard let contentType else { return nil }
        let name = PlainLetters.trimmed(contentType.prefix { $0 != 0x3B })
        return ["jpeg", "png", "gif"].first { PlainLetters.isSame(name, "image/" + $0) }
    }
}
