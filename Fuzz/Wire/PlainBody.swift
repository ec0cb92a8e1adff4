internal import Bytes
internal import FuzzBasics
internal import FuzzPlain

/// A body read plainly: all of it at once.
struct PlainBody {
    /// The body bytes that are there.
    var bytes: [UInt8]
    /// How many wire bytes the whole of it takes; nil where it is not all there, or not readable.
    var wireBytes: Int?

    init(bytes: [UInt8], wireBytes: Int?) {
        self.bytes = bytes
        self.wireBytes = wireBytes
    }

    /// Chunks (RFC 9112 § 7.1): a line with the size, the data, CRLF, and so on; after size 0 lines up to an empty one.
    init(chunked rest: Span<UInt8>) {
        bytes = []
        wireBytes = nil
        var index = 0
        while let line = Self.line(rest, from: &index) {
            let digits = line.prefix(while: PlainLetters.isHexDigit)
            guard let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16) else { return }
            if size == 0 {
                while let trailer = Self.line(rest, from: &index) {
                    guard !trailer.isEmpty else {
                        wireBytes = index
                        return
                    }
                }
                return
            }
            let present = Int(min(size, UInt64(rest.count - index)))
            bytes.append(contentsOf: rest.extracting(index ..< index + present))
            index += present
            guard UInt64(present) == size, rest.count - index >= 2, rest[index] == 0x0D, rest[index + 1] == 0x0A
            else { return }
            index += 2
        }
    }

    /// The line at `index`, which moves behind its CRLF; nil without one.
    private static func line(_ bytes: Span<UInt8>, from index: inout Int) -> [UInt8]? {
        var place = index
        while place + 1 < bytes.count {
            if bytes[place] == 0x0D, bytes[place + 1] == 0x0A {
                defer { index = place + 2 }
                return bytes.extracting(index ..< place).copied()
            }
            place += 1
        }
        return nil
    }
}
