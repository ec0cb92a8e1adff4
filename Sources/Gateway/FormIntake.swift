internal import Bytes
package import FormData
internal import Images

/// What the driver of a ``FormIntake`` must do next.
package enum FormStep: Sendable {
    /// Nothing: offer what is left of the input.
    case none
    /// The file begins: make its upload.
    case begin(UploadPlan)
    /// Bytes of the file: a range of the input.
    case file(Range<Int>)
    /// Bytes of the file: a range of ``FormIntake/delimiter``.
    case heldFile(Range<Int>)
    /// The form is whole: so is the file.
    case complete
    /// No upload comes of it; one that was begun is to be undone.
    case refused(FormRefusal)
}

/// Takes the one file out of a form: a state machine that does nothing itself.
///
/// Bytes of the body go in, steps come out. The file is complete only when the whole form is: the close delimiter was
/// read and the body has ended, so that a form that turns bad behind its file leaves no image. Other fields are read
/// and dropped. Everything but the file's bytes is bounded, and the verdict does not depend on how the body was cut.
package struct FormIntake: Sendable {
    package enum State: Equatable, Sendable {
        /// No part was the file so far.
        case beforeFile
        case inFile
        case afterFile
        /// The close delimiter was read, and there was a file.
        case closed
        /// Every later event gets the same answer.
        case refused(FormRefusal)
    }

    /// Delimiters, heads, other fields, preamble and epilogue together: contract § 1.
    package static let otherBytesMax = 64 * 1024

    private let plan: FormPlan
    private var reader: FormReader
    package private(set) var state = State.beforeFile
    private var otherBytes = 0

    package init(plan: FormPlan, limits: FormLimits = FormLimits()) {
        self.plan = plan
        reader = FormReader(boundary: plan.boundary, limits: limits)
    }

    /// What ``FormStep/heldFile(_:)`` points into.
    package var delimiter: [UInt8] { reader.delimiter }

    /// Looks at the next bytes of the body, of which there is at least one. Ask again with what is behind `consumed`.
    package mutating func next(_ input: Span<UInt8>) -> (step: FormStep, consumed: Int) {
        // Beside the file the reader sees no more than may still come: it cannot find a fault behind that.
        let isInFile = state == .inFile
        let allowed = isInFile ? input.count : min(input.count, Self.otherBytesMax - otherBytes)
        guard allowed > 0 else { return (refuse(.otherPartsTooLarge), 0) }
        let (event, consumed) = reader.next(input.extracting(first: allowed))
        if !isInFile { otherBytes += consumed } else if event == .partEnd { otherBytes += reader.delimiter.count }
        guard otherBytes <= Self.otherBytesMax else { return (refuse(.otherPartsTooLarge), consumed) }
        return (take(event), consumed)
    }

    /// One event of the form.
    package mutating func take(_ event: FormEvent) -> FormStep {
        switch (state, event) {
        case (.refused(let refusal), _): return .refused(refusal)
        case (_, .refused(let fault)): return refuse(.malformed(fault))
        case (_, .incomplete): return .none

        case (.beforeFile, .part(let head)): return isFile(head) ? begin(head) : .none
        case (.beforeFile, .data), (.beforeFile, .heldData), (.beforeFile, .partEnd): return .none
        case (.beforeFile, .end): return refuse(.noFile)

        case (.inFile, .data(let range)): return .file(range)
        case (.inFile, .heldData(let range)): return .heldFile(range)
        case (.inFile, .partEnd):
            state = .afterFile
            return .none
        // The reader ends each part before it goes on: the file would not be known to be whole.
        case (.inFile, .part), (.inFile, .end): return refuse(.malformed(.cutShort))

        case (.afterFile, .part(let head)): return isFile(head) ? refuse(.secondFile) : .none
        case (.afterFile, .data), (.afterFile, .heldData), (.afterFile, .partEnd): return .none
        case (.afterFile, .end):
            state = .closed
            return .none

        case (.closed, .part), (.closed, .data), (.closed, .heldData), (.closed, .partEnd), (.closed, .end):
            return .none
        }
    }

    /// The body has ended.
    package mutating func bodyEnded() -> FormStep {
        switch state {
        case .closed: .complete
        case .refused(let refusal): .refused(refusal)
        case .beforeFile, .inFile, .afterFile: refuse(.malformed(reader.finish() ?? .cutShort))
        }
    }

    private mutating func begin(_ head: PartHead) -> FormStep {
        guard !head.isEncoded else { return refuse(.encodedFile) }
        guard let contentType = head.contentType, let type = ImageType(contentType: contentType.span)
        else { return refuse(.fileType) }
        state = .inFile
        let name = FileName.decode(formFilename: head.filename, extended: head.extendedFilename)
        return .begin(plan.uploadPlan(type: type, partFilename: name))
    }

    private mutating func refuse(_ refusal: FormRefusal) -> FormStep {
        state = .refused(refusal)
        return .refused(refusal)
    }

    /// A browser sends a file field in which nothing was chosen with an empty file name: an ordinary field.
    private func isFile(_ head: PartHead) -> Bool {
        let names = [head.filename, head.extendedFilename].compactMap { $0 }
        let hasName = names.contains { !$0.isEmpty }
        guard let field = plan.field else { return hasName }
        return head.name.span.equals(field) && (hasName || names.isEmpty)
    }
}
