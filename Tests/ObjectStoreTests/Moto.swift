import Foundation
import Glibc
import TestSupport

/// S3 played by moto, which nobody here wrote and which verifies the signature of every request.
final class Moto {
    private static let script = SharedFiles.directory.appendingPathComponent("servers/moto/start.sh").path

    /// Where `CI` is set nothing may be missing: a test that cannot start it fails.
    static let isUsable: Bool =
        SharedFiles.isRequired
        || FileManager.default.fileExists(atPath: script)
            && (try? run("/usr/bin/env", ["python3", "-c", "import moto.server, boto3"]))?.status == 0

    static let skipMessage = "SKIPPED: needs moto[server] for python3 and the shared folder's servers/moto/start.sh"

    private let process: Process
    private let values: [String: String]

    var endpoint: String { values["ENDPOINT"] ?? "" }
    var secureEndpoint: String { values["TLS_ENDPOINT"] ?? "" }
    var caBundle: String { values["CA_BUNDLE"] ?? "" }
    var accessKeyID: String { values["AWS_ACCESS_KEY_ID"] ?? "" }
    var secretAccessKey: String { values["AWS_SECRET_ACCESS_KEY"] ?? "" }
    var role: (id: String, secret: String, token: String) {
        let names = ["ROLE_ACCESS_KEY_ID", "ROLE_SECRET_ACCESS_KEY", "ROLE_SESSION_TOKEN"].map { values[$0] ?? "" }
        return (names[0], names[1], names[2])
    }

    /// Starts it on free ports and makes `bucket`.
    ///
    /// - Parameter verifies: whether signatures are; moto refuses right ones of queries with an escaped slash.
    init(bucket: String, verifies: Bool = true) throws {
        let (process, text) = try Self.start(verifies: verifies)
        self.process = process
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { values[sides[0]] = sides[1] }
        }
        self.values = values
        do {
            _ = try python("s3.create_bucket(Bucket=a[0])", [bucket])
        } catch {
            stop()
            throw error
        }
    }

    /// A port that was free may be somebody's by the time that moto, which is slow to start, asks for it.
    private static let startsMax = 3

    private static func start(verifies: Bool) throws -> (Process, said: String) {
        var text = ""
        for _ in 0 ..< startsMax {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [script]
            var environment = ProcessInfo.processInfo.environment
            environment["PORT"] = "\(try freePort())"
            environment["TLS_PORT"] = "\(try freePort())"
            environment["AUTH"] = verifies ? "1" : "0"
            process.environment = environment
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            text = ""
            while !text.contains("READY\n") {
                let data = output.fileHandleForReading.availableData
                guard !data.isEmpty else { break }
                text += String(decoding: data, as: UTF8.self)
            }
            if text.contains("READY\n") { return (process, text) }
            process.waitUntilExit()
        }
        throw MotoError(description: "moto did not start: \(text)")
    }

    /// Ends it and removes its data. Its script would wait for connections that are still open, so the servers that it
    /// named as its own are not asked but killed; it cleans up behind them.
    func stop() {
        process.terminate()
        for id in (values["PIDS"] ?? "").split(separator: " ") {
            if let id = pid_t(id) { kill(id, SIGKILL) }
        }
        process.waitUntilExit()
    }

    /// The bytes of an object, read with boto3, so that nothing of ours is in the way.
    func object(_ bucket: String, _ key: String) throws -> [UInt8] {
        try python("sys.stdout.buffer.write(s3.get_object(Bucket=a[0], Key=a[1])['Body'].read())", [bucket, key])
    }

    /// How many multipart uploads are open.
    func uploadCount(_ bucket: String) throws -> Int? {
        let output = try python("print(len(s3.list_multipart_uploads(Bucket=a[0]).get('Uploads', [])))", [bucket])
        return Int(String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private func python(_ statement: String, _ arguments: [String]) throws -> [UInt8] {
        let program = """
            import boto3, sys
            endpoint, key, secret, *a = sys.argv[1:]
            s3 = boto3.client('s3', endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id=key,
                aws_secret_access_key=secret)
            \(statement)
            """
        let (status, output) = try Self.run(
            "/usr/bin/env", ["python3", "-c", program, endpoint, accessKeyID, secretAccessKey] + arguments)
        guard status == 0 else { throw MotoError(description: "boto3 failed: \(statement)") }
        return output
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: [UInt8]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, [UInt8](data))
    }

    private static func freePort() throws -> UInt16 {
        let server = try ScriptedServer { _ in }
        defer { server.stop() }
        return server.port
    }
}

struct MotoError: Error, CustomStringConvertible {
    let description: String
}
