internal import Bytes
internal import FuzzBasics
internal import FuzzPlain
internal import HTTPWire

/// A chunked body read plainly (RFC 9112 § 7.1), a line at a time, with the decoder's strictness and none of its code.
struct PlainChunks {
    var outcome = ChunkedOutcome()
    /// The last one, of no bytes, among them.
    var chunks = 0
    private var rest: ArraySlice<UInt8>
    private var extensionBytes = 0

    static func read(_ bytes: [UInt8], _ limits: WireLimits) -> PlainChunks {
        var reader = PlainChunks(rest: bytes[...])
        reader.outcome.end = reader.chunks(limits)
        return reader
    }

    /// The next line, nil where it does not end; an LF alone ends none.
    private mutating func line() -> ArraySlice<UInt8>? {
        var end = rest.startIndex
        while end + 1 < rest.endIndex, rest[end] != 0x0D || rest[end + 1] != 0x0A { end += 1 }
        guard end + 1 < rest.endIndex else { return nil }
        defer { rest = rest[(end + 2)...] }
        return rest[..<end]
    }

    private mutating func chunks(_ limits: WireLimits) -> ChunkedOutcome.End {
        while let line = line() {
            let digits = line.prefix(while: PlainLetters.isHexDigit)
            let tail = line[digits.endIndex...]
            extensionBytes += tail.count + (tail.isEmpty ? 0 : 1)
            guard (1 ... limits.chunkSizeDigitsMax).contains(digits.count),
                let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16),
                size <= limits.bodyBytesMax, UInt64(outcome.body.count) <= limits.bodyBytesMax - size,
                tail.isEmpty || tail.count < limits.chunkExtensionBytesMax,
                extensionBytes <= limits.chunkExtensionTotalBytesMax, PlainExtensions.areRight(tail)
            else { return .refused }
            chunks += 1
            if size == 0 { return trailers(limits) }
            let data = rest.prefix(Int(min(size, UInt64(rest.count))))
            outcome.body += data
            rest = rest.dropFirst(data.count)
            guard UInt64(data.count) == size, rest.count >= 2 else { break }
            guard rest.starts(with: [0x0D, 0x0A]) else { return .refused }
            rest = rest.dropFirst(2)
        }
        return .incomplete
    }

    private mutating func trailers(_ limits: WireLimits) -> ChunkedOutcome.End {
        let start = rest.startIndex
        var fields = 0
        while let line = line() {
            guard rest.startIndex - start <= limits.trailerBytesMax else { return .refused }
            if line.isEmpty { return .complete(rest.startIndex) }
            fields += 1
            let name = line.prefix { $0 != 0x3A }
            let value = line.dropFirst(name.count + 1)
            guard fields <= limits.trailerFieldsMax, name.count < line.count, PlainExtensions.isToken(name),
                value.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }),
                !Self.early.contains(String(decoding: name, as: UTF8.self).lowercased())
            else { return .refused }
        }
        return .incomplete
    }

    /// Fields that must come before a body (RFC 9110 § 6.5.1), and those that this server reads.
    private static let early = Set(
        """
        accept-encoding age cache-control content-encoding content-range cookie date expires if-match \
        if-modified-since if-none-match if-range if-unmodified-since keep-alive location max-forwards pragma \
        proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie vary warning \
        www-authenticate access-control-request-headers access-control-request-method authorization connection \
        content-length content-type expect forwarded host idempotency-key origin te trailer transfer-encoding upgrade \
        user-agent x-filename x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id
        """.split(separator: " ").map(String.init))
}
