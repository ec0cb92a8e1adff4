internal import FuzzBasics
internal import FuzzPlain

/// A request head as a table reads it: one row of the table for each byte, and nothing judged but its shape. Places are
/// offsets into the bytes.
struct TableHead {
    private enum State: Int, CaseIterable {
        case start, startLF, method, target, version, lineLF, field, name, value, valueLF, endLF, done
    }

    private enum Kind: Int, CaseIterable { case cr, lf, space, tab, colon, token, other, control }

    private typealias Row = (state: State, kinds: [Kind], next: State)

    /// A field line; an empty value is nowhere.
    struct Field: Equatable {
        var name: Range<Int>
        var value: Range<Int>
    }

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

    /// The next state by state and kind.
    private static let table: [State?] = {
        var table = [State?](repeating: nil, count: State.allCases.count * Kind.allCases.count)
        for row in rows {
            for kind in row.kinds { table[row.state.rawValue * Kind.allCases.count + kind.rawValue] = row.next }
        }
        return table
    }()

    private static let kinds: [Kind] = (UInt8.min ... .max).map(kind)

    let bytes: [UInt8]
    private(set) var emptyLines = 0
    private(set) var method = 0 ..< 0
    private(set) var target = 0 ..< 0
    private(set) var version = 0 ..< 0
    private(set) var fields: [Field] = []
    private(set) var headBytes = 0

    /// Nil where the bytes do not begin with a whole head.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        let (table, kinds, width) = (Self.table, Self.kinds, Kind.allCases.count)
        var state = State.start
        for (index, byte) in bytes.enumerated() {
            guard let next = table[state.rawValue * width + kinds[Int(byte)].rawValue] else { return nil }
            note(index, from: state, to: next)
            state = next
            if state == .done {
                headBytes = index + 1
                break
            }
        }
        guard state == .done else { return nil }
        for index in fields.indices {
            let value = PlainLetters.trimmed(bytes[fields[index].value])
            fields[index].value = value.isEmpty ? 0 ..< 0 : value.indices
        }
    }

    private mutating func note(_ index: Int, from state: State, to next: State) {
        switch (state, next) {
        case (.startLF, .start): emptyLines += 1
        case (.start, .method): method = index ..< index + 1
        case (.method, .method): method = method.lowerBound ..< index + 1
        case (.method, .target): target = index + 1 ..< index + 1
        case (.target, .target): target = target.lowerBound ..< index + 1
        case (.target, .version): version = index + 1 ..< index + 1
        case (.version, .version): version = version.lowerBound ..< index + 1
        case (.field, .name): fields.append(Field(name: index ..< index + 1, value: 0 ..< 0))
        case (.name, .name): fields[fields.count - 1].name = fields[fields.count - 1].name.lowerBound ..< index + 1
        case (.name, .value): fields[fields.count - 1].value = index + 1 ..< index + 1
        case (.value, .value): fields[fields.count - 1].value = fields[fields.count - 1].value.lowerBound ..< index + 1
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

    /// The values of the fields of that name, which is in lower case.
    func values(_ name: String) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for field in fields where PlainLetters.isSame(bytes[field.name], name) { values.append(bytes[field.value]) }
        return values
    }
}
