internal import Bytes

/// `HTTP-version SP status-code [ SP reason-phrase ]` (RFC 9112 § 4), taken apart. The space before an absent reason
/// may be missing, as with many servers; the reason itself means nothing.
struct StatusLine: Sendable {
    /// 100 to 599.
    let status: Int
    /// 1 for every digit other than 0: a later minor version is to be read as the highest that is known
    /// (RFC 9110 § 2.5).
    let minorVersion: Int

    init(_ line: Span<UInt8>) throws(ResponseRefusal) {
        guard line.count >= 12, line.extracting(0 ..< 5).equals("HTTP/"), line[5].isDigit,
            line[6] == UInt8(ascii: "."), line[7].isDigit, line[8] == UInt8(ascii: " "),
            line[9].isDigit, line[10].isDigit, line[11].isDigit,
            line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw .statusLine }
        guard line[5] == UInt8(ascii: "1") else { throw .version }
        minorVersion = line[7] == UInt8(ascii: "0") ? 0 : 1
        var status = 0
        for index in 9 ..< 12 { status = status * 10 + Int(line[index] &- UInt8(ascii: "0")) }
        guard 100 ... 599 ~= status else { throw .status }
        guard status != 101 else { throw .upgrade }
        self.status = status
    }

    /// Whether another head follows this one (RFC 9110 § 15.2).
    var isInterim: Bool { status < 200 }

    /// Whether an answer of that status never has a body (RFC 9110 § 6.4.1).
    var rulesOutBody: Bool { isInterim || status == 204 || status == 304 }
}
