/// How the descriptors that the process may open are divided, so that none of its parts runs out because of another.
///
/// An upload under way holds two: its client's and its store's. A connection that uploads nothing holds one. What waits
/// on disk holds one for each slot of the spool. The rest (loops, listeners, the database, the admin listener's
/// clients, name lookups) is small and set aside.
package struct DescriptorBudget: Equatable, Sendable {
    /// Client connections at once, of all workers.
    package let connectionsMax: Int
    /// Uploads under way at once, of all workers, each with a connection to the store.
    package let uploadsMax: Int
    /// Slots of the spool.
    package let spoolSlots: Int
    /// Whether the limit of open files made any of them smaller than it was asked to be.
    package let isTight: Bool

    /// What the process holds with no client at all, and the most that the admin listener takes.
    package static let ownDescriptors = 32
    package static let adminConnectionsMax = 64
    /// A worker's loop, its mailboxes, a lookup on its way.
    static let descriptorsOfWorker = 12
    /// Fewer would not serve anybody; a limit below is met as it comes.
    static let connectionsMin = 8

    /// - Parameter openFilesMax: RLIMIT_NOFILE as it is in force.
    package init(openFilesMax: Int, connectionsMax: Int, spoolSlots: Int, workers: Int) {
        let own = Self.ownDescriptors + Self.adminConnectionsMax + Self.descriptorsOfWorker * workers
        let usable = max(openFilesMax - own, 3 * Self.connectionsMin)
        self.spoolSlots = max(min(spoolSlots, usable / 4), 2)
        let rest = usable - self.spoolSlots
        // Two thirds to clients at most: half of them may upload at the same time.
        self.connectionsMax = min(connectionsMax, max(rest * 2 / 3, Self.connectionsMin, rest - connectionsMax))
        uploadsMax = max(min(self.connectionsMax, rest - self.connectionsMax), 1)
        isTight = self.connectionsMax < connectionsMax || self.spoolSlots < spoolSlots
    }
}
