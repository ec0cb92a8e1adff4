import Foundation
import HTTPWire
import TestSupport
import Testing

/// One case of `http1_vectors.json`.
private struct Vector {
    let name: String
    let level: String
    let bytes: [UInt8]
    let splitPoints: [Int]
    let expect: [String: Any]

    init?(_ object: [String: Any]) {
        guard let name = object["name"] as? String, let level = object["level"] as? String,
            let encoded = object["bytes_base64"] as? String, let data = Data(base64Encoded: encoded),
            let splitPoints = object["split_points"] as? [Int], let expect = object["expect"] as? [String: Any]
        else { return nil }
        self.name = name
        self.level = level
        self.bytes = [UInt8](data)
        self.splitPoints = splitPoints
        self.expect = expect
    }

    /// What is wrong with the run, nil when it is what the case asks for.
    func complaint(_ run: WireRun) -> String? {
        let statuses = expect["status"] as? [Int] ?? []
        switch expect["kind"] as? String {
        case "accept":
            if let refusal = run.refusal { return "refused: \(refusal)" }
            if run.requests.contains(where: { !$0.isComplete }) { return "left incomplete" }
            return first(run) ?? count(run)
        case "reject":
            let prior = expect["prior"] as? Int ?? -1
            if let refusal = run.refusal {
                guard statuses.contains(refusal.status) else { return "refused with \(refusal.status)" }
                if run.complete != prior { return "\(run.complete) requests before the refusal" }
                return count(run)
            }
            // A method that the server does not know is a whole request that the handler answers with 405.
            guard statuses.contains(405) || statuses.contains(501),
                let stranger = run.requests.firstIndex(where: { !$0.isKnownMethod })
            else { return "accepted" }
            return stranger == prior ? count(run) : "\(stranger) requests before the refusal"
        case "incomplete":
            if let refusal = run.refusal { return "refused: \(refusal)" }
            guard run.position == .inHead || run.position == .inBody else { return "not incomplete" }
            return run.complete == expect["prior"] as? Int ? nil : "\(run.complete) requests before the cut one"
        default:
            return "unknown kind"
        }
    }

    private func count(_ run: WireRun) -> String? {
        run.complete == expect["trailing"] as? Int ? nil : "\(run.complete) complete requests"
    }

    private func first(_ run: WireRun) -> String? {
        guard let request = run.requests.first else { return "no request" }
        // Cases that a strict server may also refuse say nothing about the request.
        guard expect["method"] != nil else { return nil }
        if text(request.method) != expect["method"] as? String { return "method \(text(request.method))" }
        if text(request.target) != expect["target"] as? String { return "target \(text(request.target))" }
        if "HTTP/1.\(request.minorVersion)" != expect["version"] as? String { return "version" }
        let fields = request.fields.map { [text($0.name), text($0.value)] }
        if fields != expect["headers"] as? [[String]] { return "headers \(fields)" }
        let body = (expect["body_base64"] as? String).flatMap { Data(base64Encoded: $0) }
        return body.map { [UInt8]($0) } == request.body ? nil : "body of \(request.body.count) bytes"
    }
}

@Suite(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
struct VectorTests {
    /// The cases that do not pass, each with the reason. A name that passes is an error, too.
    private let exceptions: [String: String] = [:]

    @Test func `every vector gives what it expects, however it is cut`() throws {
        let vectors = try SharedFiles.array("http/http1_vectors.json").compactMap(Vector.init)
        #expect(vectors.count == 448)
        var failed: Set<String> = []
        for vector in vectors {
            let whole = WireRun([vector.bytes])
            if let complaint = vector.complaint(whole) {
                failed.insert(vector.name)
                if exceptions[vector.name] == nil {
                    Issue.record("\(vector.level) \(vector.name): \(complaint); \(whole)")
                }
            }
            let split = WireRun(pieces(vector.bytes, at: vector.splitPoints))
            #expect(split == whole, "\(vector.name) at its split points")
            let single = WireRun(pieces(vector.bytes, at: Array(0 ..< vector.bytes.count)))
            #expect(single == whole, "\(vector.name) byte by byte")
        }
        #expect(failed == Set(exceptions.keys))
    }
}
