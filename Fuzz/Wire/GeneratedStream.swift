internal import FuzzBasics
internal import FuzzPlain

/// A stream of requests, and what is right to make of it.
struct GeneratedStream {
    private(set) var bytes: [UInt8] = []
    /// The bodies of the requests that are to be read whole.
    private(set) var bodies: [[UInt8]] = []
    /// What is wrong with the request behind them.
    private(set) var defect: String?

    var text: String { String(decoding: bytes, as: UTF8.self) }

    private enum Framing { case none, length, chunked }

    /// Something wrong, in words and as what it does to a head's lines or a body.
    private enum Defect: String, CaseIterable {
        case none, bareLF, bareCR, spaceBeforeColon, emptyName, folded, nul, twoLengths, lengthAndCoding, lengthPlus
        case lengthList, lengthMinus, lengthHexadecimal, twoHosts, noHost, hostList, codingList, codingIdentity
        case codingTwice, codingOld, versionTwo, versionLower, twoSpaces, noTarget, badPercent, fragment
        case control, delete, chunkBareLF, chunkNoEnd, chunkSign, chunkPrefix, chunkEmpty, chunkHuge, chunkSpaceBefore
        case trailerLength, trailerNameless, hostDiffers
    }

    init(_ input: Span<UInt8>) {
        var choices = Choices(input)
        let count = 1 + choices.number(under: 4)
        let planted = choices.pick(Self.defects)
        let place = choices.number(under: count)
        for index in 0 ..< count {
            let isPlanted = planted != .none && index == place
            let body = append(&choices, isPlanted ? planted : .none)
            if isPlanted {
                defect = planted.rawValue
                // What a reader that let the defect pass might answer.
                bytes += Array("GET /more HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                return
            }
            bodies.append(body)
        }
    }

    private mutating func append(_ choices: inout Choices, _ defect: Defect) -> [UInt8] {
        if choices.number(under: 4) == 3 { bytes += [0x0D, 0x0A] }
        let method = choices.pick(Self.methods)
        let target = choices.pick(Self.targets)
        let framing = Self.framing(of: defect) ?? choices.pick([.none, .length, .chunked])
        var body = framing == .none ? [] : Self.body(&choices)
        // Whole by either reading of its end.
        if defect == .lengthAndCoding { body = Array("0\r\n\r\n".utf8) }
        var lines = [Self.requestLine(method, target, defect)]
        if defect != .noHost { lines.append(choices.pick(Self.hosts)) }
        for _ in 0 ..< choices.number(under: 4) { lines.append(choices.pick(Self.fields)) }
        switch framing {
        case .none: break
        case .length:
            let zeros = choices.pick(["", "0", "000"])
            lines.append("Content-Length: \(Self.lengthText("\(zeros)\(body.count)", defect))")
        case .chunked: lines.append(Self.codingLine(choices.pick(["chunked", "Chunked", "CHUNKED"]), defect))
        }
        lines += Self.extraLines(defect)
        for line in lines + [""] {
            bytes += line.utf8
            bytes += [0x0D, 0x0A]
        }
        if defect == .bareLF, let index = bytes.lastIndex(of: 0x0D) { bytes.remove(at: index) }
        if framing == .chunked { bytes += Self.chunked(body, &choices, defect) } else { bytes += body }
        return body
    }

    private static let defects = Defect.allCases
    private static let methods = ["POST", "PUT", "GET", "DELETE", "PATCH", "OPTIONS", "M-SEARCH"]
    private static let targets = ["/", "/v1/images", "/a?b=c&d", "/%41%20/..;x", "http://a/x?y", "HTTP://A:80", "/?"]
    private static let hosts = ["Host: a", "host:a", "HOST: \t a \t"]
    private static let fields = [
        "Accept: */*", "X-A:", "x-b: é\u{1F600}", "Connection: keep-alive, x", "X-C: a:b, \"c\"", "!#$%&'*+-.^_`|~: 0",
        "Content-Type: image/png", "X-Content-Length: 5", "Transfer-Encodings: gzip", "X-D: \t ",
    ]
    private static let pieces = [
        "a", "0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n", "\u{0}\u{7F}", "5;x\r\n",
    ]
    private static let extensions = ["", ";x", ";x=y", " ; x = \"a\\\"\t;\"", ";x;y=z"]
    /// More chunks than this make a stream long and show nothing new.
    private static let chunksMax = 16

    private static func framing(of defect: Defect) -> Framing? {
        switch defect {
        case .twoLengths, .lengthAndCoding, .lengthPlus, .lengthList, .lengthMinus, .lengthHexadecimal: .length
        case .codingList, .codingIdentity, .codingTwice, .codingOld, .chunkBareLF, .chunkNoEnd, .chunkSign,
            .chunkPrefix, .chunkEmpty, .chunkHuge, .chunkSpaceBefore, .trailerLength, .trailerNameless:
            .chunked
        default: nil
        }
    }

    private static func body(_ choices: inout Choices) -> [UInt8] {
        let piece = choices.pick(pieces)
        let count = choices.pick([1, 0, 2, 16, 17, 40])
        return Array(String(repeating: piece, count: count).utf8)
    }

    private static func requestLine(_ method: String, _ target: String, _ defect: Defect) -> String {
        switch defect {
        case .versionTwo: "\(method) \(target) HTTP/2.0"
        case .versionLower: "\(method) \(target) http/1.1"
        case .codingOld: "\(method) \(target) HTTP/1.0"
        case .twoSpaces: "\(method)  \(target) HTTP/1.1"
        case .noTarget: "\(method) HTTP/1.1"
        case .badPercent: "\(method) /a%4 HTTP/1.1"
        case .fragment: "\(method) /a#b HTTP/1.1"
        case .hostDiffers: "\(method) http://b/ HTTP/1.1"
        default: "\(method) \(target) HTTP/1.1"
        }
    }

    private static func lengthText(_ digits: String, _ defect: Defect) -> String {
        switch defect {
        case .lengthPlus: "+" + digits
        case .lengthMinus: "-" + digits
        case .lengthList: "\(digits), \(digits)"
        case .lengthHexadecimal: "0x" + digits
        default: digits
        }
    }

    private static func codingLine(_ coding: String, _ defect: Defect) -> String {
        switch defect {
        case .codingList: "Transfer-Encoding: gzip, \(coding)"
        case .codingIdentity: "Transfer-Encoding: identity"
        default: "Transfer-Encoding: \(coding)"
        }
    }

    private static func extraLines(_ defect: Defect) -> [String] {
        switch defect {
        case .spaceBeforeColon: ["X-A : b"]
        case .emptyName: [": b"]
        case .folded: ["X-A: b", " c"]
        case .nul: ["X-A: b\u{0}c"]
        case .control: ["X-A: b\u{1}c"]
        case .delete: ["X-A: \u{7F}"]
        case .bareCR: ["X-A: b\rX-B: c"]
        case .twoLengths: ["content-length: 0"]
        case .lengthAndCoding: ["Transfer-Encoding: chunked"]
        case .codingTwice: ["Transfer-Encoding: chunked"]
        case .twoHosts: ["Host: a"]
        case .hostList: ["X-A: b", "Host: a, b"]
        default: []
        }
    }

    private static func chunked(_ body: [UInt8], _ choices: inout Choices, _ defect: Defect) -> [UInt8] {
        let size = max(choices.pick([3, 1, 15, 16, 1_000]), body.count / chunksMax)
        let `extension` = choices.pick(extensions)
        var wire: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let data = body[start ..< min(start + size, body.count)]
            wire += choices.pick(["", "0", "00000000"]).utf8
            wire += String(data.count, radix: 16).utf8
            wire += `extension`.utf8
            wire += [0x0D, 0x0A] + data + [0x0D, 0x0A]
        }
        switch defect {
        case .chunkBareLF: wire += Array("1\na\r\n".utf8)
        case .chunkNoEnd: wire += Array(choices.pick(["1\r\nab\r\n", "1\r\nab\n", "1\r\na\rb", "1\r\na\n"]).utf8)
        case .chunkSign: wire += Array("+1\r\na\r\n".utf8)
        case .chunkPrefix: wire += Array("0x1\r\na\r\n".utf8)
        case .chunkEmpty: wire += Array(";x\r\n".utf8)
        case .chunkHuge: wire += Array("10000000000000001\r\na\r\n".utf8)
        case .chunkSpaceBefore: wire += Array(" 1\r\na\r\n".utf8)
        default: break
        }
        let trailers: String
        switch defect {
        case .trailerLength: trailers = "Content-Length: 0\r\n"
        case .trailerNameless: trailers = ": 0\r\n"
        default: trailers = choices.pick(["", "X-Sum: 1\r\n", "X-Sum: 1\r\nX-Other:\r\n"])
        }
        return wire + Array("0\(`extension`)\r\n\(trailers)\r\n".utf8)
    }
}
