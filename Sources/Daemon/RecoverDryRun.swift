internal import Catalog
internal import Gateway
internal import Linux
internal import ObjectStore
internal import Reactor
internal import Recovery
internal import Settings

/// `sluice recover --dry-run`: says what recovery would do. Nothing is written, no lock is kept, and of the store only
/// the list of unfinished uploads is asked.
final class RecoverDryRun {
    private let settings: ResolvedSettings
    private let store: RecoverStore
    private let reader: CatalogReader
    private var sweep: SweepState
    private var marker: LeftoverMarker?
    private var failures: [String] = []
    private var isSweeping = false

    private static let instancesMax = 4_096
    private static let pageRowsMax = 200

    init(_ settings: ResolvedSettings) throws {
        self.settings = settings
        store = try RecoverStore(settings)
        reader = CatalogReader(path: settings.database)
        sweep = SweepState(
            ageMilliseconds: settings.orphanAgeSeconds * 1_000, removalsMax: RecoveryLimits().sweepRemovalsMax)
    }

    /// - Returns: what could not be looked at, in one line each.
    func run() throws -> [String] {
        let rows = try tellOfTheDead()
        let due = try tellOfTheDue()
        store.onCredentials = { [unowned self] failure in
            if let failure { end(failure) } else { beginSweep() }
        }
        store.start()
        store.loop.deferred { [self] in
            if store.keeper.obstacle == nil { beginSweep() }
        }
        store.loop.run()
        store.stop()
        print("\(rows) unfinished rows, \(due) images whose time has come, \(unknown) unknown uploads")
        return failures
    }

    private var unknown = 0

    private func tellOfTheDead() throws -> Int {
        let directory = Files.parent(of: reader.path) ?? "."
        var count = 0
        for instance in try reader.instances(limit: Self.instancesMax)
        where try InstanceClaim.isDead(instance, directory: directory) {
            var last: Int64 = 0
            while true {
                let rows = try reader.unfinished(of: instance, after: last, limit: Self.pageRowsMax)
                for row in rows { tell(of: row) }
                count += rows.count
                last = rows.last?.imageID ?? last
                if rows.count < Self.pageRowsMax { break }
            }
        }
        return count
    }

    private func tell(of row: CatalogRow) {
        let step = UploadLife.recovery(
            of: row.state, knowsUploadID: row.uploadID != nil, knowsSize: row.size != nil)
        guard case .send(let phase) = step else { return }
        print("image \(row.imageID) \(row.key): \(row.state.rawValue), \(phase.intention)")
    }

    /// At most one page of them: there may be as many as images.
    private func tellOfTheDue() throws -> String {
        let moment = settings.unregisteredSeconds == nil ? 0 : Clock.wallMilliseconds()
        let rows = try reader.due(at: moment, limit: Self.pageRowsMax)
        for row in rows { print("image \(row.imageID) \(row.key): \(row.state.rawValue), would be deleted") }
        return rows.count < Self.pageRowsMax ? "\(rows.count)" : "\(rows.count) or more"
    }

    // MARK: - The sweep

    private func beginSweep() {
        guard !isSweeping else { return }
        isSweeping = true
        next(sweep.start())
    }

    private func end(_ failure: String) {
        failures.append(failure)
        store.loop.stop()
    }

    private func next(_ command: SweepState.Command?) {
        var command = command
        // Not a call for each: there may be thousands.
        while case .remove(let upload) = command {
            unknown += 1
            print("unknown upload \(upload.uploadID)\(upload.key.isEmpty ? "" : " " + upload.key): would be aborted")
            command = sweep.removed(true)
        }
        switch command {
        case .list: store.keeper.leftovers(after: marker) { [self] in listed($0) }
        case .lookUp(let names):
            do {
                next(sweep.lookedUp(known: try reader.unfinishedNames(among: Set(names))))
            } catch {
                next(sweep.failed(error.description))
            }
        case .end(let report):
            if let trouble = report.trouble { failures.append(trouble) }
            store.loop.stop()
        case .remove, nil: break
        }
    }

    private func listed(_ answer: LeftoverAnswer) {
        switch answer {
        case .page(let found, let marker):
            self.marker = marker
            let uploads = found.map { leftover in
                SweepState.Upload(
                    key: leftover.key, uploadID: leftover.uploadID, ageMilliseconds: leftover.ageMilliseconds)
            }
            next(sweep.listed(uploads, isLast: marker == nil))
        case .failed(let detail): next(sweep.failed(detail))
        }
    }
}

extension UploadLife.RecoveryPhase {
    /// What recovery that begins with it would do.
    fileprivate var intention: String {
        switch self {
        case .completing: "Complete would be asked once more"
        case .aborting: "the uploads of its key would be aborted"
        case .listing: "uploads of its key would be looked for and aborted"
        case .givingUpListing: "its object would be looked for"
        case .takingBackListing: "uploads of its key would be aborted, its object looked for and deleted"
        case .deleting: "its object would be deleted"
        // Nothing begins with these.
        case .confirming, .givingUp, .givingUpListed, .deciding, .listingRest, .abortingRest, .listingDenied,
            .abortingDenied, .abortingListed, .settlingPut, .settlingPutAgain, .takingBackListed, .takingPutBack,
            .deletingPut, .takingPutBackAgain:
            "it would be settled"
        }
    }
}
