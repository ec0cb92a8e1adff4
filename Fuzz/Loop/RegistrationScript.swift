internal import Bytes
package import FuzzBasics
internal import FuzzPlain
internal import Reactor

/// Fuzzes the table of what an event loop watches: whoever is watched hears its own reports, and a report that comes
/// late reaches neither who was watched before nor the next owner of the place.
///
/// An input is a script: a byte says what is done, and where something is taken out of the table the next one says
/// what, of all that ever were in it.
package enum RegistrationScript {
    private static let stepsMax = 96

    private final class Owner: EventHandler {
        func ready(_ events: ReadyEvents) {}
    }

    /// What is right, in a plain list: nothing in it is ever used again.
    private struct Known {
        let registration: Registration
        let owner: Owner
        var isWatched = true
    }

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        var choices = Choices(input)
        var table = RegistrationTable()
        var known: [Known] = []
        for step in 0 ..< min(input.count, stepsMax) {
            if choices.number(under: 3) == 2, !known.isEmpty {
                let chosen = choices.number(under: known.count)
                if let index = table.index(known[chosen].registration) {
                    guard known[chosen].isWatched else { throw OracleFailure("what was taken out is found again") }
                    table.remove(index)
                }
                known[chosen].isWatched = false
            } else {
                let owner = Owner()
                let registration = table.insert(Int32(truncatingIfNeeded: step), [], owner, isForeign: false)
                known.append(Known(registration: registration, owner: owner))
            }
            try check(table, known)
        }
    }

    private static func check(_ table: RegistrationTable, _ known: [Known]) throws(OracleFailure) {
        guard table.count == known.count(where: \.isWatched) else { throw OracleFailure("\(table.count) are watched") }
        for one in known {
            let heard = table.handler(token: one.registration.token)
            guard one.isWatched else {
                guard heard == nil, table.index(one.registration) == nil
                else { throw OracleFailure("a report for one that was taken out reaches somebody") }
                continue
            }
            guard heard === one.owner, table.index(one.registration) != nil
            else { throw OracleFailure("a report does not reach the one that is watched") }
        }
        guard table.handler(token: Registration.none.token) == nil else { throw OracleFailure("a report of nothing") }
    }
}
