internal import Linux

/// The descriptors that one loop watches, by slot; freed slots are used again under the next generation.
package struct RegistrationTable {
    struct Slot {
        var handler: (any EventHandler)?
        var descriptor: Int32 = -1
        var generation: UInt32 = 1
        var interest: Interest = []
        /// Whether epoll knows the descriptor now: an exclusive one is taken out of it while it is paused.
        var isArmed = false
        /// A library's, which may close it at will.
        var isForeign = false
        var nextFree: UInt32 = .max
    }

    private(set) var slots: [Slot] = []
    private var firstFree = UInt32.max
    package private(set) var count = 0

    package init() {}

    package mutating func insert(
        _ descriptor: Int32, _ interest: Interest, _ handler: any EventHandler, isForeign: Bool
    ) -> Registration {
        let slot: UInt32
        if firstFree != .max {
            slot = firstFree
            firstFree = slots[Int(slot)].nextFree
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].handler = handler
        slots[Int(slot)].descriptor = descriptor
        slots[Int(slot)].interest = interest
        slots[Int(slot)].isArmed = true
        slots[Int(slot)].isForeign = isForeign
        count += 1
        return Registration(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// The slot's index while the registration stands, else nil.
    package func index(_ registration: Registration) -> Int? {
        let index = Int(registration.slot)
        guard index < slots.count, slots[index].generation == registration.generation, slots[index].handler != nil
        else { return nil }
        return index
    }

    /// The handler that a report's token is meant for, or nil: it is stale.
    package func handler(token: UInt64) -> (any EventHandler)? {
        let index = Int(UInt32(truncatingIfNeeded: token))
        guard index < slots.count, slots[index].generation == UInt32(truncatingIfNeeded: token >> 32)
        else { return nil }
        return slots[index].handler
    }

    mutating func setInterest(_ index: Int, _ interest: Interest, isArmed: Bool) {
        slots[index].interest = interest
        slots[index].isArmed = isArmed
    }

    package mutating func remove(_ index: Int) {
        slots[index].handler = nil
        slots[index].descriptor = -1
        slots[index].generation &+= 1
        slots[index].nextFree = firstFree
        firstFree = UInt32(index)
        count -= 1
    }
}
