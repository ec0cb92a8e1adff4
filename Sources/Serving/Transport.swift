package import Linux

/// What carries the bytes of a connection to and from the kernel, as they are: TLS is a layer above it, so that what
/// was read can be given to an engine, or not, whoever read it.
package enum Transport: ~Copyable {
    case plain(FileDescriptor)

    package enum Outcome: Equatable {
        case bytes(Int)
        case wouldBlock
        /// The peer sends no more.
        case ended
        /// The connection is broken.
        case lost
    }

    /// The descriptor to be watched.
    var raw: Int32 {
        switch self {
        case .plain(let descriptor): descriptor.raw
        }
    }

    /// Reads once, at most `bytesMax`, to the end of `buffer`.
    func receive(into buffer: inout [UInt8], bytesMax: Int) -> Outcome {
        switch self {
        case .plain(let descriptor):
            var outcome = Outcome.lost
            // Whatever error a read reports, the connection is of no use any more.
            buffer.append(addingCapacity: bytesMax) { output in
                switch try? descriptor.read(into: &output) {
                case .bytes(let count): outcome = .bytes(count)
                case .wouldBlock: outcome = .wouldBlock
                case .closed: outcome = .ended
                case nil: outcome = .lost
                }
            }
            return outcome
        }
    }

    /// Writes once from the start of `bytes`, which are not empty; with `more`, the end of our stream follows at once.
    func send(_ bytes: Span<UInt8>, more: Bool) -> Outcome {
        switch self {
        case .plain(let descriptor):
            switch try? descriptor.send(bytes, more: more) {
            case .bytes(let count): .bytes(count)
            case .wouldBlock: .wouldBlock
            case .closed, nil: .lost
            }
        }
    }

    /// Ends our stream; the peer's goes on.
    func shutdownWrite() {
        switch self {
        // A connection that is gone by now shows itself at the next read.
        case .plain(let descriptor): try? descriptor.shutdownWrite()
        }
    }
}
