import Bytes
import HTTPClient
import Linux
import ObjectStore
import Reactor
import StoreStates
import Testing

/// A loop that a test turns until something holds.
class LoopBench {
    let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    /// False when the condition does not hold after `seconds`, which is a net and measures nothing.
    func run(seconds: Int64 = 20, until condition: () -> Bool) -> Bool {
        let end = Clock.monotonicMilliseconds() + seconds * 1000
        while !condition() {
            if Clock.monotonicMilliseconds() > end { return false }
            loop.turn(timeoutMilliseconds: 50)
        }
        return true
    }

    func settle(turns: Int = 5) {
        for _ in 0..<turns { loop.turn(timeoutMilliseconds: 10) }
    }
}

/// The owner of an upload: keeps the events.
final class Owner: StoreUploadDelegate {
    private(set) var events: [StoreEvent] = []
    var onEvent: (any StoreUpload, StoreEvent) -> Void = { _, _ in }

    func upload(_ upload: any StoreUpload, did event: StoreEvent) {
        events.append(event)
        onEvent(upload, event)
    }

    var failures: [StoreFailure] {
        events.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
    }

    var parts: [StoredPart] {
        events.compactMap { if case .partStored(let part) = $0 { part } else { nil } }
    }

    var isOver: Bool {
        switch events.last {
        case .completed, .aborted: true
        case .failed(let failure): failure.step == .abort
        case .created, .partStored, nil: false
        }
    }
}

/// A body that the test feeds.
final class TestBody: RequestBodySource {
    var bytes: [UInt8]
    var isOver: Bool
    var isRewindable = true
    /// So many bytes come once more after ``rewind()``, and the others do not for now.
    var secondCount: Int?
    var fails = false
    /// Whether it says how much can be had, and by how much too much.
    var tellsReady = false
    var excessReady = 0
    var isOnDisk = false
    var readyBytes: Int { tellsReady ? bytes.count - offset + excessReady : 0 }
    private(set) var offset = 0
    private(set) var rewinds = 0

    init(_ bytes: [UInt8] = [], isOver: Bool = true) {
        self.bytes = bytes
        self.isOver = isOver
    }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if fails { return .failed }
        guard offset < bytes.count else { return isOver ? .end : .pending }
        offset += take(bytes.span.extracting(offset..<bytes.count))
        return .supplied
    }

    func rewind() -> Bool {
        guard isRewindable else { return false }
        rewinds += 1
        offset = 0
        if let secondCount {
            bytes.removeLast(bytes.count - secondCount)
            isOver = false
        }
        return true
    }

    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3 ^ $0) }
    }
}

extension StoreUpload {
    /// Create, one part after the other, Complete: what an owner does who has no trouble.
    func walk(_ bodies: [[UInt8]], owner: Owner) {
        owner.onEvent = { upload, event in
            let stored = owner.parts
            switch event {
            case .created, .partStored:
                guard stored.count < bodies.count else { return upload.complete(parts: stored) }
                let body = bodies[stored.count]
                upload.openPart(number: stored.count + 1, length: Int64(body.count), body: TestBody(body))
            case .failed(let failure): if failure.step != .abort { upload.abort() }
            case .completed, .aborted: break
            }
        }
        create()
    }
}
