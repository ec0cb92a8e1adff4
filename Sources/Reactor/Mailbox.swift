package import Linux
internal import Synchronization

/// A bounded queue into one thread, from any. The receiver takes everything that waits in one go, and is woken only by
/// the message that finds the mailbox empty.
package final class Mailbox<Message: Sendable>: Sendable {
    /// How many messages may wait.
    package let capacity: Int

    private struct State {
        var messages: [Message] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let arrival: EventDescriptor

    package init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        arrival = try EventDescriptor()
    }

    /// Puts a message in; `false` when the mailbox is full or closed, and the message is not taken.
    package func post(_ message: Message) -> Bool {
        // How many wait now, this one included; 0: refused.
        let count = state.withLock { state in
            guard !state.isClosed, state.messages.count < capacity else { return 0 }
            state.messages.append(message)
            return state.messages.count
        }
        if count == 1 { arrival.signal() }
        return count > 0
    }

    /// Nothing is taken in any more; the receiver gets what waits, and ``waitAll(into:)`` then answers `false`.
    package func close() {
        state.withLock { $0.isClosed = true }
        arrival.signal()
    }

    /// Sleeps until messages wait and returns all of them, in order; an empty array: closed, and none is left. For a
    /// plain thread, the only receiver.
    package func waitAll() -> [Message] {
        var batch: [Message] = []
        _ = waitAll(into: &batch)
        return batch
    }

    /// As ``waitAll()`` into an array whose storage is used again (what it holds is dropped); `false`: closed and
    /// empty.
    package func waitAll(into batch: inout [Message]) -> Bool {
        while true {
            let isClosed = takeAll(into: &batch)
            if !batch.isEmpty { return true }
            if isClosed { return false }
            arrival.wait()
        }
    }

    /// Exchanges the waiting messages for the emptied storage of `batch`, without waiting; whether it is closed.
    @discardableResult
    package func takeAll(into batch: inout [Message]) -> Bool {
        batch.removeAll(keepingCapacity: true)
        return state.withLock { state in
            swap(&state.messages, &batch)
            return state.isClosed
        }
    }

    /// How many messages wait.
    package var count: Int { state.withLock { $0.messages.count } }

    var descriptor: Int32 { arrival.raw }

    func wakeReceiver() { arrival.signal() }
}

extension EventLoop {
    /// Calls `handler` with each message that is posted to the mailbox, of which this loop becomes the only receiver.
    /// Deregistering ends that.
    @discardableResult
    package func receive<Message: Sendable>(
        from mailbox: Mailbox<Message>, _ handler: @escaping (Message) -> Void
    ) throws(SystemError) -> Registration {
        let receiver = MailboxReceiver(loop: self, mailbox: mailbox, handler: handler)
        // Edge-triggered: each signal is reported once, so the counter need never be read down.
        receiver.registration = try register(mailbox.descriptor, interest: [.read, .edge], handler: receiver)
        return receiver.registration
    }
}

/// Delivers a mailbox's messages on its loop, a bounded number each turn.
private final class MailboxReceiver<Message: Sendable>: EventHandler {
    var registration = Registration.none
    private unowned let loop: EventLoop
    private let mailbox: Mailbox<Message>
    private let handler: (Message) -> Void
    private var batch: [Message] = []
    private var delivered = 0

    init(loop: EventLoop, mailbox: Mailbox<Message>, handler: @escaping (Message) -> Void) {
        self.loop = loop
        self.mailbox = mailbox
        self.handler = handler
    }

    func ready(_ events: ReadyEvents) {
        var budget = ReactorLimits.messagesPerTurnMax
        while budget > 0 {
            if delivered == batch.count {
                delivered = 0
                mailbox.takeAll(into: &batch)
                if batch.isEmpty { return }
            }
            while delivered < batch.count, budget > 0 {
                guard loop.isRegistered(registration) else { return }
                let message = batch[delivered]
                delivered += 1
                budget -= 1
                handler(message)
            }
        }
        // Out of budget, with or without a rest: a new edge for the next turn.
        mailbox.wakeReceiver()
    }
}
