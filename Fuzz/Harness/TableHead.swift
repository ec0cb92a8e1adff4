/// A request head as a table reads it: one row of the table for each byte, and nothing judged but its shape.
struct TableHead {
    private enum State {
        case start, startLF, method, target, version, lineLF, field, name, value, valueLF, endLF, done
    }

    private enum Kind: CaseIterable { case cr, lf, space, tab, colon, token, other, control }

    private typealias Row = (state: State, kinds: [Kind], next: State)

    /// RFC 9112 § 3 and § 5. What has no row is refused.
    private static let rows: [Row] = [
        (.start, [.cr], .startLF), (.startLF, [.lf], .start), (.start, [.token], .method),
        (.method, [.token], .method), (.method, [.space], .target),
        (.target, [.token, .colon, .other], .target), (.target, [.space], .version),
        (.version, [.token, .colon, .other, .space, .tab], .version), (.version, [.cr], .lineLF),
        (.lineLF, [.lf], .field), (.field, [.cr], .endLF), (.endLF, [.lf], .done),
        (.field, [.token], .name), (.name, [.token], .name), (.name, [.colon], .value),
        (.value, [.token, .colon, .other, .space, .tab], .value), (.value, [.cr], .valueLF), (.valueLF, [.lf], .field),
    ]

    private static let table: [State: [Kind: State]] = {
        var table: [State: [Kind: State]] = [:]
        for row in rows {
            for kind in row.kinds { table[row.state, default: [:]][kind] = row.next }
        }
        return table
    }()

    private(set) var emptyLines = 0
    private(set) var method: [UInt8] = []
    private(set) var target: [UInt8] = []
    private(set) var version: [UInt8] = []
    private(set) var fields: [(name: [UInt8], value: [UInt8])] = []
    private(set) var headBytes = 0

    /// Nil where the bytes do not begin with a whole head.
    init?(_ bytes: [UInt8]) {
        var state = State.start
        for byte in bytes {
            guard let next = Self.table[state]?[Self.kind(byte)] else { return nil }
            headBytes += 1
            note(byte, from: state, to: next)
            state = next
            if state == .done { break }
        }
        guard state == .done else { return nil }
        for index in fields.indices { fields[index].value = Array(FieldValues.trimmed(fields[index].value[...])) }
    }

    private mutating func note(_ byte: UInt8, from state: State, to next: State) {
        switch (state, next) {
        case (.startLF, .start): emptyLines += 1
        case (_, .method): method.append(byte)
        case (.target, .target): target.append(byte)
        case (.version, .version): version.append(byte)
        case (.field, .name): fields.append(([byte], []))
        case (.name, .name): fields[fields.count - 1].name.append(byte)
        case (.value, .value): fields[fields.count - 1].value.append(byte)
        default: break
        }
    }

    private static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case 0x0D: .cr
        case 0x0A: .lf
        case 0x20: .space
        case 0x09: .tab
        case 0x3A: .colon
        case 0x00 ..< 0x20, 0x7F: .control
        default: PlainExtensions.isTokenByte(byte) ? .token : .other
        }
    }

    /// The values of the fields of that name, a character for each byte.
    func values(_ name: String) -> [String] {
        fields.filter { String(decoding: $0.name, as: UTF8.self).lowercased() == name }.map { Self.text($0.value) }
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
