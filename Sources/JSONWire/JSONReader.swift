internal import Bytes

/// A strict reader of whole JSON documents (RFC 8259): what two readers could understand differently is refused.
package struct JSONReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0

    /// The value that `bytes` are the text of, with nothing but white space around it.
    package static func read(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONRefusal) -> JSONValue {
        guard bytes.count <= limits.documentBytesMax else { throw .tooLarge }
        guard isUTF8(bytes) else { throw .notUTF8 }
        var reader = JSONReader(bytes, limits)
        let value = try reader.value()
        reader.skipWhitespace()
        guard reader.position == bytes.count else { throw .malformed(at: reader.position) }
        return value
    }

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>, _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        (try? UTF8Span(validating: bytes)) != nil
    }

    /// The byte at the position, or 0, which no token begins with and no string holds, at the end.
    private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private var malformed: JSONRefusal { .malformed(at: position) }

    @_lifetime(self: copy self)
    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func value() throws(JSONRefusal) -> JSONValue {
        skipWhitespace()
        switch current {
        case 0x7B: return .object(try object())
        case 0x5B: return .array(try array())
        case 0x22: return .string(try string())
        case 0x2D, 0x30 ... 0x39: return .number(try number())
        case 0x74: return try literal("true", .bool(true))
        case 0x66: return try literal("false", .bool(false))
        case 0x6E: return try literal("null", .null)
        default: throw malformed
        }
    }

    @_lifetime(self: copy self)
    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONRefusal) -> JSONValue {
        let expected = text.utf8Span.span
        guard bytes.extracting(droppingFirst: position).hasPrefix(expected) else { throw malformed }
        position += expected.count
        return value
    }

    @_lifetime(self: copy self)
    private mutating func enter() throws(JSONRefusal) {
        guard depth < limits.depthMax else { throw .tooDeep(at: position) }
        depth += 1
        position += 1
        skipWhitespace()
    }

    @_lifetime(self: copy self)
    private mutating func leave() {
        depth -= 1
        position += 1
    }

    @_lifetime(self: copy self)
    private mutating func array() throws(JSONRefusal) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        if current == 0x5D {
            leave()
            return elements
        }
        while true {
            elements.append(try value())
            skipWhitespace()
            switch current {
            case 0x2C: position += 1
            case 0x5D:
                leave()
                return elements
            default: throw malformed
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func object() throws(JSONRefusal) -> JSONObject {
        try enter()
        var object = JSONObject()
        if current == 0x7D {
            leave()
            return object
        }
        while true {
            skipWhitespace()
            let start = position
            guard current == 0x22 else { throw malformed }
            let name = try string()
            skipWhitespace()
            guard current == 0x3A else { throw malformed }
            position += 1
            guard object.add(name, try value()) else { throw .duplicateName(at: start) }
            skipWhitespace()
            switch current {
            case 0x2C: position += 1
            case 0x7D:
                leave()
                return object
            default: throw malformed
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func number() throws(JSONRefusal) -> JSONNumber {
        let start = position
        if current == 0x2D { position += 1 }
        if current == 0x30 {
            position += 1
        } else {
            try digits()
        }
        if current == 0x2E {
            position += 1
            try digits()
        }
        if current | 0x20 == 0x65 {
            position += 1
            if current == 0x2B || current == 0x2D { position += 1 }
            try digits()
        }
        return JSONNumber(text: bytes.extracting(start ..< position).repairedText())
    }

    @_lifetime(self: copy self)
    private mutating func digits() throws(JSONRefusal) {
        guard current.isDigit else { throw malformed }
        while current.isDigit { position += 1 }
    }

    @_lifetime(self: copy self)
    private mutating func string() throws(JSONRefusal) -> String {
        position += 1
        let start = position
        var unescaped: [UInt8] = []
        var runStart = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 {
                let run = bytes.extracting(runStart ..< position)
                position += 1
                guard runStart > start else { return run.repairedText() }
                unescaped.append(contentsOf: run)
                return String(decoding: unescaped, as: UTF8.self)
            }
            guard byte >= 0x20 else { throw malformed }
            if byte == 0x5C {
                unescaped.append(contentsOf: bytes.extracting(runStart ..< position))
                try escape(into: &unescaped)
                runStart = position
            } else {
                position += 1
            }
        }
        throw malformed
    }

    @_lifetime(self: copy self)
    private mutating func escape(into output: inout [UInt8]) throws(JSONRefusal) {
        let start = position
        position += 2
        switch start + 1 < bytes.count ? bytes[start + 1] : 0 {
        case 0x22: output.append(0x22)
        case 0x5C: output.append(0x5C)
        case 0x2F: output.append(0x2F)
        case 0x62: output.append(0x08)
        case 0x66: output.append(0x0C)
        case 0x6E: output.append(0x0A)
        case 0x72: output.append(0x0D)
        case 0x74: output.append(0x09)
        case 0x75: output.append(contentsOf: try scalar(escapedAt: start).utf8)
        default: throw .malformed(at: start)
        }
    }

    /// The character of `\uXXXX`, or of the two of them that are a surrogate pair; the position is behind the `u`.
    @_lifetime(self: copy self)
    private mutating func scalar(escapedAt start: Int) throws(JSONRefusal) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, current == 0x5C else { throw .loneSurrogate(at: start) }
        position += 1
        guard current == 0x75 else { throw .loneSurrogate(at: start) }
        position += 1
        let second = try codeUnit()
        guard (0xDC00 ... 0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .loneSurrogate(at: start) }
        return scalar
    }

    @_lifetime(self: copy self)
    private mutating func codeUnit() throws(JSONRefusal) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0 ..< 4 {
            guard let digit = current.hexValue else { throw malformed }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
