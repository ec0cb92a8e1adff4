internal import Bytes
internal import FuzzBasics
internal import TLS

/// What comes over the wire, and what of the stream can be read from it.
struct RecordWire {
    private(set) var bytes: [UInt8] = []
    /// How much of the stream the records say before anything is wrong with them.
    private(set) var readable = 0
    /// Whether the client says that it sends no more.
    private(set) var isClosed = false
    /// Whether anything is wrong with the records.
    private(set) var isBroken = false

    /// Has the client encrypt the stream, a record for each of its pieces, and does to them what the plan says.
    init(_ plan: RecordPlan, client: borrowing TLSEngine) throws(OracleFailure) {
        let ranges = RecordPlan.pieces(of: plan.stream.count, sizes: plan.recordSizes)
        let place = ranges.isEmpty ? 0 : plan.place % ranges.count
        var records: [[UInt8]] = []
        for (index, range) in ranges.enumerated() {
            if plan.mishap == .closedBefore, index == place { break }
            if index == place { records.append(Self.before(plan, client)) }
            var record: [UInt8] = []
            guard client.send(plan.stream.span.extracting(range), output: &record) == nil
            else { throw OracleFailure("the client cannot encrypt") }
            records.append(record)
        }
        readable = plan.stream.count
        if plan.mishap == .closed || plan.mishap == .closedBefore {
            var record: [UInt8] = []
            client.close(output: &record)
            isClosed = true
            if plan.mishap == .closedBefore, !ranges.isEmpty {
                readable = ranges[place].lowerBound
                // What comes behind it is not read, whatever it is.
                record += plan.stream[readable...]
            }
            records.append(record)
        }
        if !ranges.isEmpty { spoil(&records, plan, ranges, at: place) }
        for record in records { bytes += record }
    }

    /// What comes before the record at the plan's place; may be nothing.
    private static func before(_ plan: RecordPlan, _ client: borrowing TLSEngine) -> [UInt8] {
        var bytes: [UInt8] = []
        switch plan.mishap {
        case .newKeys where plan.version == .tls13: client.updateKeys(output: &bytes)
        case .garbage:
            let content = plan.stream.prefix(plan.offset)
            // Now and then what looks like a record.
            if plan.offset % 2 == 0 { bytes = [0x17, 3, 3, 0, UInt8(content.count)] }
            bytes += content
        default: break
        }
        return bytes
    }

    /// `records` has one entry for each range, and one more before the one at `place`.
    private mutating func spoil(
        _ records: inout [[UInt8]], _ plan: RecordPlan, _ ranges: [Range<Int>], at place: Int
    ) {
        let record = place + 1
        let before = ranges[place].lowerBound
        switch plan.mishap {
        case .none, .closed, .closedBefore, .newKeys, .stranger: return
        case .cutShort:
            records[record].removeLast()
            records.removeLast(records.count - record - 1)
            readable = before
            return
        case .flipped:
            records[record][plan.offset % records[record].count] ^= 1 << UInt8(plan.offset % 8)
            readable = before
        case .repeated:
            records.insert(records[record], at: record)
            readable = ranges[place].upperBound
        case .dropped:
            records.remove(at: record)
            readable = before
            if place == ranges.count - 1 { return }
        case .swapped:
            guard place + 1 < ranges.count else { return }
            records.swapAt(record, record + 1)
            readable = before
        case .garbage:
            guard !records[record - 1].isEmpty else { return }
            readable = before
        }
        isBroken = true
    }
}
