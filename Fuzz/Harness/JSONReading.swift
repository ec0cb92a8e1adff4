internal import Bytes
package import JSONWire

/// Fuzzes the reading of JSON: what is taken and what is refused is what a second, plain reading finds, the values
/// are the same, and a value that is written and read again is itself.
package enum JSONReading {
    package static let tightLimits = JSONLimits(documentBytesMax: 96, depthMax: 3)

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        for limits in [JSONLimits(), tightLimits] {
            try check(input, limits: limits) { bytes, limits in try? JSONReader.read(bytes, limits: limits) }
        }
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

    private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let number): writer.raw(number.text.utf8Span.span)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .object(let object):
            writer.beginObject()
            for member in object.members {
                writer.name(member.name)
                write(member.value, to: &writer)
            }
            writer.endObject()
        }
    }
}
