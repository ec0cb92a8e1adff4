internal import Bytes
internal import JSONWire
internal import Tokens
internal import XMLWire

/// What SSM answers to `GetParameter`.
enum ParameterReply {
    /// The secret, or why there is none. `errorType` is the field `x-amzn-errortype`.
    static func read(
        status: Int, errorType: String?, body: Span<UInt8>, of request: ParameterRequest
    ) -> Result<TokenSecret, SecretFailure> {
        guard status == 200 else {
            return .failure(ParameterError(status: status, errorType: errorType, body: body).failure(of: request))
        }
        guard let value = value(in: body) else {
            return .failure(
                SecretFailure(
                    .unreadable,
                    "the answer of \(request.endpoint.url) is not that of SSM's GetParameter: check the endpoint"))
        }
        do {
            return .success(try TokenSecret(value))
        } catch {
            return .failure(
                SecretFailure(.unusable, "SSM parameter \(request.name): \(error): put the shared secret there"))
        }
    }

    private static func value(in body: Span<UInt8>) -> [UInt8]? {
        let limits = JSONLimits(documentBytesMax: ParameterRequest.replyBytesMax, depthMax: 8)
        guard let value = try? JSONReader.read(body, limits: limits),
            let text = value.object?["Parameter"]?.object?["Value"]?.string
        else { return nil }
        return [UInt8](text.utf8)
    }
}
