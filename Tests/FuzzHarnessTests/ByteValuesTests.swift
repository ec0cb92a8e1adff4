import Bytes
import FuzzBasics
import FuzzBytes
import Testing

/// Runs the oracle over functions that are right but for those that are changed.
private func failure(of input: [UInt8], _ change: (inout ByteCode) -> Void = { _ in }) -> OracleFailure? {
    var code = ByteCode()
    change(&code)
    do throws(OracleFailure) {
        try ByteValues.check(input.span, code)
        return nil
    } catch {
        return error
    }
}

private func isNoticed(_ input: String, _ change: (inout ByteCode) -> Void) -> Bool {
    let bytes = [UInt8](input.utf8)
    return failure(of: bytes) == nil && failure(of: bytes, change) != nil
}

struct ByteValuesTests {
    @Test func `an address or a range that is read or written otherwise is noticed`() {
        let v4 = IPAddress(v4: 0x0A00_0001)
        #expect(isNoticed("a10.0.0.0/8 10.0.0.01") { $0.address = { $0 == "10.0.0.01" ? v4 : IPAddress(parsing: $0) } })
        #expect(isNoticed("a10.0.0.0/8 10.0.0.1") { $0.address = { _ in nil } })
        #expect(isNoticed("a::1 2001:db8::1") { $0.addressText = { _ in "2001:db8:0:0:0:0:0:1" } })
        #expect(isNoticed("a::1 2001:DB8::1") { $0.addressText = { $0.description.uppercased() } })
        #expect(isNoticed("a::/0 255.255.255.255") { $0.masked = { $0.masked(prefixBits: $1 + 1) } })
        #expect(isNoticed("a10.0.0.0/8 10.1.2.3") { $0.isIn = { !$1.contains($0) } })
        #expect(isNoticed("a10.0.0.0/8 ::ffff:0.0.0.1") { $0.isIn = { _, _ in true } })
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "::ffff:10.0.0.0/104", "10.0.0"] {
            let wrong = AddressRange(containing: v4, prefixBits: 8)
            #expect(isNoticed("a" + text) { $0.range = { _ in wrong } }, "\(text)")
        }
        #expect(isNoticed("a10.0.0.0/8") { code in
            code.range = { _ throws(AddressRangeFault) in throw AddressRangeFault.noAddress }
        })
    }

    @Test func `a moment that is read or written otherwise is noticed`() {
        let year2000: Int64 = 951_782_400_000
        #expect(isNoticed("d2000-02-29T00:00:00Z") { $0.date = { _ in year2000 + 1 } })
        #expect(isNoticed("d2000-02-29T00:00:00Z") { $0.date = { _ in nil } })
        #expect(isNoticed("d1900-02-29T00:00:00Z") { $0.date = { _ in -2_203_891_200_000 } })
        #expect(isNoticed("t951782400000") { $0.textDate = { _ in year2000 + 1 } })
        #expect(isNoticed("mTue, 29 Feb 2000 00:00:00 GMT") { $0.fieldDate = { _ in nil } })
        #expect(isNoticed("mTue, 30 Feb 2000 00:00:00 GMT") { $0.fieldDate = { _ in year2000 } })
        for wrong in [-86_400_000, -1, 1, 1_000, 86_400_000] as [Int64] {
            #expect(isNoticed("t951782400000") { $0.civil = { CivilTime(millisecondsSinceEpoch: $0 + wrong) } })
        }
    }

    @Test func `a number that is read or written otherwise is noticed`() {
        #expect(isNoticed("n18446744073709551616") { $0.number = { _ in 0 } })
        #expect(isNoticed("n+1") { $0.number = { _ in 1 } })
        #expect(isNoticed("n-0") { $0.hexNumber = { _ in 0 } })
        #expect(isNoticed("n") { $0.number = { _ in 0 } })
        #expect(isNoticed("n10") { $0.number = { _ in nil } })
        #expect(isNoticed("n1ffffffffffffffff") { $0.hexNumber = { _ in .max } })
        #expect(isNoticed("n10") { $0.writeNumber = { Decimal.append($0, to: &$2) } })
        #expect(isNoticed("n10") { $0.writeNumber = { Decimal.append($0 + 1, width: $1, to: &$2) } })
        #expect(isNoticed("naB") { $0.writeHexNumber = { $1 += Array(String($0, radix: 16, uppercase: true).utf8) } })
    }

    @Test func `bytes that are encoded or decoded otherwise are noticed`() {
        #expect(isNoticed("p%4") { $0.percentDecoded = { $0.copied() } })
        #expect(isNoticed("p%41") { $0.percentDecoded = { $0.copied() } })
        #expect(isNoticed("p+") { $0.percentDecoded = { $0.copied().map { $0 == 0x2B ? 0x20 : $0 } } })
        #expect(isNoticed("p a/") { $0.percentEncode = { bytes, _, output in output.append(contentsOf: bytes) } })
        #expect(isNoticed("pa/") { code in
            code.percentEncode = { bytes, _, output in PercentCoding.append(bytes, keepsSlash: true, to: &output) }
        })
        #expect(isNoticed("p ~") { code in
            code.percentEncode = { _, _, output in output += Array("%20%7E".utf8) }
        })
        #expect(isNoticed("p\u{FF}") { code in
            code.percentEncode = { _, _, output in output += Array("%c3%bf".utf8) }
        })
        #expect(isNoticed("u01234567-89ab-cdef-0123-456789abcdef") { $0.isUUID = { _ in false } })
        #expect(isNoticed("u0123456789abcdef0123456789abcdef") { $0.isUUID = { _ in true } })
        #expect(isNoticed("ux") { $0.uuid = { high, _ in UUIDText.version4(upper: high, lower: high) } })
        #expect(isNoticed("ux") { $0.uuid = { _, _ in "00000000-0000-1000-8000-000000000000" } })
        #expect(isNoticed("cabc") { $0.base64 = { _ in "YWJj=" } })
        #expect(isNoticed("cYQ==") { $0.base64URLDecoded = { $0.count == 4 ? [0x61] : Base64URL.decode($0) } })
        #expect(isNoticed("cYR") { $0.base64URLDecoded = { $0.count == 2 ? [0x61] : Base64URL.decode($0) } })
        #expect(isNoticed("ca") { $0.base64URLEncode = { $1 += Array(Base64.text($0).utf8) } })
        #expect(isNoticed("cJ") { $0.hexadecimal = { Hex.lower($0).uppercased() } })
        #expect(isNoticed("cabcdefghi") { $0.addToSum = { sum, bytes in if bytes.count < 8 { sum.update(bytes) } } })
        #expect(isNoticed("c") { $0.addToSum = { sum, _ in sum.update([UInt8](repeating: 0, count: 1).span) } })
    }

    /// One block of 4,096 bytes, of which 512 are read before there is more.
    @Test func `a window that loses, repeats or swaps bytes is noticed`() {
        let input: [UInt8] = [0x77, 0, 4, 8 * 3 + 2, 5, 8 * 3 + 7]
        #expect(failure(of: input) == nil)
        #expect(failure(of: input) { $0.appendToWindow = { $0.append($1.extracting(droppingLast: 1)) } } != nil)
        #expect(failure(of: input) { $0.appendToWindow = { $0.append($1.copied().reversed().span) } } != nil)
        #expect(failure(of: input) { $0.readWindow = { window, take in
            window.read { min(take($0) + 1, $0.count) }
        } } != nil)
        #expect(failure(of: input) { $0.readWindow = { window, take in window.read { max(take($0) - 1, 0) } } } != nil)
        #expect(failure(of: input) { $0.readWindow = { window, take in
            window.read { take($0.extracting(droppingFirst: min(1, $0.count))) }
        } } != nil)
        #expect(failure(of: input) { $0.readWindow = { _, take in _ = take(Span()) } } != nil)
        // 20,000 bytes, in two blocks that are read, and once more, where 30,000 may be kept; then another.
        let kept: [UInt8] = [0x77, 3, 6, 8 * 3 + 6, 8 * 3 + 6, 6, 8 * 3 + 6, 8 * 3 + 6, 0]
        #expect(failure(of: kept) == nil)
        #expect(failure(of: kept) { $0.appendToWindow = { window, bytes in
            if bytes.count > 1 || window.unreadBytes > 0 { return window.append(bytes) }
            window.removeAll()
            window.append([UInt8](repeating: 0, count: 9).span)
            window.read { _ in 9 }
            window.append(bytes)
        } } != nil)
    }
}
