package import StoreStates

/// What log, metrics and readiness want to know of a store.
package protocol StoreObserver: AnyObject {
    /// The circuit breaker is now `condition`; `detail` is what opened it.
    func breakerChanged(_ condition: StoreBreakerCondition, detail: String)
    /// A request will be sent again after a pause.
    func requestRepeated()
    /// A request was not repeated because too many are already, or because the store is down.
    func repetitionDenied()
    /// The store said that the bucket is in another region than the settings say; requests go there from now on.
    func regionLearned(_ region: String)
    /// The store refused a request for its time; requests are signed with the store's from now on.
    func clockLearned(aheadMilliseconds: Int64)
}
