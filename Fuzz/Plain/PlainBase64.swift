/// Base64url (RFC 4648 § 5) without padding, by way of numbers.
package enum PlainBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    /// The place of each byte in the alphabet; 64 for a byte that is not in it.
    private static let sextets = (UInt8.min ... .max).map { byte in alphabet.firstIndex(of: byte) ?? 64 }

    /// Appends the letters of `bytes`: of every three, four of one number.
    package static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        let alphabet = alphabet
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { text in
            var group = 0
            while group < bytes.count {
                let count = min(3, bytes.count - group)
                var number = 0
                for place in 0 ..< 3 { number = number * 256 + (place < count ? Int(bytes[group + place]) : 0) }
                text.append(alphabet[number / 262_144])
                text.append(alphabet[number / 4_096 % 64])
                if count > 1 { text.append(alphabet[number / 64 % 64]) }
                if count > 2 { text.append(alphabet[number % 64]) }
                group += count
            }
        }
    }

    /// The bytes of base64url whose unused bits are zero: of every four letters, three bytes of one number.
    package static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        let sextets = sextets
        var group = text.startIndex
        while group < text.endIndex {
            let count = min(4, text.endIndex - group)
            guard count > 1 else { return nil }
            var number = 0
            for place in 0 ..< 4 {
                let sextet = place < count ? sextets[Int(text[group + place])] : 0
                guard sextet < 64 else { return nil }
                number = number * 64 + sextet
            }
            // As many bytes as the letters hold whole, and nothing behind them.
            let unused = 8 * (4 - count)
            guard number % (1 << unused) == 0 else { return nil }
            bytes.append(UInt8(number / 65_536))
            if count > 2 { bytes.append(UInt8(number / 256 % 256)) }
            if count > 3 { bytes.append(UInt8(number % 256)) }
            group += count
        }
        return bytes
    }
}
