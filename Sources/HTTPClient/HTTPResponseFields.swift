internal import Bytes
internal import HTTPWire

/// The fields of an answer, kept as the received head and cut apart when asked for.
package struct HTTPResponseFields: Sendable {
    private var bytes: [UInt8] = []
    private var fields: [FieldSlice] = []

    package init() {}

    init(head bytes: [UInt8], fields: [FieldSlice]) {
        self.bytes = bytes
        self.fields = fields
    }

    package var count: Int { fields.count }

    /// The value of the first field called `name` (ASCII, lower case), white space around it removed; ill-formed
    /// UTF-8 is repaired. Nil when there is none.
    package func value(of name: String) -> String? {
        let span = bytes.span
        for field in fields where field.name.bytes(in: span).equalsIgnoringCase(name) {
            return field.value.bytes(in: span).repairedText()
        }
        return nil
    }
}
