internal import Bytes
internal import FormData
internal import FuzzBasics
internal import Gateway
internal import Tokens

/// A form as its intake took it.
struct TakenForm: Equatable {
    var file: [UInt8] = []
    var plan: UploadPlan?
    var claims: TokenClaims
    var refusal: FormRefusal?

    init(_ plan: FormPlan, _ body: [UInt8], pieceBytes: Int) throws(OracleFailure) {
        claims = plan.claims
        var intake = FormIntake(plan: plan)
        var offset = 0
        var isEnded = false
        // Bytes that were held back come out without another being taken.
        var turns = 0
        while offset < body.count {
            let end = min(offset + pieceBytes, body.count)
            var start = offset
            while start < end {
                let (step, consumed) = intake.next(body.span.extracting(start ..< end))
                try take(step, body, start, intake)
                if let refusal {
                    try Self.checkRefused(&intake, refusal, body.span.extracting(start ..< end))
                    return
                }
                turns += 1
                guard turns <= 4 * body.count + 16 else { throw OracleFailure("a form that does not go on") }
                start += consumed
            }
            offset = end
        }
        switch intake.bodyEnded() {
        case .complete: isEnded = true
        case .refused(let refusal): self.refusal = refusal
        case .none, .begin, .file, .heldFile: throw OracleFailure("the form does not end")
        }
        if isEnded, self.plan == nil { throw OracleFailure("a form without a file is whole") }
    }

    /// Every later event gets the same answer.
    private static func checkRefused(
        _ intake: inout FormIntake, _ refusal: FormRefusal, _ rest: Span<UInt8>
    ) throws(OracleFailure) {
        guard case .refused(refusal) = intake.state, case .refused(let last) = intake.bodyEnded(), last == refusal
        else { throw OracleFailure("a refusal that does not stay") }
        if refusal != .otherPartsTooLarge, case .malformed = refusal {
            guard case .refused = intake.next(rest).step else { throw OracleFailure("a refusal that does not stay") }
        }
    }

    private mutating func take(
        _ step: FormStep, _ body: [UInt8], _ start: Int, _ intake: FormIntake
    ) throws(OracleFailure) {
        switch step {
        case .none: break
        case .begin(let begun):
            guard plan == nil else { throw OracleFailure("a form of two files") }
            plan = begun
        case .file(let range): file += body[(start + range.lowerBound) ..< (start + range.upperBound)]
        case .heldFile(let range): file += intake.delimiter[range]
        case .complete: throw OracleFailure("a form is whole before its end")
        case .refused(let refusal): self.refusal = refusal
        }
    }

    static func == (left: TakenForm, right: TakenForm) -> Bool {
        guard left.refusal == nil, right.refusal == nil else { return left.refusal == right.refusal }
        return left.file == right.file && left.plan?.key == right.plan?.key
            && left.plan?.displayName == right.plan?.displayName
    }
}
