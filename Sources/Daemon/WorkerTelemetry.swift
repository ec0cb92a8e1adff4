internal import Bytes
internal import Gateway
internal import Logging
internal import Telemetry
internal import Uploads

/// What one worker logs with and counts on.
struct WorkerTelemetry: Sendable {
    let metrics: WorkerMetrics
    let logger: Logger
    private let sink: LogSink
    private let format: LogFormat

    /// The label values of the metrics; a request names its route by its place in the list.
    private static let routes = ["images", "objects", "other", "metadata", "image", "guest_token"]
    private static let storeOperations = ["upload"]

    init(registry: MetricsRegistry, logging: LoggingSetup) {
        metrics = WorkerMetrics(
            registry, routes: Self.routes, errors: Refusal.allCases.map(\.row.error),
            storeOperations: Self.storeOperations)
        logger = logging.logger("worker")
        sink = logging.sink
        format = logging.format
    }

    private static func route(_ path: Span<UInt8>) -> Int {
        if path.equals("/images") { return 0 }
        if path.equals("/images/metadata") { return 3 }
        if path.hasPrefix("/images/".utf8Span.span) { return 4 }
        if path.equals("/auth/guest-token") { return 5 }
        return path.hasPrefix("/objects/".utf8Span.span) ? 1 : 2
    }

    func makeAccessLog() -> AccessLog { AccessLog(sink: sink, format: format) }

    func count(_ record: RequestRecord) {
        metrics.bytesReceived.add(record.bytesIn)
        metrics.bytesSent.add(record.bytesOut)
        if let store = record.storeMicroseconds {
            metrics.storeAnswered(operation: 0, outcome: record.status == 201 ? .ok : .failed, microseconds: store)
        }
        // A client that was gone before its answer has no status to count.
        guard record.status > 0 else { return }
        let route = Self.route(record.path.span)
        metrics.requestAnswered(
            route: route, status: record.status, error: record.refusal?.row.error,
            microseconds: record.totalMicroseconds)
        if record.status == 201, route == 0 { metrics.uploadSeconds.observe(microseconds: record.totalMicroseconds) }
    }
}
