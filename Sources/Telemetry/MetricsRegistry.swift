internal import Synchronization

/// All metrics of the process. Instruments are made at start-up, each worker its own; what has the same name and labels
/// is summed when the metrics are read. Neither adding nor observing comes near this object.
package final class MetricsRegistry: Sendable {
    package typealias Labels = PrometheusWriter.Labels

    private enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case readCounter(@Sendable () -> UInt64)
        case readGauge(@Sendable () -> Int64)
    }

    private struct Series: Sendable {
        let labels: Labels
        var instruments: [Instrument]
    }

    private struct Family: Sendable {
        let name: String
        let help: String
        let kind: PrometheusWriter.Kind
        var series: [Series]
    }

    /// Families in the order of their first instrument.
    private let families = Mutex<[Family]>([])

    package init() {}

    /// A new counter for the calling worker. `name` ends in `_total`.
    package func counter(_ name: String, help: String, labels: Labels = []) -> Counter {
        let counter = Counter()
        add(name, help, .counter, labels, .counter(counter))
        return counter
    }

    /// A new gauge for the calling worker; the sum over all is shown.
    package func gauge(_ name: String, help: String, labels: Labels = []) -> Gauge {
        let gauge = Gauge()
        add(name, help, .gauge, labels, .gauge(gauge))
        return gauge
    }

    /// A new histogram for the calling worker. `name` ends in `_seconds`.
    package func histogram(
        _ name: String, help: String, labels: Labels = [], boundsMicroseconds: [UInt64] = Histogram.requestMicroseconds
    ) -> Histogram {
        let histogram = Histogram(boundsMicroseconds: boundsMicroseconds)
        add(name, help, .histogram, labels, .histogram(histogram))
        return histogram
    }

    /// A count that is kept elsewhere and asked for when the metrics are read, on the reading thread.
    package func counter(_ name: String, help: String, labels: Labels = [], read: @Sendable @escaping () -> UInt64) {
        add(name, help, .counter, labels, .readCounter(read))
    }

    /// A number that is kept elsewhere and asked for when the metrics are read, on the reading thread.
    package func gauge(_ name: String, help: String, labels: Labels = [], read: @Sendable @escaping () -> Int64) {
        add(name, help, .gauge, labels, .readGauge(read))
    }

    /// All of them in the text format of Prometheus.
    package func text() -> [UInt8] {
        var writer = PrometheusWriter()
        for family in families.withLock({ $0 }) {
            writer.family(family.name, help: family.help, kind: family.kind)
            for series in family.series { Self.write(series, family, to: &writer) }
        }
        return writer.bytes
    }

    private static func write(_ series: Series, _ family: Family, to writer: inout PrometheusWriter) {
        var count: UInt64 = 0
        var number: Int64 = 0
        var histogram: HistogramSnapshot?
        for instrument in series.instruments {
            switch instrument {
            case .counter(let counter): count &+= counter.value
            case .readCounter(let read): count &+= read()
            case .gauge(let gauge): number &+= gauge.value
            case .readGauge(let read): number &+= read()
            case .histogram(let part):
                if histogram == nil { histogram = part.snapshot } else { histogram?.add(part.snapshot) }
            }
        }
        switch family.kind {
        case .counter: writer.sample(family.name, labels: series.labels, value: count)
        case .gauge: writer.sample(family.name, labels: series.labels, value: number)
        case .histogram:
            if let histogram { writer.sample(family.name, labels: series.labels, value: histogram) }
        }
    }

    private func add(
        _ name: String, _ help: String, _ kind: PrometheusWriter.Kind, _ labels: Labels, _ instrument: Instrument
    ) {
        families.withLock { families in
            guard let index = families.firstIndex(where: { $0.name == name }) else {
                families.append(
                    Family(
                        name: name, help: help, kind: kind,
                        series: [Series(labels: labels, instruments: [instrument])]))
                return
            }
            precondition(families[index].kind == kind, "\(name) is both \(families[index].kind) and \(kind)")
            let place = families[index].series.firstIndex { series in
                series.labels.elementsEqual(labels) { $0.name == $1.name && $0.value == $1.value }
            }
            if let place {
                families[index].series[place].instruments.append(instrument)
            } else {
                families[index].series.append(Series(labels: labels, instruments: [instrument]))
            }
        }
    }
}
