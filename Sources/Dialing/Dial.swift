/// One attempt to connect. Ends by itself with one call of its completion, or by ``cancel()`` with none.
package final class Dial {
    typealias Completion = (Result<Int32, DialFailure>) -> Void

    private weak var dialer: Dialer?
    /// The handle that carries it, while it runs.
    var handle: DialHandle?
    private var completion: Completion?

    init(dialer: Dialer, completion: @escaping Completion) {
        self.dialer = dialer
        self.completion = completion
    }

    /// Ends the attempt: its completion is never called.
    package func cancel() {
        completion = nil
        dialer?.cancel(self)
    }

    /// Takes the completion out, so that it runs at most once.
    func end() -> Completion? {
        defer { completion = nil }
        return completion
    }
}
