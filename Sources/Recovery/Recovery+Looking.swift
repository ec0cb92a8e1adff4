internal import Catalog
internal import Gateway
internal import Linux
internal import ObjectStore
internal import Reactor

/// Finding rows: one look into the record at a time.
extension Recovery {
    /// The next moment at which something is to be looked for.
    var nextLook: Int64 {
        guard !duties.isLooking else { return .max }
        var due = Int64.max
        if state.hasRoom(for: .due) { due = max(duties.dueAt, duties.pausedUntil) }
        if let first = duties.handedOver.first, state.hasRoom(for: .left) {
            due = min(due, max(first.due, duties.pausedUntil))
        }
        switch pass.phase {
        case .resting(let until): due = min(due, max(until, duties.pausedUntil))
        case .due: due = min(due, duties.pausedUntil)
        case .asking, .working: break
        }
        if let sweepAt = duties.sweepAt, sweep.isIdle, keeper.obstacle == nil { due = min(due, sweepAt) }
        return due
    }

    func look(_ now: Int64) {
        guard !duties.isLooking, now >= duties.pausedUntil else { return }
        if case .resting(let until) = pass.phase, now >= until {
            pass.begin(at: now)
            if case .ok = catalog.health { for imageID in catalog.takeLeftRows() { handOver(imageID) } }
        }
        if let first = duties.handedOver.first, now >= first.due, state.hasRoom(for: .left) {
            return readHandedOver(now)
        }
        if case .due = pass.phase { return askForTheDead() }
        if case .working = pass.phase, state.hasRoom(for: .left),
            let claimed = claims.values.first(where: { !$0.isRead })
        {
            return readRows(of: claimed)
        }
        if now >= duties.dueAt, state.hasRoom(for: .due) { readDue() }
    }

    /// Has something read on the files thread.
    private func read<Value: Sendable>(
        _ body: @escaping @Sendable () throws(CatalogError) -> Value, _ completion: @escaping (Value) -> Void
    ) {
        duties.isLooking = true
        let isTaken = files.value(of: { () -> Result<Value, CatalogError> in
            do throws(CatalogError) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }, completion: { [weak self] result in
            guard let self, !isStopped else { return }
            duties.isLooking = false
            switch result {
            case .success(let value): completion(value)
            case .failure(let error): troubled(error.description)
            }
            pump()
        })
        guard !isTaken else { return }
        duties.isLooking = false
        duties.pausedUntil = loop.now + Self.troubleMilliseconds
    }

    private static let troubleMilliseconds: Int64 = 5_000

    private func troubled(_ detail: String) {
        duties.pausedUntil = loop.now + Self.troubleMilliseconds
        if case .asking = pass.phase { pass.phase = .due }
        if !sweep.isIdle, let command = sweep.failed(detail) { perform(command) }
        observer?.recoveryFailed(detail)
    }

    // MARK: - The dead

    private func askForTheDead() {
        pass.phase = .asking
        let reader = reader
        let own = catalog.instanceID
        let claimed = Set(claims.keys)
        let room = max(limits.claimsMax - claims.count, 0)
        read { () throws(CatalogError) -> (claims: [InstanceClaim], leavesSome: Bool) in
            try Self.claim(reader, own: own, but: claimed, room: room)
        } _: { [self] found in
            for claim in found.claims { claims[claim.instance] = ClaimedRows(claim: claim) }
            pass.leavesSome = found.leavesSome
            pass.phase = .working
        }
    }

    private static let instancesMax = 4_096

    private static func claim(
        _ reader: CatalogReader, own: String, but claimed: Set<String>, room: Int
    ) throws(CatalogError) -> (claims: [InstanceClaim], leavesSome: Bool) {
        let directory = Files.parent(of: reader.path) ?? "."
        var claims: [InstanceClaim] = []
        for instance in try reader.instances(limit: instancesMax) where instance != own && !claimed.contains(instance) {
            guard claims.count < room else { return (claims, true) }
            do throws(SystemError) {
                if let claim = try InstanceClaim.take(instance, directory: directory) { claims.append(claim) }
            } catch {
                throw CatalogError(
                    path: reader.path, reason: error.description,
                    remedy: "let the user that Sluice runs as write in \(directory)/instances")
            }
        }
        return (claims, false)
    }

    private func readRows(of claimed: ClaimedRows) {
        let (reader, instance, last, limit) = (reader, claimed.claim.instance, claimed.lastID, limits.pageRowsMax)
        read { () throws(CatalogError) -> [CatalogRow] in
            try reader.unfinished(of: instance, after: last, limit: limit)
        } _: { [self] rows in
            for row in rows where adopt(row) { pass.foundAny = true }
            claims[instance]?.lastID = rows.last?.imageID ?? last
            claims[instance]?.isRead = rows.count < limit
            releaseIfDone(instance)
        }
    }

    @discardableResult
    private func adopt(_ row: CatalogRow) -> Bool {
        let isDue = row.stored != nil
        var notBefore: Int64?
        if row.uploadID == nil, row.state == .opening || row.state == .aborting {
            // Its Create may be on its way to the store yet. A clock that was set back does not hold it up for longer.
            let age = max(Clock.wallMilliseconds() - row.updated, 0)
            if age < limits.createSettleMilliseconds { notBefore = loop.now + limits.createSettleMilliseconds - age }
        }
        let known = RecoveryRow(
            imageID: row.imageID, key: row.key, recordToken: row.recordToken, uploadID: row.uploadID, size: row.size,
            state: row.state, instance: isDue ? nil : row.instance)
        return state.adopt(known, notBefore: notBefore)
    }

    /// When every row of the dead has been looked at, or as many as there is room for and none of them comes to an
    /// end: what is not read yet is read by a later pass. Images whose time has come hold up none.
    func endPass(_ now: Int64) {
        guard case .working = pass.phase, state.isQuiet(.left),
            !state.hasRoom(for: .left) || !claims.values.contains(where: { !$0.isRead })
        else { return }
        // Those for which there was no room are next, unless what is kept takes all of it.
        let hasRoom = claims.count < limits.claimsMax
        if pass.leavesSome, hasRoom {
            pass.phase = .due
            return look(now)
        }
        pass.phase = .resting(until: now + limits.passMilliseconds)
        pass.report.kept = state.keptCount(.left)
        pass.report.milliseconds = now - pass.beganAt
        if pass.isFirst || pass.foundAny { observer?.recoveryFinished(pass.report) }
        if pass.isFirst { duties.sweepAt = now }
        pass.isFirst = false
    }

    // MARK: - The living, and the due

    private func readHandedOver(_ now: Int64) {
        let ids = duties.handedOver.prefix(limits.pageRowsMax).prefix { $0.due <= now }.map(\.imageID)
        let reader = reader
        read { () throws(CatalogError) -> [CatalogRow] in
            try reader.unfinished(ids: ids)
        } _: { [self] rows in
            // Not before: where they cannot be read, they are read again.
            duties.handedOver.removeFirst(ids.count)
            for row in rows { adopt(row) }
        }
    }

    private func readDue() {
        let reader = reader
        let moment = hasExpiry ? Clock.wallMilliseconds() : 0
        // Those in hand stand at the front of the list until they are gone.
        let limit = limits.pageRowsMax + state.count(.due)
        duties.dueAt = loop.now + limits.dueMilliseconds
        read { () throws(CatalogError) -> [CatalogRow] in
            try reader.due(at: moment, limit: limit)
        } _: { [self] rows in
            for row in rows { adopt(row) }
            duties.hasLookedForDue = rows.count < limit
            // There may be more.
            if rows.count == limit { duties.dueAt = loop.now + Self.nextPageMilliseconds }
        }
    }

    private static let nextPageMilliseconds: Int64 = 250

    // MARK: - The sweep

    func sweepWhenDue(_ now: Int64) {
        guard let sweepAt = duties.sweepAt, now >= sweepAt, keeper.obstacle == nil, let command = sweep.start()
        else { return }
        duties.sweepAt = now + limits.sweepMilliseconds
        sweepMarker = nil
        perform(command)
    }

    func perform(_ command: SweepState.Command) {
        switch command {
        case .list:
            keeper.leftovers(after: sweepMarker) { [weak self] answer in self?.listed(answer) }
        case .lookUp(let names):
            let (reader, names) = (reader, Set(names))
            // Beside other looks: it is rare, and waits for none of them.
            let isTaken = files.value(of: { () -> Result<Set<String>, CatalogError> in
                do throws(CatalogError) {
                    return .success(try reader.unfinishedNames(among: names))
                } catch {
                    return .failure(error)
                }
            }, completion: { [weak self] in self?.lookedUp($0) })
            if !isTaken { next(sweep.failed("too many file operations are waiting")) }
        case .remove(let upload):
            let leftover = Leftover(
                key: upload.key, uploadID: upload.uploadID, ageMilliseconds: upload.ageMilliseconds)
            keeper.remove(leftover) { [weak self] answer in self?.removed(upload, answer) }
        case .end(let report):
            duties.hasSwept = true
            observer?.sweepEnded(report)
            // Whoever waits for the end of it all.
            loop.deferred { [weak self] in self?.pump() }
        }
    }

    private func next(_ command: SweepState.Command?) {
        guard !isStopped, let command else { return }
        perform(command)
    }

    private func listed(_ answer: LeftoverAnswer) {
        switch answer {
        case .page(let found, let marker):
            sweepMarker = marker
            let uploads = found.map { leftover in
                SweepState.Upload(
                    key: leftover.key, uploadID: leftover.uploadID, ageMilliseconds: leftover.ageMilliseconds)
            }
            next(sweep.listed(uploads, isLast: marker == nil))
        case .failed(let detail): next(sweep.failed(detail))
        }
    }

    private func lookedUp(_ result: Result<Set<String>, CatalogError>) {
        switch result {
        case .success(let known): next(sweep.lookedUp(known: known))
        case .failure(let error): next(sweep.failed(error.description))
        }
    }

    private func removed(_ upload: SweepState.Upload, _ answer: KeeperAnswer) {
        guard !isStopped else { return }
        let isGone = answer.answer == .done || answer.answer == .noSuchUpload
        observer?.sweepRemoved(
            key: upload.key, uploadID: upload.uploadID, failure: isGone ? nil : answer.detail ?? "no clear answer")
        next(sweep.removed(isGone))
    }
}
