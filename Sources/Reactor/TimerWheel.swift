/// Names a timer; stale names are harmless.
package struct TimerID: Hashable, Sendable {
    let index: UInt32
    let generation: UInt32

    /// A name that no timer has.
    package static let none = TimerID(index: .max, generation: 0)
}

/// Timers in a hierarchy of wheels: scheduling, cancelling and expiring are O(1).
///
/// Six wheels of 64 slots; a slot of wheel *n* spans 64ⁿ ticks. A timer waits in the wheel of the highest six-bit group
/// in which its tick differs from the present one, and moves down as the present reaches its slot. Each wheel keeps a
/// bit per slot, so the next slot in use is found by counting zeros. Entries are linked by index within one array: a
/// warm wheel allocates nothing.
package struct TimerWheel<Payload> {
    /// The wheel ends after 64⁶ ticks (21 years of 10 ms); what is due later is due then.
    private static var lastTick: Int64 { 1 << 36 - 1 }
    private static var levels: Int { 6 }

    private struct Entry {
        var payload: Payload?
        var tick: Int64 = 0
        var generation: UInt32 = 1
        /// The list it is in, `level * 64 + slot`; -1 when free.
        var list: Int32 = -1
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    private var entries: [Entry] = []
    private var heads = [Int32](repeating: -1, count: 6 * 64)
    private var tails = [Int32](repeating: -1, count: 6 * 64)
    private var occupied = [UInt64](repeating: 0, count: 6)
    private var free: Int32 = -1
    /// The present: every timer due before it has been handed out.
    package private(set) var tick: Int64
    /// How many timers wait.
    package private(set) var count = 0

    package init(tick: Int64 = 0) { self.tick = tick }

    /// Adds a timer due at `tick`; a tick that is past is due at once.
    package mutating func schedule(at due: Int64, _ payload: Payload) -> TimerID {
        let index = takeFree()
        entries[index].payload = payload
        entries[index].tick = min(max(due, tick), Self.lastTick)
        append(index)
        count += 1
        return TimerID(index: UInt32(index), generation: entries[index].generation)
    }

    /// Takes the timer out; whether it was still waiting.
    @discardableResult
    package mutating func cancel(_ id: TimerID) -> Bool {
        let index = Int(id.index)
        guard index < entries.count, entries[index].generation == id.generation, entries[index].list >= 0
        else { return false }
        unlink(index)
        release(index)
        return true
    }

    /// The tick at which ``popExpired(at:)`` is next worth calling: the next timer's own, or an earlier one at which
    /// timers move down a wheel. Nil: no timer waits.
    package var nextTick: Int64? { nextSlot()?.tick }

    /// The next timer that is due at `now`, in the order of their ticks, and of their scheduling within a tick; nil
    /// when there is none, and then the present is `now`.
    package mutating func popExpired(at now: Int64) -> (id: TimerID, payload: Payload)? {
        while let slot = nextSlot(), slot.tick <= now {
            tick = max(tick, slot.tick)
            guard slot.list >= 64 else {
                let index = Int(heads[slot.list])
                let id = TimerID(index: UInt32(index), generation: entries[index].generation)
                unlink(index)
                let payload = entries[index].payload.take()
                release(index)
                guard let payload else { continue }
                return (id, payload)
            }
            moveDown(slot.list)
        }
        tick = max(tick, min(now, Self.lastTick))
        return nil
    }

    /// The earliest list in use and the tick at which it comes up. A lower wheel's timers are all due before a higher
    /// one's, since they agree with the present in all higher groups.
    private func nextSlot() -> (list: Int, tick: Int64)? {
        for level in 0 ..< Self.levels where occupied[level] != 0 {
            let shift = Int64(6 * level)
            // Nothing lies behind the present in its own wheel: a timer there would differ in a higher group.
            let slot = occupied[level].trailingZeroBitCount
            let turnStart = (tick >> (shift + 6)) << (shift + 6)
            return (level * 64 + slot, max(turnStart | Int64(slot) << shift, tick))
        }
        return nil
    }

    private mutating func moveDown(_ list: Int) {
        var index = heads[list]
        heads[list] = -1
        tails[list] = -1
        occupied[list >> 6] &= ~(1 << UInt64(list & 63))
        while index >= 0 {
            let next = entries[Int(index)].next
            append(Int(index))
            index = next
        }
    }

    private mutating func append(_ index: Int) {
        let due = entries[index].tick
        let difference = UInt64(bitPattern: due ^ tick) | 63
        let level = (63 - difference.leadingZeroBitCount) / 6
        let slot = Int(due >> Int64(6 * level)) & 63
        let list = level * 64 + slot
        let last = tails[list]
        entries[index].list = Int32(list)
        entries[index].next = -1
        entries[index].previous = last
        if last >= 0 { entries[Int(last)].next = Int32(index) } else { heads[list] = Int32(index) }
        tails[list] = Int32(index)
        occupied[level] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ index: Int) {
        let list = Int(entries[index].list)
        let next = entries[index].next
        let previous = entries[index].previous
        if previous >= 0 { entries[Int(previous)].next = next } else { heads[list] = next }
        if next >= 0 { entries[Int(next)].previous = previous } else { tails[list] = previous }
        if heads[list] < 0 { occupied[list >> 6] &= ~(1 << UInt64(list & 63)) }
    }

    private mutating func takeFree() -> Int {
        guard free >= 0 else {
            entries.append(Entry(payload: nil))
            return entries.count - 1
        }
        let index = Int(free)
        free = entries[index].next
        return index
    }

    private mutating func release(_ index: Int) {
        entries[index].payload = nil
        entries[index].generation &+= 1
        entries[index].list = -1
        entries[index].next = free
        free = Int32(index)
        count -= 1
    }
}
