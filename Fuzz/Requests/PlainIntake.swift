internal import FuzzBasics
internal import Gateway

/// What comes of a form, by a plain reading of its whole body.
enum PlainIntake {
    /// Where more than 64 KiB stand beside the file, that may have been noticed first.
    case malformed(mayBeTooLarge: Bool)
    case noFile, secondFile, encodedFile, fileType, otherPartsTooLarge
    case file(PlainPartHead, [UInt8])

    /// In the order in which a body that comes in pieces shows what is wrong with it.
    ///
    /// - Parameter field: the only one that a file is taken from; nil: every one.
    init(_ form: PlainForm, bodyBytes: Int, field: String?) {
        var file: (head: PlainPartHead, data: [UInt8])?
        func isOver(_ offset: Int) -> Bool { offset - (file?.data.count ?? 0) > 65_536 }
        let bounds = PlainForm.Bounds()
        for (index, part) in form.parts.enumerated() {
            guard let head = form.head(of: index, within: bounds) else { break }
            if isOver(part.dataStart) {
                self = .otherPartsTooLarge
                return
            }
            if head.isFile(field: field) {
                if file != nil || head.isEncoded || head.imageType == nil {
                    self = file != nil ? .secondFile : head.isEncoded ? .encodedFile : .fileType
                    return
                }
                file = (head, part.data ?? [])
            }
        }
        let areHeadsRight = form.parts.indices.allSatisfy { form.head(of: $0, within: bounds) != nil }
        guard let end = form.closeEnd, areHeadsRight, form.preambleBytes <= bounds.preambleBytes else {
            self = .malformed(mayBeTooLarge: isOver(bodyBytes))
            return
        }
        if isOver(end) {
            self = .otherPartsTooLarge
        } else if let file {
            let isLong = isOver(bodyBytes)
            let isRight = form.isRight(within: bounds)
            self = !isRight ? .malformed(mayBeTooLarge: isLong) : isLong ? .otherPartsTooLarge : .file(file.0, file.1)
        } else {
            self = .noFile
        }
    }

    /// Whether a form that becomes no upload is refused as this one.
    func isRefused(as refusal: FormRefusal) -> Bool {
        switch (self, refusal) {
        case (.malformed, .malformed), (.malformed(mayBeTooLarge: true), .otherPartsTooLarge), (.noFile, .noFile),
            (.secondFile, .secondFile), (.encodedFile, .encodedFile), (.fileType, .fileType),
            (.otherPartsTooLarge, .otherPartsTooLarge):
            true
        case (.malformed, _), (.noFile, _), (.secondFile, _), (.encodedFile, _), (.fileType, _),
            (.otherPartsTooLarge, _), (.file, _):
            false
        }
    }
}
