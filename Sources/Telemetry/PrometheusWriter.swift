internal import Bytes

/// Writes the text format of Prometheus, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Values in, bytes out.
package struct PrometheusWriter {
    /// The `Content-Type` of what it writes.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    package typealias Labels = [(name: String, value: String)]

    /// The text so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Begins a family; its samples follow, all of them before the next family.
    package mutating func family(_ name: String, help: String, kind: Kind) {
        bytes.append(text: "# HELP \(name) ")
        for byte in help.utf8 {
            switch byte {
            case 0x5C: bytes.append(text: "\\\\")
            case 0x0A: bytes.append(text: "\\n")
            default: bytes.append(byte)
            }
        }
        bytes.append(text: "\n# TYPE \(name) \(kind.rawValue)\n")
    }

    package mutating func sample(_ name: String, labels: Labels, value: UInt64) {
        begin(name, labels)
        Decimal.append(value, to: &bytes)
        bytes.append(0x0A)
    }

    package mutating func sample(_ name: String, labels: Labels, value: Int64) {
        begin(name, labels)
        if value < 0 { bytes.append(0x2D) }
        Decimal.append(value.magnitude, to: &bytes)
        bytes.append(0x0A)
    }

    /// The classes, the sum and the count of a histogram, in seconds.
    package mutating func sample(_ name: String, labels: Labels, value: HistogramSnapshot) {
        var count: UInt64 = 0
        for (index, inClass) in value.counts.enumerated() {
            count &+= inClass
            let isLast = index == value.boundsMicroseconds.count
            let bound = isLast ? "+Inf" : Self.seconds(microseconds: value.boundsMicroseconds[index])
            sample(name + "_bucket", labels: labels + [("le", bound)], value: count)
        }
        begin(name + "_sum", labels)
        bytes.append(text: Self.seconds(microseconds: value.sumMicroseconds))
        bytes.append(0x0A)
        sample(name + "_count", labels: labels, value: count)
    }

    /// `2500` is `0.0025`: exact, without floating point.
    static func seconds(microseconds: UInt64) -> String {
        var output: [UInt8] = []
        Decimal.append(microseconds / 1_000_000, to: &output)
        let fraction = microseconds % 1_000_000
        if fraction > 0 {
            output.append(0x2E)
            Decimal.append(fraction, width: 6, to: &output)
            while output.last == 0x30 { output.removeLast() }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func begin(_ name: String, _ labels: Labels) {
        bytes.append(text: name)
        if !labels.isEmpty {
            bytes.append(0x7B)
            for (index, label) in labels.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                bytes.append(text: label.name)
                bytes.append(text: "=\"")
                appendLabelValue(label.value)
                bytes.append(0x22)
            }
            bytes.append(0x7D)
        }
        bytes.append(0x20)
    }

    private mutating func appendLabelValue(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case 0x5C: bytes.append(text: "\\\\")
            case 0x22: bytes.append(text: "\\\"")
            case 0x0A: bytes.append(text: "\\n")
            default: bytes.append(byte)
            }
        }
    }
}
