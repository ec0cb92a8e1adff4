/// What the body of a request under way goes to.
protocol BodyTaker: AnyObject {
    /// Whether what goes on too long is not the client's doing: it has sent everything, or all that it was let.
    var waitsForStore: Bool { get }

    func receive(_ bytes: Span<UInt8>)

    /// The whole body was received.
    func bodyEnded()

    /// The client has gone, or can no longer be answered.
    func clientLost()
}

extension UploadDriver: BodyTaker {}
