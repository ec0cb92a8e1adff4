internal import Bytes

/// Decisions read off an input, one byte each: `0` is the first of what there is to choose from. Behind the input's end
/// every decision is the first one.
package struct Choices {
    private let bytes: [UInt8]
    private var index = 0

    package init(_ input: Span<UInt8>) { bytes = input.copied() }

    /// A number under `bound`, which is over 0.
    package mutating func number(under bound: Int) -> Int {
        guard index < bytes.count else { return 0 }
        defer { index += 1 }
        return Int(bytes[index] &- UInt8(ascii: "0")) % bound
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(under: elements.count)] }

    /// What was not read yet.
    package mutating func rest() -> ArraySlice<UInt8> {
        defer { index = bytes.count }
        return bytes[min(index, bytes.count)...]
    }
}
