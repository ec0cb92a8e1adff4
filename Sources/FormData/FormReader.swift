internal import Bytes

/// What comes next in the body of a form.
package enum FormEvent: Equatable, Sendable {
    /// All of the input was taken; more bytes are needed.
    case incomplete
    /// A part begins.
    case part(PartHead)
    /// Data of the part: a range of the input, never empty.
    case data(Range<Int>)
    /// Data of the part that lies in earlier inputs: it looked like a delimiter and is equal to this range of
    /// ``FormReader/delimiter``, never empty.
    case heldData(Range<Int>)
    /// The part's data is complete.
    case partEnd
    /// The close delimiter: no part follows. What does is dropped.
    case end
    /// The body is no form; every later call says the same.
    case refused(FormFault)
}

/// Finds the parts of a `multipart/form-data` body, incrementally and strictly (RFC 7578, RFC 2046 § 5.1).
///
/// Feed it input, drop the `consumed` bytes, repeat while any are left; at the body's end ask ``finish()``. It copies
/// field lines and no data: data is given out as ranges of the input, and a delimiter that the end of an input cuts is
/// held by its length alone. The sequence of heads and data bytes, and how it ends, do not depend on the cuts.
///
/// Where RFC 2046 lets a reader guess, this one refuses: lines end with CRLF, a boundary at the beginning of a line is
/// never data, and a part has a line end before its delimiter even when it has no data.
package struct FormReader: Sendable {
    /// Named by what comes next; any byte boundary is a legal place to stop.
    private enum Expecting {
        /// So many bytes of the delimiter were just seen. The first one may stand at the very beginning, without CRLF.
        case firstDelimiter(matched: Int)
        /// White space and a line end, or the two hyphens of the close delimiter.
        case delimiterEnd
        case delimiterLF
        case secondHyphen
        case fieldLine
        case fieldLF
        /// This range of the delimiter was just seen. It begins behind the CRLF when the head has just ended.
        case data(held: Range<Int>)
        case epilogue
        case nothing(FormFault)
    }

    private static let lineEndBytes = 2

    /// See ``FormBoundary/delimiter``.
    package let delimiter: [UInt8]
    private let limits: FormLimits
    private var expecting = Expecting.firstDelimiter(matched: FormReader.lineEndBytes)
    /// The line end that need not stand before the first delimiter is taken off beforehand.
    private var preambleBytes = -FormReader.lineEndBytes
    private var paddingBytes = 0
    private var epilogueBytes = 0
    private var parts = 0
    private var headBytes = 0
    private var fields = PartHeadFields()
    /// The field line under way.
    private var line: [UInt8] = []

    package init(boundary: FormBoundary, limits: FormLimits = FormLimits()) {
        delimiter = boundary.delimiter
        self.limits = limits
    }

    /// Reads on. `consumed` bytes of the input are done with; ``FormEvent/data(_:)`` lies in them.
    package mutating func next(_ input: Span<UInt8>) -> (event: FormEvent, consumed: Int) {
        do throws(FormFault) {
            switch expecting {
            case .data(let held):
                return try data(input, held: held)
            case .epilogue:
                epilogueBytes += input.count
                guard epilogueBytes <= limits.epilogueBytesMax else { throw .epilogueTooLarge }
                return (.incomplete, input.count)
            case .nothing(let fault):
                return (.refused(fault), 0)
            case .firstDelimiter, .delimiterEnd, .delimiterLF, .secondHyphen, .fieldLine, .fieldLF:
                for index in input.indices {
                    if let event = try take(input[index]) { return (event, index + 1) }
                }
                return (.incomplete, input.count)
            }
        } catch {
            expecting = .nothing(error)
            line = []
            return (.refused(error), 0)
        }
    }

    /// The body has ended: what is wrong with that, nil when the form is complete.
    package func finish() -> FormFault? {
        switch expecting {
        case .epilogue: nil
        case .nothing(let fault): fault
        case .firstDelimiter: .noDelimiter
        case .delimiterEnd, .delimiterLF, .secondHyphen, .fieldLine, .fieldLF, .data: .cutShort
        }
    }

    // MARK: - Lines

    /// One byte of anything but data and epilogue.
    private mutating func take(_ byte: UInt8) throws(FormFault) -> FormEvent? {
        switch expecting {
        case .firstDelimiter(let matched):
            try takePreamble(byte, matched: matched)
        case .delimiterEnd:
            try takeDelimiterEnd(byte)
        case .delimiterLF:
            guard byte == UInt8(ascii: "\n") else { throw .bareCR }
            parts += 1
            guard parts <= limits.partsMax else { throw .tooManyParts }
            fields = PartHeadFields()
            headBytes = 0
            expecting = .fieldLine
        case .secondHyphen:
            guard byte == UInt8(ascii: "-") else { throw .delimiterLine }
            expecting = .epilogue
            return .end
        case .fieldLine:
            try countHeadByte()
            if byte == UInt8(ascii: "\r") {
                expecting = .fieldLF
                return nil
            }
            guard byte.isFieldValueByte else { throw byte == UInt8(ascii: "\n") ? .bareLF : .controlByte }
            line.append(byte)
        case .fieldLF:
            try countHeadByte()
            guard byte == UInt8(ascii: "\n") else { throw .bareCR }
            return try takeLine()
        case .data, .epilogue, .nothing:
            break
        }
        return nil
    }

    private mutating func takePreamble(_ byte: UInt8, matched: Int) throws(FormFault) {
        if byte == delimiter[matched] {
            expecting = matched + 1 == delimiter.count ? .delimiterEnd : .firstDelimiter(matched: matched + 1)
            return
        }
        // The delimiter holds no second CR: no other match is under way than one that begins here.
        let isStart = byte == UInt8(ascii: "\r")
        preambleBytes += isStart ? matched : matched + 1
        guard preambleBytes <= limits.preambleBytesMax else { throw .preambleTooLarge }
        expecting = .firstDelimiter(matched: isStart ? 1 : 0)
    }

    private mutating func takeDelimiterEnd(_ byte: UInt8) throws(FormFault) {
        switch byte {
        case UInt8(ascii: "\r"):
            expecting = .delimiterLF
            paddingBytes = 0
        case UInt8(ascii: "-") where paddingBytes == 0:
            expecting = .secondHyphen
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            paddingBytes += 1
            guard paddingBytes <= limits.paddingBytesMax else { throw .paddingTooLarge }
        default:
            throw byte == UInt8(ascii: "\n") ? .bareLF : .delimiterLine
        }
    }

    private mutating func countHeadByte() throws(FormFault) {
        headBytes += 1
        guard headBytes <= limits.partHeadBytesMax else { throw .partHeadTooLarge }
    }

    private mutating func takeLine() throws(FormFault) -> FormEvent? {
        guard line.isEmpty else {
            var complete: [UInt8] = []
            swap(&complete, &line)
            try fields.take(complete.span, fieldsMax: limits.partFieldsMax)
            expecting = .fieldLine
            return nil
        }
        line = []
        expecting = .data(held: Self.lineEndBytes ..< Self.lineEndBytes)
        return .part(try fields.head())
    }

    // MARK: - Data

    private mutating func data(
        _ input: Span<UInt8>, held: Range<Int>
    ) throws(FormFault) -> (event: FormEvent, consumed: Int) {
        if held.upperBound > 0 {
            let more = matching(input, at: 0, from: held.upperBound)
            let seen = held.lowerBound ..< held.upperBound + more
            if seen.upperBound == delimiter.count {
                guard held.lowerBound == 0 else { throw .delimiterWithoutLine }
                return delimiterFound(consumed: more)
            }
            if more == input.count {
                expecting = .data(held: seen)
                return (.incomplete, more)
            }
            expecting = .data(held: 0 ..< 0)
            if !held.isEmpty { return (.heldData(held), 0) }
        }
        var index = 0
        while true {
            while index < input.count, input[index] != UInt8(ascii: "\r") { index += 1 }
            let matched = matching(input, at: index, from: 0)
            let isWhole = matched == delimiter.count
            guard isWhole || index + matched == input.count else {
                index += matched
                continue
            }
            // Everything before a delimiter, or before what may be one, goes out first.
            if index > 0 { return (.data(0 ..< index), index) }
            if isWhole { return delimiterFound(consumed: matched) }
            expecting = .data(held: 0 ..< matched)
            return (.incomplete, matched)
        }
    }

    private mutating func delimiterFound(consumed: Int) -> (event: FormEvent, consumed: Int) {
        expecting = .delimiterEnd
        return (.partEnd, consumed)
    }

    /// How many bytes of the input from `start` on are those of the delimiter from `first` on.
    private func matching(_ input: Span<UInt8>, at start: Int, from first: Int) -> Int {
        let length = min(input.count - start, delimiter.count - first)
        var count = 0
        while count < length, input[start + count] == delimiter[first + count] { count += 1 }
        return count
    }
}
