internal import Bytes
internal import JSONWire
internal import SigV4
internal import XMLWire

/// What sources of credentials answer. Nothing of an answer is quoted but codes and messages of errors.
enum CredentialAnswer {
    /// A session token has some kilobytes; with what is around it, an answer stays far under this.
    static let bytesMax = 65_536

    /// Why an answer is none.
    struct Flaw: Error, Equatable {
        let text: String
    }

    /// Reads the JSON of containers and instances: `AccessKeyId`, `SecretAccessKey`, `Token`, `Expiration`.
    static func json(
        _ body: Span<UInt8>, now wallMilliseconds: Int64, source: String
    ) throws(Flaw) -> FetchedCredentials {
        guard let object = object(body) else { throw Flaw(text: "its answer is not JSON") }
        if let code = object["Code"]?.string, code != "Success" {
            throw Flaw(text: "it says \(code.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) })")
        }
        return try fetched(
            object["AccessKeyId"]?.string, object["SecretAccessKey"]?.string, object["Token"]?.string,
            object["Expiration"]?.string, now: wallMilliseconds, source: source)
    }

    /// Reads the answer of STS to `AssumeRoleWithWebIdentity`.
    static func xml(
        _ body: Span<UInt8>, now wallMilliseconds: Int64, source: String
    ) throws(Flaw) -> FetchedCredentials {
        func text(_ name: String) -> String? {
            let path = ["AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResult", "Credentials", name]
            return (try? XMLTexts.first(at: path, in: body)) ?? nil
        }
        return try fetched(
            text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), text("Expiration"),
            now: wallMilliseconds, source: source)
    }

    /// `code: message` of an error answer in JSON or XML, one short line; empty where there is none.
    static func complaint(_ body: Span<UInt8>) -> String {
        var code = ""
        var message = ""
        if let object = object(body) {
            code = (object["code"] ?? object["Code"])?.string ?? ""
            message = (object["message"] ?? object["Message"])?.string ?? ""
        } else if case .error(let error) = StoreReply.parse(body) {
            code = error.code
            message = error.message
        }
        let parts = [code, message].filter { !$0.isEmpty }
        return ParameterError.printable(parts.joined(separator: ": "))
    }

    /// Credentials of texts that can stand in header fields; nil where they cannot.
    static func credentials(_ id: String, _ secret: String, _ token: String?) -> Credentials? {
        let areVisible = [id, secret, token ?? ""].allSatisfy { $0.utf8.allSatisfy(\.isVisible) }
        guard areVisible, !id.isEmpty, !secret.isEmpty else { return nil }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private static func object(_ body: Span<UInt8>) -> JSONObject? {
        (try? JSONReader.read(body, limits: JSONLimits(documentBytesMax: bytesMax, depthMax: 8)))?.object
    }

    private static func fetched(
        _ id: String?, _ secret: String?, _ token: String?, _ expiration: String?, now: Int64, source: String
    ) throws(Flaw) -> FetchedCredentials {
        guard let credentials = credentials(id ?? "", secret ?? "", token) else {
            throw Flaw(text: "its answer holds no credentials")
        }
        var fetched = FetchedCredentials(credentials: credentials, source: source)
        if let expiration {
            guard let end = CivilTime.milliseconds(parsing: expiration) else {
                throw Flaw(text: "its answer says in no known form when the credentials expire")
            }
            fetched.lifetimeMilliseconds = end - now
        }
        return fetched
    }
}
