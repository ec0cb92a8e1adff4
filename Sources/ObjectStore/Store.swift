package import HTTPClient
package import StoreStates

/// Where images go. A store belongs to one worker; so does everything that it makes.
package protocol UploadStore: AnyObject {
    /// A new upload, of which the store knows nothing before ``StoreUpload/create()``.
    ///
    /// - Parameters:
    ///   - key: the object's key, unencoded.
    ///   - contentType: what the store answers as `Content-Type` of the object.
    ///   - recordToken: random text of the record, kept with the object (`x-amz-meta-sluice-id`): it tells our object
    ///     from another under the same key when an answer was lost.
    func begin(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> any StoreUpload

    /// A new upload that is one request; nil where the store has no such request.
    func beginPut(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> (any StorePut)?

    /// What stands before the percent-encoded key in an `imageUrl`, ending in `/`; nil where it depends on the host
    /// that the client speaks to.
    var publicBase: String? { get }

    /// Whether another upload may begin now. It is asked for each before its body is read; a yes is no promise, and
    /// uses nothing up.
    func admission() -> StoreAdmission

    /// Uploads that are not over yet, those that are aborted in the background included. A drain waits for 0.
    var openCount: Int { get }
}

extension UploadStore {
    package func beginPut(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> (any StorePut)? { nil }
}

/// One upload at a store. Every call is answered through the delegate, never from inside the call.
///
/// The order is create, then parts one after the other from 1 on, then complete; each waits for the answer of the one
/// before. After `failed` nothing but ``abort()`` makes sense, and it must come: it is what keeps parts of dead
/// uploads from being stored, and paid for, for ever.
package protocol StoreUpload: AnyObject {
    /// Opens the upload: answered by `created` or `failed`.
    func create()

    /// Sends a part of exactly `length` bytes: answered by `partStored` or `failed`. A part that is refused for a
    /// while is sent again where `body` can rewind.
    func openPart(number: Int, length: Int64, body: any RequestBodySource)

    /// The open part's source, which said `pending`, has bytes again (or has failed).
    func bodyAvailable()

    /// Puts the parts together: answered by `completed` or `failed`. A lost answer is settled first (design § 4).
    func complete(parts: [StoredPart])

    /// Gives the upload up, whatever step it is at: answered by `aborted`, or by `failed` of step `abort` when the
    /// bounded attempts are over, or by `completed` when a Complete under way turns out to have won. Tries again on
    /// its own; the request that it was for need not wait. A second call changes nothing.
    func abort()
}

/// One upload at a store that is one request. Every call is answered through the delegate, never from inside the call.
///
/// The object comes to be with the last byte of the body: whoever must not have it yet withholds that.
package protocol StorePut: AnyObject {
    /// Sends an object of exactly `length` bytes: answered by `completed` or `failed`. Of a failure of the kind
    /// `ambiguous` the object may be there, or yet come to be.
    func put(length: Int64, body: any RequestBodySource)

    /// The source, which said `pending`, has bytes again (or has failed).
    func bodyAvailable()

    /// Takes the object back, after `completed` and `failed` too, and deletes what is there of it. Answered by
    /// `aborted`, or by `failed` of step `abort` when the bounded attempts are over or it cannot be known that nothing
    /// will come. After an ambiguous failure the answer takes a quarter of an hour. A second call changes nothing.
    func abort()

    /// Lets go of it without another request and without an answer.
    func leave()
}

/// Told what becomes of an upload, which keeps it as long as there is something to be told.
package protocol StoreUploadDelegate: AnyObject {
    func upload(_ upload: any StoreUpload, did event: StoreEvent)
}
