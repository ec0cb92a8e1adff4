/// Where a streamed request body comes from.
package protocol RequestBodySource: AnyObject {
    /// Offers the next contiguous bytes to `take`, which answers how many of them it took (at least one of a
    /// non-empty span); those are gone from the source. `take` is called at most once a call.
    ///
    /// It runs in the middle of the transfer: it may cancel or resume any transfer, this one too.
    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply

    /// Goes back to the first byte, for a server that asks for the body again (a connection that died while idle,
    /// 417 to `Expect`). False where the first bytes are gone; the transfer then fails.
    func rewind() -> Bool

    /// How many bytes can be had now without waiting, as far as that is known.
    var readyBytes: Int { get }

    /// Whether all of it is on a disk: it waits for nobody who might be slow.
    var isOnDisk: Bool { get }
}

extension RequestBodySource {
    package var readyBytes: Int { 0 }

    package var isOnDisk: Bool { false }
}
