internal import Bytes
package import FuzzBasics
internal import HTTPWire

/// Fuzzes what the gateway makes of one request: who calls, whether they may, what their head asks for, what is
/// answered, against plain readings of the same bytes.
///
/// An input is a line of choices, see ``RequestSetting``, a head whose lines end in a line feed, and a body. `~` and a
/// letter in the head are a token or something long, see ``RequestTokens``; the byte 1 in the body is 32,700 times `x`.
package enum GatewayRequests {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        let bytes = input.copied()
        guard let lineEnd = bytes.firstIndex(of: 0x0A) else { return }
        let setting = RequestSetting(input.extracting(first: lineEnd))
        let (head, body) = split(bytes[(lineEnd + 1)...])
        var parser = RequestParser(limits: WireLimits())
        switch parser.parse(head.span) {
        case .incomplete: return
        case .refused(let refusal):
            var check = try ReplyCheck(setting, origin: nil)
            try check.unreadable(refusal)
        case .head(let parsed):
            var exchange = try RequestExchange(parsed, head, body, setting)
            try exchange.run()
        }
    }

    /// The head with its line ends as HTTP has them and its tokens, and what stands behind it.
    private static func split(_ bytes: ArraySlice<UInt8>) -> (head: [UInt8], body: [UInt8]) {
        var head: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == 0x7E, index < bytes.endIndex, let token = RequestTokens.text[bytes[index]] {
                head.append(contentsOf: token)
                index += 1
            } else if byte == 0x0A {
                let isLast = head.isEmpty || head.hasSuffix([0x0D, 0x0A])
                head.append(contentsOf: [0x0D, 0x0A])
                if isLast { break }
            } else {
                head.append(byte)
            }
        }
        // One byte stands for more than a fuzzer would send.
        var body: [UInt8] = []
        var long = 0
        for byte in bytes[index...] {
            if byte == 0x01, long < 3 {
                long += 1
                body.append(contentsOf: repeatElement(0x78, count: 32_700))
            } else {
                body.append(byte)
            }
        }
        return (head, body)
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
