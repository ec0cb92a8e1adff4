import Bytes
import Foundation
import SigV4
import TestSupport
import Testing

/// Requests that botocore signs at random, signed here once more.
@Suite(.enabled(if: BotocoreRequests.isUsable, Comment(rawValue: BotocoreRequests.skipMessage)))
struct BotocoreTests {
    @Test func `ten thousand random requests are signed as botocore signs them`() throws {
        let seed = Int.random(in: 0 ..< 1 << 31)
        let lines = try BotocoreRequests.make(seed: seed, count: 10_000)
        #expect(lines.count == 10_000)
        var differences = 0
        for line in lines where differences < 3 {
            let entry = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            func text(_ key: String) throws -> String { try value(key, of: entry) }
            var signer = RequestSigner(
                hash: TestSigning(),
                credentials: Credentials(
                    accessKeyID: try text("access_key"), secretAccessKey: try text("secret"),
                    sessionToken: entry["token"] as? String),
                region: try text("region"), service: "s3", rules: .s3)
            let fields = try value("fields", of: entry, as: [[String]].self).map { (name: $0[0], value: $0[1]) }
            let request = SigningRequest(
                method: try text("method"), path: try text("path"), query: try text("query"), fields: fields)
            let signed = signer.sign(
                request, payload: SigningVector.payload(try text("payload")),
                at: try value("milliseconds", of: entry, as: NSNumber.self).int64Value)
            let isSame = try signed.authorization == text("authorization") && signed.date == text("date")
            if !isSame { differences += 1 }
            let theirs = try text("canonical")
            #expect(isSame, "seed \(seed): \(signer.lastCanonicalRequest)\nbotocore: \(theirs)")
        }
    }
}

/// botocore behind a pipe.
enum BotocoreRequests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("EndToEnd/support/botocore_requests.py").path

    /// Where `CI` is set nothing may be missing.
    static let isUsable = SharedFiles.isRequired || (try? make(seed: 0, count: 1))?.count == 1

    static let skipMessage = "SKIPPED: needs botocore for python3"

    static func make(seed: Int, count: Int) throws -> [[UInt8]] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, "\(seed)", "\(count)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data.split(separator: 0x0A).map { [UInt8]($0) } : []
    }
}
