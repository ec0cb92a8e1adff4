package import Gateway

/// What recovery asks of a store: to settle what dead uploads left there. It lives on one loop, and answers are never
/// given from inside the call.
package protocol StoreKeeper: AnyObject {
    /// Why nothing can be asked now; nil: it can.
    var obstacle: String? { get }

    /// Performs the request of a phase for one upload.
    func perform(
        _ phase: UploadLife.RecoveryPhase, for subject: KeeperSubject,
        completion: @escaping (KeeperAnswer) -> Void)

    /// One page of what the store holds of unfinished uploads, whoever began them.
    ///
    /// - Parameter marker: where the page before ended; nil: from the beginning.
    func leftovers(after marker: LeftoverMarker?, completion: @escaping (LeftoverAnswer) -> Void)

    /// Ends an unfinished upload that ``leftovers(after:completion:)`` named. Its key is not touched.
    func remove(_ leftover: Leftover, completion: @escaping (KeeperAnswer) -> Void)
}

/// The upload of one record, as far as its requests name it.
package struct KeeperSubject: Equatable, Sendable {
    package let key: String
    package let recordToken: String
    /// nil where the record does not know the store's name of it.
    package let uploadID: String?
    /// The body's length, once it was counted.
    package let size: Int64?

    package init(key: String, recordToken: String, uploadID: String?, size: Int64?) {
        self.key = key
        self.recordToken = recordToken
        self.uploadID = uploadID
        self.size = size
    }
}

/// What the store said, in the words of ``UploadLife``, and in its own where it stood in the way.
package struct KeeperAnswer: Equatable, Sendable {
    package let answer: UploadLife.StoreAnswer
    /// One line for the operator.
    package let detail: String?

    package init(_ answer: UploadLife.StoreAnswer, detail: String? = nil) {
        self.answer = answer
        self.detail = detail
    }
}

/// An unfinished upload that the store holds.
package struct Leftover: Equatable, Sendable {
    /// Empty where the store does not know yet what it will be called; then the upload id is the record token.
    package let key: String
    package let uploadID: String
    /// By the store's own clock; nil where it does not say.
    package let ageMilliseconds: Int64?

    package init(key: String, uploadID: String, ageMilliseconds: Int64?) {
        self.key = key
        self.uploadID = uploadID
        self.ageMilliseconds = ageMilliseconds
    }
}

package struct LeftoverMarker: Equatable, Sendable {
    let key: String
    let uploadID: String

    package init(key: String, uploadID: String) {
        self.key = key
        self.uploadID = uploadID
    }
}

package enum LeftoverAnswer: Equatable, Sendable {
    /// `next` nil: the last page.
    case page([Leftover], next: LeftoverMarker?)
    /// One line for the operator.
    case failed(String)
}
