/// CRC-32C (Castagnoli) of bytes that come in pieces: the checksum that S3 takes as `x-amz-checksum-crc32c`
/// (RFC 3720 § 12.1: reflected, polynomial 0x1EDC6F41, all ones before and after).
package struct CRC32C: Equatable, Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// Of all bytes so far.
    package var value: UInt32 { ~state }

    /// ``value`` as S3 writes it: its four bytes, the most significant one first, in base 64.
    package var base64: String {
        let big = value
        let bytes: [UInt8] = [
            UInt8(truncatingIfNeeded: big >> 24), UInt8(truncatingIfNeeded: big >> 16),
            UInt8(truncatingIfNeeded: big >> 8), UInt8(truncatingIfNeeded: big),
        ]
        return Base64.text(bytes.span)
    }

    /// Characters of ``base64``, whatever the value.
    package static let base64Bytes = 8

    /// Takes eight bytes at a time, each through the table of its distance from the eighth.
    package mutating func update(_ bytes: Span<UInt8>) {
        let tables = Self.tables
        let table = tables.span
        var crc = state
        var index = 0
        let end = bytes.count & ~7
        while index < end {
            let low =
                crc ^ (UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                    | UInt32(bytes[index + 3]) << 24)
            crc =
                table[Int(low & 255) + 1_792] ^ table[Int(low >> 8 & 255) + 1_536]
                ^ table[Int(low >> 16 & 255) + 1_280] ^ table[Int(low >> 24) + 1_024]
                ^ table[Int(bytes[index + 4]) + 768] ^ table[Int(bytes[index + 5]) + 512]
                ^ table[Int(bytes[index + 6]) + 256] ^ table[Int(bytes[index + 7])]
            index += 8
        }
        while index < bytes.count {
            crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 255)]
            index += 1
        }
        state = crc
    }

    /// Eight tables of 256: the remainder of a byte that so many other bytes follow.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        tables.reserveCapacity(2_048)
        for byte in 0 ..< UInt32(256) {
            var crc = byte
            for _ in 0 ..< 8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables.append(crc)
        }
        for index in 256 ..< 2_048 {
            let shorter = tables[index - 256]
            tables.append(shorter >> 8 ^ tables[Int(shorter & 255)])
        }
        return tables
    }()
}
