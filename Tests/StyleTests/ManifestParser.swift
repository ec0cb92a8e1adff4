/// A value as `Package.swift` writes it; what does not matter here is a name.
indirect enum ManifestValue: Equatable {
    case string(String)
    case name(String)
    case array([ManifestValue])
    case call(ManifestCall)
}

struct ManifestCall: Equatable {
    /// With its leading dot where there is one.
    let name: String
    let arguments: [ManifestArgument]

    func argument(_ label: String) -> ManifestValue? { arguments.first { $0.label == label }?.value }

    /// The argument without a label at a place counted among those.
    func unlabelled(_ index: Int) -> ManifestValue? {
        let values = arguments.filter { $0.label == nil }
        return index < values.count ? values[index].value : nil
    }
}

struct ManifestArgument: Equatable {
    let label: String?
    let value: ManifestValue
}

/// The `let` constants of a manifest, and the calls that they are or hold as elements, with the constant's own name.
struct ManifestParser {
    struct File {
        var lets: [String: ManifestValue] = [:]
        var calls: [(constant: String, call: ManifestCall)] = []
    }

    private let tokens: [SwiftTokens.Token]
    private var position = 0

    init(_ tokens: [SwiftTokens.Token]) { self.tokens = tokens }

    mutating func parse() -> File {
        var file = File()
        while position < tokens.count {
            guard tokens[position].text == "let", position + 1 < tokens.count else {
                position += 1
                continue
            }
            let name = tokens[position + 1].text
            position += 2
            while position < tokens.count, tokens[position].text != "=" { position += 1 }
            position += 1
            let value = parseValue()
            file.lets[name] = value
            for call in Self.elements(of: value) { file.calls.append((name, call)) }
        }
        return file
    }

    /// The calls of an array; for `Package(…)` those of its `targets`; else the call itself.
    private static func elements(of value: ManifestValue) -> [ManifestCall] {
        switch value {
        case .array(let values):
            return values.compactMap { if case .call(let call) = $0 { call } else { nil } }
        case .call(let call):
            return call.argument("targets").map(elements) ?? [call]
        case .string, .name:
            return []
        }
    }

    /// One operand or several joined by `+`; of a sum, the elements that are written out here.
    private mutating func parseValue() -> ManifestValue {
        var value = parseOperand()
        while position < tokens.count, tokens[position].text == "+" {
            position += 1
            let right = parseOperand()
            value = .array(Self.members(value) + Self.members(right))
        }
        return value
    }

    private static func members(_ value: ManifestValue) -> [ManifestValue] {
        if case .array(let values) = value { values } else { [] }
    }

    private mutating func parseOperand() -> ManifestValue {
        guard position < tokens.count else { return .name("") }
        let token = tokens[position]
        position += 1
        if token.isLiteral { return .string(token.text) }
        if token.text == "[" { return .array(parseList(until: "]").map(\.value)) }
        var name = token.text
        if name == ".", position < tokens.count {
            name += tokens[position].text
            position += 1
        }
        while position + 1 < tokens.count, tokens[position].text == ".", !tokens[position + 1].isLiteral {
            name += "." + tokens[position + 1].text
            position += 2
        }
        guard position < tokens.count, tokens[position].text == "(" else { return .name(name) }
        position += 1
        return .call(ManifestCall(name: name, arguments: parseList(until: ")")))
    }

    private mutating func parseList(until end: String) -> [ManifestArgument] {
        var values: [ManifestArgument] = []
        while position < tokens.count, tokens[position].text != end || tokens[position].isLiteral {
            if tokens[position].text == ",", !tokens[position].isLiteral {
                position += 1
                continue
            }
            var label: String?
            if position + 1 < tokens.count, tokens[position + 1].text == ":", !tokens[position].isLiteral {
                label = tokens[position].text
                position += 2
            }
            values.append(ManifestArgument(label: label, value: parseValue()))
        }
        position += 1
        return values
    }
}
