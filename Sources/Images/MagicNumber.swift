/// The bytes that files begin with.
package enum MagicNumber {
    /// The most bytes that are ever needed for a verdict other than `needsMore`.
    package static let bytesMax = 8

    /// The verdict over the first bytes of a body, given as soon as it is certain: a wrong byte refuses at once,
    /// whatever else is to come. `isWhole` says that nothing is to come.
    ///
    /// JPEG: SOI and the first byte of the next marker (ITU-T T.81 § B.1.1). PNG: the signature of eight bytes
    /// (PNG § 5.2). GIF: `GIF87a` or `GIF89a` (GIF89a § 17).
    package static func verdict(of prefix: Span<UInt8>, isWhole: Bool, _ type: ImageType) -> MagicVerdict {
        let length = length(type)
        for index in 0 ..< min(length, prefix.count) {
            guard isRight(prefix[index], at: index, type) else { return .refused }
        }
        if prefix.count >= length { return .matches }
        return isWhole ? .refused : .needsMore
    }

    private static func length(_ type: ImageType) -> Int {
        switch type {
        case .jpeg: 3
        case .png: 8
        case .gif: 6
        }
    }

    private static func isRight(_ byte: UInt8, at index: Int, _ type: ImageType) -> Bool {
        switch type {
        case .jpeg: jpeg[index] == byte
        case .png: png[index] == byte
        case .gif: gif87[index] == byte || gif89[index] == byte
        }
    }

    private static let jpeg: InlineArray<3, UInt8> = [0xFF, 0xD8, 0xFF]
    private static let png: InlineArray<8, UInt8> = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// The two differ in one byte, so that no mixture of them is a third.
    private static let gif87: InlineArray<6, UInt8> = [0x47, 0x49, 0x46, 0x38, 0x37, 0x61]
    private static let gif89: InlineArray<6, UInt8> = [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]
}
