internal import Bytes
internal import Crypto
internal import Gateway
internal import HTTPWire
internal import JSONWire
internal import Linux
internal import Serving
internal import Telemetry

/// What `/readyz` says, and who can be asked for it.
struct Readiness: Sendable, Equatable {
    /// `ok`, or one line for the operator.
    var secret = "waiting for the secret"
    /// Whether tokens can be verified, be it with a secret that could not be refreshed.
    var isSecretUsable = false
    var store = "ok"
    var catalog = "ok"
    var isDraining = false

    var isReady: Bool { !isDraining && isSecretUsable && store == "ok" && catalog == "ok" }
}

/// The three answers of the admin listener: `/healthz`, `/readyz`, `/metrics`.
final class AdminHandler: RequestHandler {
    private let readiness: () -> Readiness
    private let metrics: MetricsRegistry

    init(readiness: @escaping () -> Readiness, metrics: MetricsRegistry) {
        self.readiness = readiness
        self.metrics = metrics
    }

    func head(_ head: RequestHead, bytes: Span<UInt8>, connection: Connection) {
        let path = head.path.bytes(in: bytes)
        let isReading = head.method == .get || head.method == .head
        if path.equals("/healthz") {
            connection.respond(isReading ? json(200, health()) : notAllowed())
        } else if path.equals("/readyz") {
            connection.respond(isReading ? ready() : notAllowed())
        } else if path.equals("/metrics") {
            connection.respond(
                isReading ? response(200, metrics.text(), PrometheusWriter.contentType) : notAllowed())
        } else {
            connection.respond(refusal(.notFound))
        }
    }

    func body(_ bytes: Span<UInt8>) {}
    func bodyEnd() {}
    func wireRefusal(_ refusal: WireRefusal, origin _: [UInt8]?) -> Response {
        Reply.unreadable(refusal, context: context()).response
    }
    func headTimeout(origin _: [UInt8]?) -> Response { refusal(.requestTimeout) }
    func clientGone(_ loss: ClientLoss) {}

    private func health() -> [UInt8] {
        var json = JSONWriter(capacityBytes: 32)
        json.beginObject()
        json.member("status", "ok")
        json.endObject()
        return json.bytes
    }

    private func ready() -> Response {
        let state = readiness()
        var json = JSONWriter()
        json.beginObject()
        json.member("status", state.isReady ? "ready" : "not_ready")
        json.name("checks")
        json.beginObject()
        json.member("secret", state.secret)
        json.member("store", state.store)
        json.member("catalog", state.catalog)
        if state.isDraining { json.member("process", "draining") }
        json.endObject()
        json.endObject()
        return self.json(state.isReady ? 200 : 503, json.bytes)
    }

    private func notAllowed() -> Response {
        Reply.refused(.methodNotAllowed, allow: "GET, HEAD", context: context()).response
    }

    private func refusal(_ refusal: Refusal) -> Response { Reply.refused(refusal, context: context()).response }

    private func json(_ status: Int, _ body: [UInt8]) -> Response { response(status, body, "application/json") }

    private func response(_ status: Int, _ body: [UInt8], _ contentType: String) -> Response {
        Response(status: status, fields: context().commonFields(contentType: contentType), body: body)
    }

    private func context() -> ReplyContext {
        ReplyContext(
            requestID: UUIDText.version4(upper: SecureRandom.uint64(), lower: SecureRandom.uint64()),
            nowMilliseconds: Clock.wallMilliseconds(), corsFields: [])
    }
}
