/// A number as it was written. Nothing is rounded before somebody asks for a machine number.
package struct JSONNumber: Equatable, Sendable {
    /// The text, in the grammar of RFC 8259 § 6.
    package let text: String

    /// The value where it is written as an integer (no fraction, no exponent) and fits, else nil.
    package var int64: Int64? { Int64(text) }

    /// The nearest binary64 value, or nil where that is not finite.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
