package import Bytes
internal import FuzzPlain

/// Hosts and addresses by their grammars, over characters.
package enum PlainAuthority {
    /// `host [ ":" [ port ] ]`, the host not empty.
    package static func isRight(_ text: String) -> Bool {
        let colon = text.lastIndex(of: ":")
        if isHost(text) { return true }
        guard let colon else { return false }
        let port = text[text.index(after: colon)...]
        return isHost(String(text[..<colon])) && port.unicodeScalars.allSatisfy({ "0" ... "9" ~= $0 })
            && (port.isEmpty || (UInt128(port.suffix(30)) ?? 0) <= 65_535 && port.dropLast(30).allSatisfy { $0 == "0" })
    }

    private static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            return inner.contains(":") && address(inner) != nil
        }
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return false }
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                guard rest.count >= 2, rest.prefix(2).allSatisfy(PlainLetters.isHexDigit) else { return false }
                rest = rest.dropFirst(2)
            } else {
                guard PlainBytes.isHost(byte) else { return false }
            }
        }
        return true
    }

    /// An address by RFC 4291 § 2.2, with an IPv4 one inside of IPv6 being itself.
    package static func address(_ text: String) -> IPAddress? {
        if let v4 = v4(text) { return IPAddress(v4: v4) }
        guard text.utf8.count <= 45 else { return nil }
        let halves = halves(text)
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt16]] = []
        for (index, half) in halves.enumerated() {
            guard let groups = groups(half, isLast: index == halves.count - 1) else { return nil }
            sides.append(groups)
        }
        let count = sides.joined().count
        guard halves.count == 1 ? count == 8 : count < 8 else { return nil }
        let all = sides[0] + Array(repeating: 0, count: 8 - count) + (sides.count == 2 ? sides[1] : [])
        let words = all.map { UInt64($0) }
        return IPAddress(
            upper: words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3],
            lower: words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
    }

    /// What stands before and behind each `::`.
    private static func halves(_ text: String) -> [String] {
        var halves = [""]
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            if scalar == ":", rest.first == ":" {
                rest = rest.dropFirst()
                halves.append("")
            } else {
                halves[halves.count - 1].unicodeScalars.append(scalar)
            }
        }
        return halves
    }

    private static func groups(_ text: String, isLast: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let pieces = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        for (index, piece) in pieces.enumerated() {
            if isLast, index == pieces.count - 1, let v4 = v4(piece) {
                groups += [UInt16(v4 >> 16), UInt16(v4 & 0xFFFF)]
                continue
            }
            guard (1 ... 4).contains(piece.utf8.count), piece.utf8.allSatisfy({ $0 < 0x80 }),
                piece.allSatisfy(\.isHexDigit), let value = UInt16(piece, radix: 16)
            else { return nil }
            groups.append(value)
        }
        return groups
    }

    package static func v4(_ text: String) -> UInt32? {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 4 else { return nil }
        var value: UInt32 = 0
        for number in numbers {
            guard let byte = UInt8(number), String(byte) == number else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }
}
