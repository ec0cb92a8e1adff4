internal import ObjectStore

/// What log, metrics and the command line want to know of recovery.
package protocol RecoveryObserver: AnyObject {
    /// A row has come to its end.
    func recoverySettled(_ settlement: RecoveryState.Settlement)
    /// A row stays as it is for now; `detail` is one line for the operator.
    func recoveryKept(_ row: RecoveryRow, detail: String)
    /// All that the dead had left has been looked at. Called for the first look, and for later ones that found any.
    func recoveryFinished(_ report: RecoveryReport)
    /// How much is in hand now.
    func recoveryHas(rows: Int, kept: Int)
    /// The record cannot be read; it is tried again.
    func recoveryFailed(_ detail: String)
    /// An upload that no row knows has been ended, or could not be (`detail`).
    func sweepRemoved(key: String, uploadID: String, failure: String?)
    func sweepEnded(_ report: SweepState.Report)
}

/// What one look at the rows of the dead came to.
package struct RecoveryReport: Equatable, Sendable {
    package var stored = 0
    package var aborted = 0
    package var passedOver = 0
    /// Rows that wait.
    package var kept = 0
    package var milliseconds: Int64 = 0

    package var total: Int { stored + aborted + passedOver + kept }

    package init() {}

    mutating func count(_ fate: RecoveryState.Fate) {
        switch fate {
        case .stored: stored += 1
        case .aborted: aborted += 1
        case .passedOver: passedOver += 1
        case .expired: break
        }
    }
}
