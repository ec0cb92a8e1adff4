internal import HTTPClient
internal import Reactor
internal import StoreStates

/// Performs what a ``StoreBreakerState`` asks for: its one timer, its one probe.
final class StoreBreaker {
    private let loop: EventLoop
    private let jitter: (ClosedRange<Int64>) -> Int64
    private var state: StoreBreakerState
    /// Asks the store for a sign of life; nil: it cannot be asked.
    private let probe: (_ completion: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void) -> HTTPTransfer?
    private let onChange: (StoreBreakerCondition, String) -> Void
    private var timer: TimerID?
    private var transfer: HTTPTransfer?

    init(
        limits: StoreBreakerLimits, loop: EventLoop, jitter: @escaping (ClosedRange<Int64>) -> Int64,
        probe: @escaping (@escaping (Result<HTTPResponse, HTTPFailure>) -> Void) -> HTTPTransfer?,
        onChange: @escaping (StoreBreakerCondition, String) -> Void
    ) {
        self.loop = loop
        self.jitter = jitter
        self.probe = probe
        self.onChange = onChange
        state = StoreBreakerState(limits: limits)
    }

    /// Nothing but a probe is to be asked of the store.
    var isOpen: Bool { state.condition == .open }

    /// Why it opened.
    var detail: String { state.detail }

    func succeeded(_ kind: StoreBreakerState.Kind) {
        change { $0.succeeded(kind) }
    }

    func failed(_ kind: StoreBreakerState.Kind, detail: String) {
        let now = loop.now
        change { $0.failed(kind, detail: detail, now: now) }
    }

    func admission() -> StoreAdmission {
        guard let seconds = state.refusalSeconds(now: loop.now) else { return .admitted }
        return .refused(retryAfterSeconds: seconds, detail: "the store is down: " + state.detail)
    }

    /// Whether an upload may send its first request now.
    func admitsRequest() -> Bool { state.admitsRequest(now: loop.now) }

    private func change(_ event: (inout StoreBreakerState) -> StoreBreakerState.Effect) {
        let before = state.condition
        let effect = event(&state)
        if state.condition != before { onChange(state.condition, state.detail) }
        switch effect {
        case .none: break
        case .stop: stop()
        case .wait(let milliseconds):
            stop()
            // Workers, and gateways, need not all ask at the same time.
            let delay = milliseconds - jitter(0...milliseconds / 2)
            timer = loop.schedule(afterMilliseconds: delay) { [weak self] in
                self?.timer = nil
                self?.change { $0.waited() }
            }
        case .probe: sendProbe()
        }
    }

    private func stop() {
        if let timer { loop.cancel(timer) }
        timer = nil
        transfer?.cancel()
        transfer = nil
    }

    private func sendProbe() {
        transfer = probe { [weak self] result in
            guard let self else { return }
            transfer = nil
            let now = loop.now
            switch result {
            case .success(let response):
                let probe = StoreBreakerState.Probe(status: response.status)
                change { $0.probed(probe, detail: "the probe got HTTP \(response.status)", now: now) }
            case .failure(let failure):
                change { $0.probed(.silent, detail: "the probe got no answer: \(failure.detail)", now: now) }
            }
        }
        guard transfer == nil else { return }
        // What is missing for a request is told to whoever wants to upload.
        let now = loop.now
        change { $0.probed(.alive, detail: "", now: now) }
    }
}
