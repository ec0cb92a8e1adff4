internal import Bytes
internal import HTTPClient
internal import JSONWire
internal import SigV4

/// `GetParameter` of AWS Systems Manager (API Reference, "GetParameter"; JSON 1.1 over POST).
package struct ParameterRequest: Equatable, Sendable {
    /// Name or ARN of the parameter, with `:version` or `:label` behind it where one is wanted.
    package let name: String
    package let region: String
    package let endpoint: ServiceEndpoint

    /// `endpoint` nil: AWS's own in `region`.
    package init(name: String, region: String, endpoint: ServiceEndpoint? = nil) {
        self.name = name
        self.region = region
        self.endpoint = endpoint ?? .aws("ssm", region: region)
    }

    /// Connecting, and the whole exchange: the answer is small, and a worker may be waiting for a rotated secret.
    private static let connectMilliseconds = 3_000
    private static let totalMilliseconds = 8_000

    /// A parameter has at most 8 KiB; escaped and with what is around it, an answer stays far under this.
    static let replyBytesMax = 65_536

    /// The request, signed with the time `milliseconds` since the epoch.
    func signed<Hash>(by signer: inout RequestSigner<Hash>, at milliseconds: Int64) -> HTTPRequest {
        var json = JSONWriter()
        json.beginObject()
        json.member("Name", name)
        json.member("WithDecryption", true)
        json.endObject()
        var fields: [(name: String, value: String)] = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", endpoint.authority),
            ("x-amz-target", "AmazonSSM.GetParameter"),
        ]
        let path = endpoint.path + "/"
        let signing = SigningRequest(method: "POST", path: path, fields: fields)
        signer.sign(signing, payload: signer.digest(of: json.bytes.span), at: milliseconds).append(to: &fields)
        var lines = HTTPFieldLines()
        // The client makes `Host` out of the URL, the same that was signed.
        for (name, value) in fields where name != "host" { lines.append(name, value) }
        return HTTPRequest(
            .post, endpoint.url + "/", fields: lines, body: .bytes(json.bytes),
            connectMilliseconds: Self.connectMilliseconds, totalMilliseconds: Self.totalMilliseconds,
            responseBytesMax: Self.replyBytesMax)
    }
}
