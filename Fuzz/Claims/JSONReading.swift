internal import Bytes
package import FuzzBasics
package import JSONWire

/// Fuzzes the reading of JSON: what is taken and what is refused is what a second, plain reading finds, the values
/// are the same, and a value that is written and read again is itself.
package enum JSONReading {
    package static let tightLimits = JSONLimits(documentBytesMax: 96, depthMax: 3)

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        for limits in [JSONLimits(), tightLimits] {
            try check(input, limits: limits) { bytes, limits in try? JSONReader.read(bytes, limits: limits) }
        }
        try checkQuoting(input)
    }

    /// Any bytes at all become a string that is read as their text.
    private static func checkQuoting(_ input: Span<UInt8>) throws(OracleFailure) {
        let text = String(decoding: input.copied(), as: UTF8.self)
        var (fromBytes, fromText) = ([UInt8](), [UInt8]())
        JSONWriter.append(input, to: &fromBytes)
        JSONWriter.append(text, to: &fromText)
        let roomy = JSONLimits(documentBytesMax: fromBytes.count)
        guard fromBytes == fromText, let value = try? JSONReader.read(fromBytes.span, limits: roomy),
            let read = value.string, read.utf8.elementsEqual(text.utf8), value.bool == nil, value.array == nil
        else { throw OracleFailure("quoted, it is another text") }
    }

    /// The oracle, over any way to read JSON; nil is a refusal.
    package static func check(
        _ input: Span<UInt8>, limits: JSONLimits, read: (_ bytes: Span<UInt8>, _ limits: JSONLimits) -> JSONValue?
    ) throws(OracleFailure) {
        let value = read(input, limits)
        let plain = PlainJSONText.read(input.copied(), bytesMax: limits.documentBytesMax, depthMax: limits.depthMax)
        guard let value else {
            guard plain == nil else { throw OracleFailure("refused, and it is JSON") }
            return
        }
        guard let plain else { throw OracleFailure("taken, and it is not JSON") }
        guard outline(value) == plain else { throw OracleFailure("\(outline(value)), not \(plain)") }
        switch value {
        case .bool(let bool): guard value.bool == bool else { throw OracleFailure("another bool") }
        case .array(let elements): guard value.array == elements else { throw OracleFailure("another array") }
        default: guard value.bool == nil, value.array == nil else { throw OracleFailure("taken for another kind") }
        }
        var writer = JSONWriter()
        write(value, to: &writer)
        // Escapes make text longer.
        let roomy = JSONLimits(documentBytesMax: 8 * limits.documentBytesMax, depthMax: limits.depthMax)
        guard read(writer.bytes.span, roomy) == value else { throw OracleFailure("written and read, it is another") }
        for byte in writer.bytes where byte < 0x20 || byte == 0x7F { throw OracleFailure("written with a control") }
    }

    /// The value in the form that ``PlainJSONText`` gives.
    private static func outline(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): "#" + number.text
        case .string(let text): PlainJSONText.quoted(text.unicodeScalars)
        case .array(let elements): "[" + elements.map(outline).joined(separator: " ") + "]"
        case .object(let object):
            "{"
                + object.members.map { PlainJSONText.quoted($0.name.unicodeScalars) + outline($0.value) }
                .joined(separator: " ") + "}"
        }
    }

    /// A member in one of the ways that there are for its value.
    private static func write(_ member: JSONObject.Member, to writer: inout JSONWriter) {
        let isEven = member.name.utf8.count % 2 == 0
        switch member.value {
        case .string(let text) where isEven: writer.member(member.name, text)
        case .string(let text): writer.member(member.name, Optional(text))
        case .bool(let bool): writer.member(member.name, bool)
        case .null where isEven: writer.member(member.name, String?.none)
        case .null: writer.member(member.name, Int64?.none)
        case .number(let number):
            guard let value = number.int64, String(value) == number.text else { fallthrough }
            if isEven { writer.member(member.name, value) } else { writer.member(member.name, Optional(value)) }
        default:
            writer.name(member.name)
            write(member.value, to: &writer)
        }
    }

    private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let number): writer.raw(number.text.utf8Span.span)
        case .string(let text): writer.string(text.utf8Span.span)
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .object(let object):
            writer.beginObject()
            for member in object.members { write(member, to: &writer) }
            writer.endObject()
        }
    }
}
