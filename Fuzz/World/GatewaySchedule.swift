package import FuzzBasics

/// Fuzzes the whole core as a schedule: an input is the script of a ``GatewayWorld``, and every invariant of it has to
/// hold whatever happens in whichever order.
package enum GatewaySchedule {
    package static func run(_ script: Span<UInt8>) throws(OracleFailure) {
        // The tables do not depend on a script.
        if script.count < 2, let fault = GatewayWorld.checkTable() { throw OracleFailure(fault) }
        let world = GatewayWorld(WorldChoices(script))
        world.run()
        guard !world.violations.isEmpty else { return }
        // Once more, to tell what happened.
        let again = GatewayWorld(WorldChoices(script), isTracing: true)
        again.run()
        throw OracleFailure(
            world.violations.joined(separator: "; ") + "\n" + again.trace.joined(separator: "\n"))
    }
}
