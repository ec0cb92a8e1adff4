import Testing

@testable import Settings

struct DescriptorBudgetTests {
    @Test func `a wide limit gives what was asked for, and every connection may upload`() {
        let budget = DescriptorBudget(openFilesMax: 524_288, connectionsMax: 10_000, spoolSlots: 64, workers: 4)
        #expect(budget.connectionsMax == 10_000)
        #expect(budget.uploadsMax == 10_000)
        #expect(budget.spoolSlots == 64)
        #expect(!budget.isTight)
    }

    @Test func `a limit of 1,024 leaves fewer connections, and says so`() {
        let budget = DescriptorBudget(openFilesMax: 1_024, connectionsMax: 10_000, spoolSlots: 64, workers: 2)
        #expect(budget.connectionsMax == 560)
        #expect(budget.uploadsMax == 280)
        #expect(budget.isTight)
    }

    @Test func `just enough for the connections leaves the uploads what remains`() {
        let budget = DescriptorBudget(openFilesMax: 20_000, connectionsMax: 10_000, spoolSlots: 64, workers: 1)
        #expect(budget.connectionsMax == 10_000)
        #expect(budget.uploadsMax == 9_828)
        #expect(!budget.isTight)
    }

    @Test(arguments: [64, 128, 200, 256, 1_024, 4_096, 20_000, 65_536, 1_048_576])
    func `the parts never add up to more than the limit, from where the limit suffices for any`(_ openFiles: Int) {
        for connections in [1, 8, 100, 10_000, 1_000_000] {
            for slots in [2, 64, 4_096] {
                for workers in [1, 2, 64] {
                    let budget = DescriptorBudget(
                        openFilesMax: openFiles, connectionsMax: connections, spoolSlots: slots, workers: workers)
                    let own = DescriptorBudget.ownDescriptors + DescriptorBudget.adminConnectionsMax
                        + DescriptorBudget.descriptorsOfWorker * workers
                    let parts = budget.connectionsMax + budget.uploadsMax + budget.spoolSlots
                    if openFiles - own >= 3 * DescriptorBudget.connectionsMin { #expect(parts + own <= openFiles) }
                    #expect(budget.connectionsMax >= min(connections, DescriptorBudget.connectionsMin))
                    #expect(budget.connectionsMax <= connections)
                    #expect((1 ... budget.connectionsMax).contains(budget.uploadsMax))
                    #expect((2 ... max(slots, 2)).contains(budget.spoolSlots))
                }
            }
        }
    }
}
