import Bytes
import FormData

/// What a reader made of a whole body, in a form that does not show the cuts.
struct FormRun: Equatable {
    struct Part: Equatable {
        var head: PartHead
        var data: [UInt8] = []
        var isComplete = false
    }

    var parts: [Part] = []
    var isClosed = false
    var fault: FormFault?

    init(_ pieces: [[UInt8]], boundary: FormBoundary, limits: FormLimits = FormLimits()) {
        var reader = FormReader(boundary: boundary, limits: limits)
        for piece in pieces {
            guard feed(piece, to: &reader) else { break }
        }
        fault = reader.finish()
    }

    /// False when nothing more is to be read.
    private mutating func feed(_ piece: [UInt8], to reader: inout FormReader) -> Bool {
        var rest = piece[...]
        while !rest.isEmpty {
            let input = [UInt8](rest)
            let (event, consumed) = reader.next(input.span)
            rest = rest.dropFirst(consumed)
            switch event {
            case .incomplete:
                precondition(rest.isEmpty, "an incomplete form takes all of the input")
            case .part(let head):
                precondition(parts.last?.isComplete ?? true)
                parts.append(Part(head: head))
            case .data(let range):
                precondition(!range.isEmpty && range.upperBound <= consumed)
                parts[parts.count - 1].data += input[range]
            case .heldData(let range):
                precondition(!range.isEmpty)
                parts[parts.count - 1].data += reader.delimiter[range]
            case .partEnd:
                parts[parts.count - 1].isComplete = true
            case .end:
                isClosed = true
            case .refused(let fault):
                let again = reader.next(input.span)
                precondition(again == (.refused(fault), 0) && reader.finish() == fault)
                return false
            }
        }
        return true
    }
}

/// The bytes cut at the given offsets.
func pieces(_ bytes: [UInt8], at cuts: some Sequence<Int>) -> [[UInt8]] {
    let edges = [0] + cuts.filter { $0 > 0 && $0 < bytes.count }.sorted() + [bytes.count]
    return zip(edges, edges.dropFirst()).map { Array(bytes[$0 ..< $1]) }
}

/// The run of a body, after making sure that it is the same whole, byte by byte, and cut: at every place of a small
/// one, and of a large one around each CR and at steps in between.
func run(_ bytes: [UInt8], boundary: FormBoundary, limits: FormLimits = FormLimits()) throws -> FormRun {
    let whole = FormRun([bytes], boundary: boundary, limits: limits)
    let single = FormRun(pieces(bytes, at: bytes.indices), boundary: boundary, limits: limits)
    if single != whole { throw CutDependence(cut: "byte by byte", whole: whole, other: single) }
    var cuts = Array(bytes.indices)
    if bytes.count > 1_500 {
        cuts = Array(stride(from: 0, to: bytes.count, by: max(bytes.count / 50, 1)))
        var marks = bytes.indices.filter { bytes[$0] == 0x0D }
        if marks.count > 20 { marks = Array(marks.prefix(10) + marks.suffix(10)) }
        for mark in marks { cuts += [mark, mark + 1, mark + 2, mark + 5] }
    }
    for cut in cuts {
        let other = FormRun(pieces(bytes, at: [cut]), boundary: boundary, limits: limits)
        if other != whole { throw CutDependence(cut: "cut at \(cut)", whole: whole, other: other) }
    }
    for length in [2, 3, 7, 64] {
        let other = FormRun(
            pieces(bytes, at: stride(from: length, to: bytes.count, by: length)), boundary: boundary, limits: limits)
        if other != whole { throw CutDependence(cut: "every \(length)", whole: whole, other: other) }
    }
    return whole
}

func run(_ text: String, boundary: String = "b", limits: FormLimits = FormLimits()) throws -> FormRun {
    try run(Array(text.utf8), boundary: formBoundary(boundary), limits: limits)
}

func formBoundary(_ text: String) throws -> FormBoundary {
    guard let boundary = FormBoundary(Array(text.utf8).span) else { throw NoBoundary() }
    return boundary
}

struct NoBoundary: Error {}

struct CutDependence: Error {
    let cut: String
    let whole: FormRun
    let other: FormRun
}
