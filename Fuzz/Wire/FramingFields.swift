internal import FuzzBasics
internal import FuzzPlain
internal import HTTPWire

/// The fields that decide where a body ends and whose site it is for, counted.
struct FramingFields {
    private var lengths: [ArraySlice<UInt8>] = []
    private var codings: [ArraySlice<UInt8>] = []
    private var hosts = 0

    mutating func note(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        if PlainLetters.isSame(name, "content-length") { lengths.append(value) }
        if PlainLetters.isSame(name, "transfer-encoding") { codings.append(value) }
        if PlainLetters.isSame(name, "host") { hosts += 1 }
    }

    /// Whether a head that was accepted says one thing only.
    func check(_ head: RequestHead) throws(OracleFailure) {
        guard hosts <= 1, hosts == 1 || head.minorVersion == 0 else { throw OracleFailure("\(hosts) Host fields") }
        guard lengths.count + codings.count <= 1 else { throw OracleFailure("two fields that frame the body") }
        if let coding = codings.first {
            guard PlainLetters.isSame(coding, "chunked"), head.minorVersion == 1,
                head.framing == .chunked
            else { throw OracleFailure("Transfer-Encoding and \(head.framing)") }
        } else if let length = lengths.first {
            guard !length.isEmpty, length.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let value = UInt64(String(decoding: length, as: UTF8.self)), head.framing == .length(value)
            else { throw OracleFailure("Content-Length and \(head.framing)") }
        } else {
            guard head.framing == .none else { throw OracleFailure("nothing and \(head.framing)") }
        }
    }
}
