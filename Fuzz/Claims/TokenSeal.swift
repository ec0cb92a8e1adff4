internal import FuzzPlain
internal import Tokens

/// What a token is signed and verified with. The verifier is handed its MAC, so what it makes of the claims can be
/// asked without one.
enum TokenSeal {
    case hmac
    /// In place of a MAC: as long as the algorithm's, and another for another end of the message.
    case standIn

    /// Appends what signs `output`, behind a dot and encoded.
    func sign(_ output: inout [UInt8], _ algorithm: TokenAlgorithm) {
        switch self {
        case .hmac: FuzzKeys.sign(&output, algorithm)
        case .standIn:
            let mark = Self.mark(algorithm, output.span)
            output.append(UInt8(ascii: "."))
            PlainBase64.append(mark.span.extracting(first: algorithm.macBytes), to: &output)
        }
    }

    /// What a verifier is told of a signature.
    func accepts(_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ message: Span<UInt8>) -> Bool {
        switch self {
        case .hmac: return FuzzKeys.accepts(algorithm, signature, message)
        case .standIn:
            let mark = Self.mark(algorithm, message)
            guard signature.count == algorithm.macBytes else { return false }
            for index in signature.indices where signature[index] != mark[index] { return false }
            return true
        }
    }

    private static func mark(_ algorithm: TokenAlgorithm, _ message: Span<UInt8>) -> InlineArray<64, UInt8> {
        var state = UInt64(message.count) &* 3 &+ UInt64(algorithm.macBytes)
        for index in max(message.count - 8, 0) ..< message.count { state = state &* 257 &+ UInt64(message[index]) }
        var mark = InlineArray<64, UInt8>(repeating: 0)
        for index in 0 ..< algorithm.macBytes {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            mark[index] = UInt8(truncatingIfNeeded: state >> 56)
        }
        return mark
    }
}
