internal import Bytes

/// Decodes the chunked transfer coding (RFC 9112 § 7.1). Extensions are checked and ignored, trailers checked and
/// dropped; both are bounded, and so is every number.
struct ChunkedDecoder: Sendable {
    /// Named by what comes next; any byte boundary is a legal place to stop.
    private enum Expecting {
        case size, extensions, sizeLF, data, dataCR, dataLF, trailers, end
        case nothing(WireRefusal)
    }

    private let limits: WireLimits
    private var expecting = Expecting.size
    private var digits = 0
    private var size: UInt64 = 0
    /// Body bytes of the chunks whose size line was read.
    private var total: UInt64 = 0
    /// Extension bytes of the whole body, and how many there were before this chunk's.
    private var extensionBytes = 0
    private var extensionLineStart = 0
    private var extensions = ChunkExtensionScanner()
    private var trailers: TrailerScanner

    init(limits: WireLimits) {
        self.limits = limits
        trailers = TrailerScanner(limits: limits)
    }

    var wireBytesExpected: UInt64 {
        switch expecting {
        case .data: size + 2
        case .dataCR: 2
        case .dataLF, .sizeLF: 1
        case .size, .extensions, .trailers, .end, .nothing: 0
        }
    }

    mutating func decode(_ input: Span<UInt8>) -> BodyStep {
        var index = 0
        while true {
            switch expecting {
            case .data:
                guard index < input.count else { return .incomplete(consumed: index) }
                let taken = Int(min(size, UInt64(input.count - index)))
                size -= UInt64(taken)
                if size == 0 { expecting = .dataCR }
                return .data(index ..< index + taken, consumed: index + taken)
            case .end:
                return .end(consumed: index)
            case .nothing(let refusal):
                return .refused(refusal)
            case .size, .extensions, .sizeLF, .dataCR, .dataLF, .trailers:
                guard index < input.count else { return .incomplete(consumed: index) }
                do throws(WireRefusal) {
                    try take(input[index])
                } catch {
                    expecting = .nothing(error)
                }
                index += 1
            }
        }
    }

    /// One byte of anything but data.
    private mutating func take(_ byte: UInt8) throws(WireRefusal) {
        switch expecting {
        case .size:
            try takeSize(byte)
        case .extensions:
            try countExtensionByte()
            guard extensions.take(byte) else { throw .badRequest(.chunkExtension) }
            if byte == UInt8(ascii: "\r") { expecting = .sizeLF }
        case .sizeLF:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest(.bareCR) }
            expecting = size == 0 ? .trailers : .data
            digits = 0
        case .dataCR:
            guard byte == UInt8(ascii: "\r") else { throw .badRequest(.chunkEnd) }
            expecting = .dataLF
        case .dataLF:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest(.chunkEnd) }
            expecting = .size
        case .trailers:
            if try trailers.take(byte) { expecting = .end }
        case .data, .end, .nothing:
            break
        }
    }

    private mutating func takeSize(_ byte: UInt8) throws(WireRefusal) {
        if let digit = byte.hexValue {
            digits += 1
            guard digits <= limits.chunkSizeDigitsMax else { throw .bodyTooLarge }
            // `size` is 0 here at the first digit: the chunk before was counted down.
            size = size << 4 | UInt64(digit)
            return
        }
        guard digits > 0 else { throw .badRequest(.chunkSize) }
        guard size <= limits.bodyBytesMax - total else { throw .bodyTooLarge }
        total += size
        switch byte {
        case UInt8(ascii: "\r"):
            expecting = .sizeLF
        case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
            extensionLineStart = extensionBytes
            try countExtensionByte()
            extensions = ChunkExtensionScanner()
            guard extensions.take(byte) else { throw .badRequest(.chunkExtension) }
            expecting = .extensions
        default:
            throw .badRequest(.chunkSize)
        }
    }

    private mutating func countExtensionByte() throws(WireRefusal) {
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensionTotalBytesMax,
            extensionBytes - extensionLineStart <= limits.chunkExtensionBytesMax
        else { throw .badRequest(.chunkExtension) }
    }
}
