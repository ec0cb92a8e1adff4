package import HTTPWire

/// Why a request will not come to its end.
package enum ClientLoss: Equatable, Sendable {
    /// The connection broke. No answer can reach the client.
    case reset
    /// The client ended its stream before the end of the body. It may still read an answer.
    case closedEarly
    /// The body is malformed.
    case malformed(WireRefusal)
    /// No body byte came for too long, or they came too slowly.
    case bodyTooSlow
    /// The whole request took too long: the body is not complete, or the response is not there.
    case requestTooLong
    /// The server closes its connections.
    case shutDown

    /// Whether an answer may still reach the client.
    package var canBeAnswered: Bool { self != .reset && self != .shutDown }
}

/// What answers the requests of one connection, one after the other. Made once for each connection.
///
/// For each request: ``head(_:bytes:connection:)``, then ``body(_:)`` any number of times and ``bodyEnd()``, and at any
/// point of it, or later, exactly one ``Connection/respond(_:)``; after that, nothing more for this request. Instead of
/// the rest, ``clientGone(_:)`` may come.
package protocol RequestHandler: AnyObject {
    /// A request begins. `bytes` is what the head's slices point into, valid during the call.
    func head(_ head: RequestHead, bytes: Span<UInt8>, connection: Connection)

    /// Body bytes, never none, valid during the call. They are the handler's: there is no way to take only some.
    func body(_ bytes: Span<UInt8>)

    /// The whole body was handed over; also for a request without one.
    func bodyEnd()

    /// The answer to a head that is not one. No request is under way; `origin` is the value of its `Origin` field
    /// where that was read.
    func wireRefusal(_ refusal: WireRefusal, origin: [UInt8]?) -> Response

    /// The answer to a head that did not come in time. No request is under way.
    func headTimeout(origin: [UInt8]?) -> Response

    /// The request under way is lost: give up what it holds. Where the loss ``ClientLoss/canBeAnswered``, the handler
    /// may respond during this call; otherwise the connection is closed without a word, but a malformed body is
    /// answered with ``wireRefusal(_:origin:)``.
    func clientGone(_ loss: ClientLoss)
}
