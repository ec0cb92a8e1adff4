package import Bytes
package import Gateway
package import StoreStates
package import Tokens

/// What log, metrics and control want to know of the requests of one worker.
package protocol UploadObserver: AnyObject {
    func connectionOpened()
    func connectionClosed()
    /// A head was accepted: its body is on the way.
    func uploadBegan()
    /// Nothing is left to do for an upload.
    ///
    /// - Parameter wasAborted: what the store had of it was undone.
    func uploadEnded(wasAborted: Bool)
    /// An upload has ended whose record is not settled: it is recovery's from now on.
    func uploadLeft(imageID: Int64)
    /// A request has its answer, or its client has gone.
    func requestEnded(_ record: RequestRecord)
    /// A token's signature was wrong, which may mean that the secret has been rotated.
    func badSignature()
    /// A request to the store failed for good.
    func storeFailed(_ failure: StoreFailure, requestID: String)
    /// An upload was refused by its head, since the store cannot take it now.
    func storeRefusedUpload(_ detail: String, requestID: String)
    /// An upload's object is complete.
    func storeSucceeded()
    /// An upload was refused or ended because of a limit of ours; `detail` names the setting.
    func limitReached(_ detail: String, _ requestID: String)
    /// The disk under the spool failed an upload.
    func diskFailed(_ detail: String, requestID: String)
    /// The record's journal could not take a write.
    func journalFailed(_ detail: String, requestID: String)
    /// A request about a record could not be answered.
    func recordFailed(_ detail: String, requestID: String)
}

/// The facts of one request for its line in the access log. Nothing of a token, a query or a body is in it.
package struct RequestRecord: Sendable {
    package var requestID: String
    /// Who called; nil through a Unix socket.
    package var remote: IPAddress?
    package var method = ""
    /// The path as it came, without the query.
    package var path: [UInt8] = []
    /// 0 when the client was gone before an answer.
    package var status = 0
    package var refusal: Refusal?
    /// What was wrong with a token, for the log alone.
    package var tokenDefect: TokenDefect?
    package var subject: String?
    package var imageID: Int64?
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    /// Milliseconds since the epoch.
    package var startedAt: Int64
    package var totalMicroseconds: Int64 = 0
    /// From the first request to the store to its last answer; nil when it was not asked.
    package var storeMicroseconds: Int64?

    init(requestID: String, remote: IPAddress?, startedAt: Int64) {
        self.requestID = requestID
        self.remote = remote
        self.startedAt = startedAt
    }
}
