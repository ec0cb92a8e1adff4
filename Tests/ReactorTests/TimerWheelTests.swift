import Testing

@testable import Reactor

@Suite struct TimerWheelTests {
    /// What fires up to and including `now`, in order.
    private func fired(_ wheel: inout TimerWheel<Int>, at now: Int64) -> [Int] {
        var result: [Int] = []
        while let (_, payload) = wheel.popExpired(at: now) { result.append(payload) }
        return result
    }

    @Test func `fires at its tick and not before, in every wheel`() {
        for due: Int64 in [1, 63, 64, 65, 4_095, 4_096, 4_097, 262_143, 262_144, 16_777_216, 1_073_741_824] {
            var wheel = TimerWheel<Int>()
            _ = wheel.schedule(at: due, 7)
            #expect(fired(&wheel, at: due - 1) == [])
            #expect(wheel.count == 1)
            #expect(fired(&wheel, at: due) == [7])
            #expect(wheel.nextTick == nil)
        }
    }

    @Test func `a timer that is past is due at once`() {
        var wheel = TimerWheel<Int>(tick: 1_000)
        _ = wheel.schedule(at: 3, 1)
        #expect(fired(&wheel, at: 1_000) == [1])
    }

    @Test func `a cancelled timer never fires and its name is stale for the next`() {
        var wheel = TimerWheel<Int>()
        let first = wheel.schedule(at: 5, 1)
        var cancelled = [wheel.cancel(first), wheel.cancel(first)]
        let second = wheel.schedule(at: 5, 2)
        cancelled.append(wheel.cancel(first))
        #expect(fired(&wheel, at: 9) == [2])
        cancelled += [wheel.cancel(second), wheel.cancel(.none)]
        #expect(cancelled == [true, false, false, false, false])
    }

    @Test func `fires in the order of scheduling within a tick`() {
        var wheel = TimerWheel<Int>()
        for number in 0 ..< 10 { _ = wheel.schedule(at: 700, number) }
        #expect(fired(&wheel, at: 699) == [])
        #expect(fired(&wheel, at: 700) == Array(0 ..< 10))
    }

    @Test func `sleeping until the next tick loses no timer and wakes few times`() {
        var wheel = TimerWheel<Int>()
        _ = wheel.schedule(at: 1_000_000, 1)
        var wakes = 0
        var result: [Int] = []
        while let next = wheel.nextTick {
            wakes += 1
            result += fired(&wheel, at: next)
        }
        #expect(result == [1])
        #expect(wheel.tick == 1_000_000)
        #expect(wakes <= 6)
    }

    /// Against a sorted list, with a seed that reproduces the run.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `agrees with a sorted list over random schedules, cancels and leaps`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var wheel = TimerWheel<Int>()
        var model: [(due: Int64, order: Int, id: TimerID)] = []
        var now: Int64 = 0
        for order in 0 ..< 20_000 {
            switch random.next() % 4 {
            case 0, 1:
                let span = Int64(1) << Int64(random.next() % 22)
                let due = now + Int64(random.next() % UInt64(span))
                model.append((due, order, wheel.schedule(at: due, order)))
            case 2 where !model.isEmpty:
                let victim = model.remove(at: Int(random.next() % UInt64(model.count)))
                let isCancelled = wheel.cancel(victim.id)
                #expect(isCancelled)
            default:
                now += Int64(random.next() % (random.next() % 8 == 0 ? 300_000 : 100))
                let due = model.filter { $0.due <= now }.map(\.order)
                model.removeAll { $0.due <= now }
                let result = fired(&wheel, at: now)
                guard result.sorted() == due.sorted() else {
                    Issue.record("seed \(seed) at \(now): fired \(result), expected \(due)")
                    return
                }
            }
            #expect(wheel.count == model.count)
            if let next = wheel.nextTick, let earliest = model.map(\.due).min() { #expect(next <= earliest) }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
