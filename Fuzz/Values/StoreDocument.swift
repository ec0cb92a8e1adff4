internal import Bytes
package import FuzzBasics
package import XMLWire

/// Fuzzes what a store's answers are read from: the events of a document, and the reply that it is, equal those of a
/// second, plain reading, which also agrees on taking or refusing it.
package enum StoreDocument {
    package static let tightLimits: XMLLimits = {
        var limits = XMLLimits()
        limits.documentBytesMax = 256
        limits.depthMax = 3
        limits.textBytesMax = 12
        limits.nameBytesMax = 32
        limits.attributesMax = 2
        return limits
    }()

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        for limits in [XMLLimits(), tightLimits] {
            let outline = try outline(input, limits)
            try check(input, limits: limits, outline: outline, reply: StoreReply.parse(input, limits: limits))
        }
    }

    /// The oracle: `outline` is nil for a document that was refused.
    package static func check(
        _ input: Span<UInt8>, limits: XMLLimits, outline: [String]?, reply: StoreReply
    ) throws(OracleFailure) {
        let plain = PlainXML.read(input.copied(), limits)
        guard outline == plain?.outline else {
            throw OracleFailure("\(String(describing: outline)), not \(String(describing: plain?.outline))")
        }
        let expected = plain?.reply
        switch reply {
        case .malformed(let refusal):
            guard expected == nil, (refusal == .incompleteReply) == (plain != nil)
            else { throw OracleFailure("\(refusal), not \(String(describing: expected))") }
        default:
            guard reply == expected else { throw OracleFailure("\(reply), not \(String(describing: expected))") }
        }
    }

    private static func outline(_ input: Span<UInt8>, _ limits: XMLLimits) throws(OracleFailure) -> [String]? {
        var reader = XMLReader(limits: limits)
        var outline: [String] = []
        // A tag is three bytes or more and two events at most, and text one byte.
        for _ in 0 ... input.count + 1 {
            let event: XMLEvent
            do throws(XMLRefusal) { event = try reader.next(input) } catch { return nil }
            guard reader.depth <= limits.depthMax, reader.text.count <= limits.textBytesMax
            else { throw OracleFailure("past its limits") }
            switch event {
            case .start(let range):
                guard !range.isEmpty, range.upperBound <= input.count else { throw OracleFailure("a nameless tag") }
                outline.append("<" + String(decoding: input.extracting(range).copied(), as: UTF8.self))
            case .text:
                guard let text = String(validating: reader.text, as: UTF8.self) else { throw OracleFailure("not text") }
                outline.append("=" + text)
            case .end: outline.append(">")
            case .finished: return outline
            }
        }
        throw OracleFailure("the reader does not come to an end")
    }
}
