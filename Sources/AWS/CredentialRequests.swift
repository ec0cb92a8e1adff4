internal import Bytes
internal import HTTPClient

/// The requests that bring credentials. All are small, answered at once, and never sent through a proxy.
enum CredentialRequests {
    /// `AssumeRoleWithWebIdentity` (AWS STS API Reference): not signed, the token is what is shown.
    static func webIdentity(_ role: WebIdentityRole, token: String, endpoint: ServiceEndpoint) -> HTTPRequest {
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role.roleARN),
            ("RoleSessionName", role.sessionName), ("WebIdentityToken", token),
        ]
        let body = form.map { $0 + "=" + PercentCoding.encode($1, keepsSlash: false) }.joined(separator: "&")
        let fields = HTTPFieldLines([
            ("content-type", "application/x-www-form-urlencoded"), ("accept", "application/xml"),
        ])
        return HTTPRequest(
            .post, endpoint.url + "/", fields: fields, body: .bytes([UInt8](body.utf8)), connectMilliseconds: 3_000,
            totalMilliseconds: 8_000, responseBytesMax: CredentialAnswer.bytesMax)
    }

    /// The container's agent is on the same machine (AWS SDKs and Tools Reference Guide, "Container credential
    /// provider").
    static func container(_ source: ContainerSource, authorization: String?) -> HTTPRequest {
        var fields = HTTPFieldLines([("accept", "application/json")])
        if let authorization { fields.append("authorization", authorization) }
        return HTTPRequest(
            .get, source.url, fields: fields, connectMilliseconds: 2_000, totalMilliseconds: 5_000,
            responseBytesMax: CredentialAnswer.bytesMax)
    }
}
