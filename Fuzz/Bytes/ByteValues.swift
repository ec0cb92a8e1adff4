internal import Bytes
package import FuzzBasics
internal import FuzzPlain

/// Fuzzes what text and bytes are turned into: moments, addresses, numbers, percent-encoding, base 64, checksums,
/// UUIDs, and a window of bytes. An input is a letter that says which, and what is to be read; a second, plain reading
/// says what comes of it.
package enum ByteValues {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) { try check(input, ByteCode()) }

    /// The oracle, over any way to read and to write.
    package static func check(_ input: Span<UInt8>, _ code: ByteCode) throws(OracleFailure) {
        let bytes = input.copied()
        let rest = Array(bytes.dropFirst())
        switch bytes.first.map({ Unicode.Scalar($0) }) {
        case "a": try checkAddress(rest, code)
        case "c": try checkSums(rest, code)
        case "d": try require(code.date(rest.span) == PlainMoment.iso(rest), "a date")
        case "m":
            let plain = PlainMoment.imfFixdate(rest)
            try require(code.fieldDate(rest.span) == plain, "a field's date")
        case "n": try checkNumbers(rest, code)
        case "p": try checkPercent(rest, code)
        case "t": try checkMoment(rest, code)
        case "u": try checkUUID(rest, code)
        case "w": try WindowReading.check(rest[...], code)
        default: break
        }
    }

    private static func require(_ isRight: Bool, _ what: String) throws(OracleFailure) {
        guard isRight else { throw OracleFailure("\(what) is read or written otherwise") }
    }

    /// A range, a space, an address.
    private static func checkAddress(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        let words = bytes.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false).map(PlainBytes.text)
        guard words.allSatisfy({ $0.utf8.count <= 60 }) else { return }
        let other = words.count == 2 ? PlainAuthority.address(words[1]) : nil
        if words.count == 2 { try require(code.address(words[1]) == other, "an address") }
        if let other {
            try require(code.addressText(other) == PlainRange.text(other), "an address as text")
            try require(code.address(code.addressText(other)) == other, "an address read again")
            try require((other.v4 != nil) == PlainRange.isV4(PlainRange.bits(other)), "a family")
            try require(other.isUnspecified == ["0.0.0.0", "::"].contains(other.description), "no address")
            for count in [-1, bytes.count % 140] {
                let masked = code.masked(other, count)
                let plain = PlainRange.masked(other, min(count, other.isV4 ? 32 : 128))
                try require(PlainRange.bits(masked) == plain, "a mask")
            }
        }
        let plain = PlainRange.read(words[0])
        let range: AddressRange
        do throws(AddressRangeFault) {
            range = try code.range(words[0])
        } catch {
            try require(verdict(error) == plain && error.description.utf8.allSatisfy(\.isFieldValueByte), "a range")
            return
        }
        try require(plain == .range(range.network, range.prefixBits), "a range")
        try require((try? code.range(range.description)) == range, "a range read again")
        guard let other, let list = AddressRangeList([range]) else { return }
        let isSame = other.isV4 == range.network.isV4
        let isIn = isSame && PlainRange.masked(other, range.prefixBits) == PlainRange.bits(range.network)
        try require(code.isIn(other, list) == isIn, "what is in a range")
        let peers = TrustedPeers(ranges: list, includesUnixSockets: isIn)
        try require(peers.contains(other) == isIn && peers.contains(nil) == isIn && !peers.isEmpty, "a peer")
        try require(TrustedPeers().isEmpty && !TrustedPeers().contains(other), "no peers")
        let many = [AddressRange](repeating: range, count: AddressRangeList.rangesMax + 1)
        try require(AddressRangeList(many) == nil && !list.isEmpty, "too many ranges")
    }

    private static func verdict(_ fault: AddressRangeFault) -> PlainRange.Verdict {
        switch fault {
        case .noAddress: .noAddress
        case .prefix: .prefix
        case .hostBits: .hostBits
        case .mappedRange: .mapped
        }
    }

    /// Milliseconds in decimal, within the years that have four digits.
    private static func checkMoment(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        guard let moment = Int64(String(decoding: bytes, as: UTF8.self)),
            (-62_167_219_200_000 ... 253_402_300_799_999).contains(moment)
        else { return }
        let civil = code.civil(moment)
        try require(PlainMoment.iso(Array(civil.iso8601.utf8)) == moment, "a moment")
        try require(code.textDate(civil.iso8601) == moment, "a moment read again")
        let plain = civil.iso8601WithoutZone
        try require(civil.iso8601.hasPrefix(plain + ".") && civil.iso8601.hasSuffix("Z"), "a moment's zone")
        try require(civil.basic == plain.filter { $0 != "-" && $0 != ":" } + "Z", "a moment in its basic form")
        let (seconds, days) = ((moment - ((moment % 1_000) + 1_000) % 1_000), moment.floor(by: 86_400_000))
        let name = PlainMoment.weekdays[Int(((days % 7) + 7) % 7)]
        try require(civil.imfFixdate.hasPrefix(name + ", "), "a day of the week")
        if moment >= 0 {
            try require(PlainMoment.imfFixdate(Array(civil.imfFixdate.utf8)) == seconds, "a moment in a field")
        }
    }

    private static func checkNumbers(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        let isDecimal = !bytes.isEmpty && bytes.allSatisfy { (0x30 ... 0x39).contains($0) }
        let number = isDecimal ? UInt64(text) : nil
        try require(code.number(bytes.span) == number, "a number")
        let isHexadecimal = !bytes.isEmpty && bytes.allSatisfy(PlainLetters.isHexDigit)
        let other = isHexadecimal ? UInt64(text, radix: 16) : nil
        try require(code.hexNumber(bytes.span) == other, "a hexadecimal number")
        for value in [number, other] {
            guard let value else { continue }
            var written: [[UInt8]] = [[], [], []]
            code.writeNumber(value, 1, &written[0])
            code.writeNumber(value, 24, &written[1])
            code.writeHexNumber(value, &written[2])
            let decimal = String(value)
            let padded = String(repeating: "0", count: 24 - decimal.utf8.count) + decimal
            let right = [decimal, padded, String(value, radix: 16)].map { Array($0.utf8) }
            try require(written == right, "a written number")
        }
        for byte in bytes {
            let isLetter = PlainBytes.isAlphanumeric(byte) && !(0x30 ... 0x39).contains(byte)
            let isUnreserved = PlainBytes.isAlphanumeric(byte) || "-._~".utf8.contains(byte)
            let digit = PlainLetters.isHexDigit(byte) ? UInt8(String(Unicode.Scalar(byte)), radix: 16) : nil
            let isRight =
                byte.isTokenByte == PlainBytes.isToken(byte) && byte.isAlpha == isLetter
                && byte.isUnreserved == isUnreserved && byte.isDigit == (0x30 ... 0x39).contains(byte)
                && byte.isVisible == (0x21 ... 0x7E).contains(byte) && byte.hexValue == digit
                && byte.asciiLowercased == (isLetter && byte < 0x61 ? byte + 32 : byte)
            try require(isRight, "the class of byte \(byte)")
        }
    }

    private static func checkPercent(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        try require(code.percentDecoded(bytes.span) == PlainBytes.percentDecoded(bytes[...]), "percent-encoding")
        for keepsSlash in [false, true] {
            var encoded: [UInt8] = []
            code.percentEncode(bytes.span, keepsSlash, &encoded)
            try require(code.percentDecoded(encoded.span) == bytes, "percent-encoding read again")
            // RFC 3986 § 2.1 and § 2.3: upper case, and nothing that need not be.
            var plain = ""
            for byte in bytes {
                let isKept = PlainBytes.isAlphanumeric(byte) || "-._~".utf8.contains(byte) || keepsSlash && byte == 0x2F
                let digits = String(byte, radix: 16, uppercase: true)
                plain += isKept ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
            }
            try require(encoded.elementsEqual(plain.utf8), "what is percent-encoded")
            if let text = bytes.span.validatedText() {
                let written = PercentCoding.encode(text, keepsSlash: keepsSlash)
                try require(written.utf8.elementsEqual(encoded), "percent-encoded text")
            }
        }
    }

    private static func checkUUID(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        let groups = bytes.split(separator: 0x2D, omittingEmptySubsequences: false)
        let isUUID = groups.map(\.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy(PlainLetters.isHexDigit)
        try require(code.isUUID(bytes.span) == isUUID, "a UUID")
        var generator = InputHash(bytes.span)
        let (upper, lower) = (generator.next(), generator.next())
        let made = Array(code.uuid(upper, lower).utf8)
        try require(code.isUUID(made.span) && made[14] == 0x34 && "89ab".utf8.contains(made[19]), "a made UUID")
        let digits = String(decoding: made.filter { $0 != 0x2D }, as: UTF8.self)
        let (high, low) = (UInt64(digits.prefix(16), radix: 16) ?? 0, UInt64(digits.suffix(16), radix: 16) ?? 0)
        try require((high ^ upper) & ~0xF000 == 0 && (low ^ lower) << 2 == 0, "a UUID's random bits")
    }

    private static func checkSums(_ bytes: [UInt8], _ code: ByteCode) throws(OracleFailure) {
        var plain = ~UInt32(0)
        for byte in bytes {
            plain ^= UInt32(byte)
            for _ in 0 ..< 8 { plain = plain >> 1 ^ (plain & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        plain = ~plain
        var generator = InputHash(bytes.span)
        let cut = Int.random(in: 0 ... bytes.count, using: &generator)
        var sum = CRC32C()
        code.addToSum(&sum, bytes.span.extracting(first: cut))
        code.addToSum(&sum, bytes.span.extracting(droppingFirst: cut))
        try require(sum.value == plain, "a checksum")
        let big = (0 ..< 4).map { UInt8(truncatingIfNeeded: plain >> (24 - 8 * $0)) }
        try require(sum.base64 == base64(big) && sum.base64.utf8.count == CRC32C.base64Bytes, "a checksum's text")
        try require(code.base64(bytes.span) == base64(bytes), "base 64")
        var text: [UInt8] = []
        code.base64URLEncode(bytes.span, &text)
        try require(code.base64URLDecoded(text.span) == bytes, "base64url")
        try require(code.base64URLDecoded(bytes.span) == PlainBase64.decoded(bytes[...]), "base64url, strictly")
        let hexadecimal = code.hexadecimal(bytes.span)
        try require(hexadecimal == PlainBytes.hexadecimal(bytes), "bytes in hexadecimal")
    }

    /// RFC 4648 § 4, by way of bits.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bits = bytes.flatMap { byte in (0 ..< 8).map { byte >> (7 - UInt8($0)) & 1 } }
        while bits.count % 6 != 0 { bits.append(0) }
        var text = stride(from: 0, to: bits.count, by: 6).map { start in
            letters[bits[start ..< start + 6].reduce(0) { $0 * 2 + Int($1) }]
        }
        while text.count % 4 != 0 { text.append(0x3D) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Int64 {
    /// The quotient, rounded down.
    fileprivate func floor(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
    }
}
