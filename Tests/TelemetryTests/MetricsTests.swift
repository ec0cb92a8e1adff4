import Linux
import Testing

@testable import Telemetry

@Suite struct MetricsTests {
    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func `writes families, labels and values as Prometheus reads them`() {
        var writer = PrometheusWriter()
        writer.family("a_total", help: "Lines\nand \\ strokes.", kind: .counter)
        writer.sample("a_total", labels: [], value: UInt64(3))
        writer.sample("a_total", labels: [("x", "quote \" stroke \\ line\n"), ("y", "é")], value: UInt64.max)
        writer.family("b", help: "B.", kind: .gauge)
        writer.sample("b", labels: [], value: Int64(-7))
        #expect(
            lines(writer.bytes) == [
                #"# HELP a_total Lines\nand \\ strokes."#, "# TYPE a_total counter", "a_total 3",
                #"a_total{x="quote \" stroke \\ line\n",y="é"} 18446744073709551615"#, "# HELP b B.", "# TYPE b gauge",
                "b -7", "",
            ])
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000001"), (2_500, "0.0025"), (1_000_000, "1"), (10_500_000, "10.5"), (61_000_001, "61.000001"),
    ] as [(UInt64, String)])
    func `writes seconds exactly`(microseconds: UInt64, text: String) {
        #expect(PrometheusWriter.seconds(microseconds: microseconds) == text)
    }

    @Test func `a histogram's classes include their bounds and accumulate`() {
        let histogram = Histogram(boundsMicroseconds: [1_000, 2_000])
        for duration: Int64 in [-5, 0, 1_000, 1_001, 2_000, 2_001, 1_000_000] {
            histogram.observe(microseconds: duration)
        }
        var writer = PrometheusWriter()
        writer.sample("h_seconds", labels: [("op", "put")], value: histogram.snapshot)
        #expect(
            lines(writer.bytes) == [
                #"h_seconds_bucket{op="put",le="0.001"} 3"#, #"h_seconds_bucket{op="put",le="0.002"} 5"#,
                #"h_seconds_bucket{op="put",le="+Inf"} 7"#, #"h_seconds_sum{op="put"} 1.006002"#,
                #"h_seconds_count{op="put"} 7"#, "",
            ])
    }

    @Test func `what the workers count apart is summed when it is read`() throws {
        let registry = MetricsRegistry()
        var threads: [Thread] = []
        for _ in 0 ..< 3 {
            let counter = registry.counter("c_total", help: "C.")
            let gauge = registry.gauge("g", help: "G.", labels: [("k", "v")])
            let histogram = registry.histogram("h_seconds", help: "H.", boundsMicroseconds: [10])
            threads.append(
                try Thread.start(name: "worker") {
                    for _ in 0 ..< 1_000 {
                        counter.add(2)
                        gauge.add(1)
                        gauge.add(-2)
                        histogram.observe(microseconds: 10)
                    }
                })
        }
        for thread in threads { thread.join() }
        registry.counter("c_total", help: "C.") { 5 }
        #expect(
            lines(registry.text()) == [
                "# HELP c_total C.", "# TYPE c_total counter", "c_total 6005", "# HELP g G.", "# TYPE g gauge",
                #"g{k="v"} -3000"#, "# HELP h_seconds H.", "# TYPE h_seconds histogram",
                #"h_seconds_bucket{le="0.00001"} 3000"#, #"h_seconds_bucket{le="+Inf"} 3000"#, "h_seconds_sum 0.03",
                "h_seconds_count 3000", "",
            ])
    }

    @Test func `a worker's requests are found by route, status and error`() {
        let registry = MetricsRegistry()
        func worker() -> WorkerMetrics {
            WorkerMetrics(registry, routes: ["upload", "other"], errors: ["NOT_FOUND"], storeOperations: ["put"])
        }
        let first = worker()
        let second = worker()
        first.requestAnswered(route: 0, status: 201, error: nil, microseconds: 900)
        second.requestAnswered(route: 0, status: 201, error: nil, microseconds: 900)
        second.requestAnswered(route: 1, status: 404, error: "NOT_FOUND", microseconds: 900)
        second.requestAnswered(route: 9, status: 418, error: "TEAPOT", microseconds: 900)
        first.storeAnswered(operation: 0, outcome: .failed, microseconds: 1)
        let shown = Set(lines(registry.text()))
        for line in [
            #"sluice_requests_total{route="upload",status="201"} 2"#,
            #"sluice_requests_total{route="other",status="404"} 1"#,
            #"sluice_requests_total{route="other",status="4xx"} 1"#, #"sluice_errors_total{error="NOT_FOUND"} 1"#,
            #"sluice_errors_total{error="other"} 1"#, #"sluice_request_duration_seconds_bucket{le="0.001"} 4"#,
            #"sluice_store_requests_total{operation="put",outcome="failed"} 1"#,
            #"sluice_store_requests_total{operation="put",outcome="ok"} 0"#,
        ] { #expect(shown.contains(line), "\(line)") }
    }
}
