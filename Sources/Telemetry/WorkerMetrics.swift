/// What one worker counts. Each worker makes its own from the same registry.
package final class WorkerMetrics: Sendable {
    /// Connections accepted, and open now.
    package let connectionsAccepted: Counter
    package let connectionsOpen: Gauge
    /// Connections closed because their address had as many as it may.
    package let connectionsRefused: Counter
    /// TLS handshakes by how they ended.
    package let handshakes: HandshakeCounters
    /// The store as a whole.
    package let store: StoreMetrics
    /// Bytes of request bodies received, and of responses sent.
    package let bytesReceived: Counter
    package let bytesSent: Counter
    /// Uploads whose body is under way, finished with a 201, and given up.
    package let uploadsOpen: Gauge
    package let uploadsStored: Counter
    package let uploadsAborted: Counter
    /// From the first byte of a request to the last of its answer.
    package let requestSeconds: Histogram
    /// From the first byte of an accepted upload to its 201.
    package let uploadSeconds: Histogram

    private let requests: CounterTable
    private let errors: [Counter]
    private let storeRequests: CounterTable
    private let storeSeconds: [Histogram]
    private let routes: Int
    private let errorNames: [String: Int]

    /// The statuses of the contract; any other is counted in its class (`4xx`).
    private static let statuses = [
        200, 201, 204, 400, 401, 404, 405, 408, 409, 413, 414, 429, 431, 500, 501, 503, 505,
    ]
    private static let statusTexts = statuses.map(String.init) + ["1xx", "2xx", "3xx", "4xx", "5xx"]
    private static let outcomes = ["ok", "refused", "failed"]

    /// The outcome of a request to the object store.
    package enum StoreOutcome: Int, Sendable {
        /// It said yes.
        case ok
        /// It answered with an error.
        case refused
        /// It could not be reached, or did not answer in time.
        case failed
    }

    /// `routes` (at least one), `errors` and `storeOperations` are the label values; requests name them by their place
    /// in the list (errors by their name).
    package init(_ registry: MetricsRegistry, routes: [String], errors: [String], storeOperations: [String]) {
        self.routes = routes.count
        connectionsAccepted = registry.counter(
            "sluice_connections_accepted_total", help: "Client connections accepted.")
        connectionsOpen = registry.gauge("sluice_connections_open", help: "Client connections open now.")
        handshakes = HandshakeCounters(registry)
        store = StoreMetrics(registry)
        connectionsRefused = registry.counter(
            "sluice_connections_refused_total", help: "Client connections closed over the bound of their address.")
        bytesReceived = registry.counter(
            "sluice_body_bytes_received_total", help: "Bytes of request bodies received.")
        bytesSent = registry.counter("sluice_response_bytes_sent_total", help: "Bytes of responses sent.")
        uploadsOpen = registry.gauge("sluice_uploads_open", help: "Uploads under way now.")
        uploadsStored = registry.counter("sluice_uploads_stored_total", help: "Uploads that ended with a 201.")
        uploadsAborted = registry.counter(
            "sluice_uploads_aborted_total", help: "Uploads given up after their store upload was begun.")
        requestSeconds = registry.histogram(
            "sluice_request_duration_seconds", help: "From a request's first byte to the last of its response.")
        uploadSeconds = registry.histogram(
            "sluice_upload_duration_seconds", help: "From the first byte of an upload to its 201.")
        requests = CounterTable(
            registry, "sluice_requests_total", help: "Requests answered.", rows: ("route", routes),
            columns: ("status", Self.statusTexts))
        self.errors = (errors + ["other"]).map { error in
            registry.counter(
                "sluice_errors_total", help: "Error responses by the name in their body.", labels: [("error", error)])
        }
        errorNames = Dictionary(errors.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        storeRequests = CounterTable(
            registry, "sluice_store_requests_total", help: "Requests to the object store.",
            rows: ("operation", storeOperations), columns: ("outcome", Self.outcomes))
        storeSeconds = storeOperations.map { operation in
            registry.histogram(
                "sluice_store_request_duration_seconds",
                help: "Requests to the object store, to the end of the answer.",
                labels: [("operation", operation)])
        }
    }

    /// Counts one answered request. `error` is the name in the response's body.
    package func requestAnswered(route: Int, status: Int, error: String?, microseconds: Int64) {
        requests.add(row: min(route, routes - 1), column: Self.column(status: status))
        requestSeconds.observe(microseconds: microseconds)
        if let error { errors[errorNames[error] ?? errors.count - 1].add() }
    }

    /// Counts one request to the store.
    package func storeAnswered(operation: Int, outcome: StoreOutcome, microseconds: Int64) {
        storeRequests.add(row: operation, column: outcome.rawValue)
        storeSeconds[operation].observe(microseconds: microseconds)
    }

    private static func column(status: Int) -> Int {
        for index in statuses.indices where statuses[index] == status { return index }
        return statuses.count + min(max(status / 100, 1), 5) - 1
    }
}
