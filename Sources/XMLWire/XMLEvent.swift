/// What ``XMLReader/next(_:)`` came to.
package enum XMLEvent: Equatable, Sendable {
    /// An element begins. The range is its name without the prefix.
    case start(Range<Int>)
    /// Character data up to the next tag is in ``XMLReader/text``, references and CDATA sections resolved.
    case text
    /// The element that began last, and has not ended yet, ends.
    case end
    /// The root element has ended, and nothing follows that may not.
    case finished
}
