internal import AWS
internal import Linux
internal import ObjectStore
internal import Reactor

/// What a worker's store signs with, and what it says of it.
final class StoreSigning {
    private let store: S3Store
    private let reports: Mailbox<WorkerReport>
    private var generation: UInt64 = 0
    private var complainedAt = -StoreSigning.complaintMilliseconds

    /// Every request under way may complain at once; the control thread asks for others twice a minute at most.
    private static let complaintMilliseconds: Int64 = 1_000

    init(_ store: S3Store, reports: Mailbox<WorkerReport>) {
        self.store = store
        self.reports = reports
        store.onExpiredCredentials = { [unowned self] in complain() }
    }

    /// Requests under way keep their signature; those that are sent again get a new one.
    func use(_ snapshot: CredentialSnapshot?) {
        store.credentials = snapshot?.credentials
        if let snapshot { generation = snapshot.generation }
    }

    private func complain() {
        let now = Clock.monotonicMilliseconds()
        guard now - complainedAt >= Self.complaintMilliseconds else { return }
        if reports.post(.expiredCredentials(generation: generation)) { complainedAt = now }
    }
}
