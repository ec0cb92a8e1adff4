import Testing

@testable import Linux

@Suite struct ByteCopyTests {
    @Test(arguments: [0, 1, 31, 4_096, 100_000])
    func `appends exactly the bytes of a span`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 1) }
        var output: [UInt8] = [1, 2, 3]
        let other = output
        output.append(copying: bytes.span)
        output.append(copying: bytes.span.extracting(droppingFirst: count / 2))
        #expect(output == [1, 2, 3] + bytes + bytes.dropFirst(count / 2))
        // An array that shared its memory is as it was.
        #expect(other == [1, 2, 3])
        var empty: [UInt8] = []
        empty.append(copying: Span())
        #expect(empty.isEmpty)
    }
}
