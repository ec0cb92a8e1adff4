/// The sweep: unfinished uploads in the store that no row of the record knows are ended when they are old enough.
///
/// Age is what protects the uploads of others on the same bucket, and those whose row a power loss took. Of a
/// bucket only what is called exactly as our keys are comes here.
package struct SweepState: Sendable {
    /// An unfinished upload that the store has.
    package struct Upload: Equatable, Sendable {
        /// Empty where the store does not know yet what it will be called.
        package let key: String
        package let uploadID: String
        /// nil: the store does not say.
        package let ageMilliseconds: Int64?

        package init(key: String, uploadID: String, ageMilliseconds: Int64?) {
            self.key = key
            self.uploadID = uploadID
            self.ageMilliseconds = ageMilliseconds
        }

        /// What a row would know it by.
        var name: String { key.isEmpty ? uploadID : key }
    }

    package enum Command: Equatable, Sendable {
        /// Look for the next page.
        case list
        /// Which of these do unfinished rows know, as key or, of what has none yet, as record token?
        case lookUp([String])
        case remove(Upload)
        case end(Report)
    }

    package struct Report: Equatable, Sendable {
        package var seen = 0
        package var removed = 0
        package var failed = 0
        /// What stopped it before its end.
        package var trouble: String?

        package init(seen: Int = 0, removed: Int = 0, failed: Int = 0, trouble: String? = nil) {
            self.seen = seen
            self.removed = removed
            self.failed = failed
            self.trouble = trouble
        }
    }

    private enum Phase: Equatable {
        case idle
        case listing
        case lookingUp([Upload], isLast: Bool)
        case removing([Upload], isLast: Bool)
    }

    private let ageMilliseconds: Int64
    private let removalsMax: Int
    private let pagesMax: Int
    private var pages = 0
    private var phase = Phase.idle
    private var report = Report()

    package init(
        ageMilliseconds: Int64, removalsMax: Int, pagesMax: Int = RecoveryLimits().sweepPagesMax
    ) {
        self.ageMilliseconds = ageMilliseconds
        self.removalsMax = removalsMax
        self.pagesMax = pagesMax
    }

    package var isIdle: Bool { phase == .idle }

    package mutating func start() -> Command? {
        guard phase == .idle else { return nil }
        report = Report()
        pages = 0
        return nextPage()
    }

    private mutating func nextPage() -> Command {
        guard pages < pagesMax else {
            report.trouble = "the store's list goes on after \(pages) pages"
            return end()
        }
        pages += 1
        phase = .listing
        return .list
    }

    package mutating func listed(_ uploads: [Upload], isLast: Bool) -> Command? {
        guard phase == .listing else { return nil }
        report.seen += uploads.count
        // One whose age is not known may be young.
        let old = uploads.filter { ($0.ageMilliseconds ?? 0) >= ageMilliseconds }
        guard !old.isEmpty else { return isLast ? end() : nextPage() }
        phase = .lookingUp(old, isLast: isLast)
        return .lookUp(old.map(\.name))
    }

    /// - Parameter known: the names of unfinished rows.
    package mutating func lookedUp(known: Set<String>) -> Command? {
        guard case .lookingUp(let old, let isLast) = phase else { return nil }
        return remove(old.filter { !known.contains($0.name) }, isLast: isLast)
    }

    package mutating func removed(_ isRemoved: Bool) -> Command? {
        guard case .removing(let rest, let isLast) = phase else { return nil }
        if isRemoved { report.removed += 1 } else { report.failed += 1 }
        return remove(Array(rest.dropFirst()), isLast: isLast)
    }

    /// The list or the record cannot be read: the next sweep tries again.
    package mutating func failed(_ detail: String) -> Command? {
        guard phase != .idle else { return nil }
        report.trouble = detail
        return end()
    }

    private mutating func remove(_ uploads: [Upload], isLast: Bool) -> Command {
        guard let first = uploads.first else {
            return isLast ? end() : nextPage()
        }
        guard report.removed + report.failed < removalsMax else { return end() }
        phase = .removing(uploads, isLast: isLast)
        return .remove(first)
    }

    private mutating func end() -> Command {
        phase = .idle
        return .end(report)
    }
}
