import Bytes
import HTTPClient
import Linux
import ObjectStore
import Reactor
import Testing

@Suite struct SpoolTests {
    /// Keeps what a slot says.
    final class Owner: SpoolSlotDelegate {
        var rooms = 0
        var readables = 0
        var errors: [SystemError] = []

        func spoolHasRoom(_ slot: SpoolSlot) { rooms += 1 }
        func spoolIsReadable(_ slot: SpoolSlot) { readables += 1 }
        func spool(_ slot: SpoolSlot, failed error: SystemError) { errors.append(error) }
    }

    static func take(_ spool: Spool, _ bench: FilesBench, _ owner: Owner) throws -> SpoolSlot {
        try #require(spool.takeSlot(files: bench.files, delegate: owner))
    }

    /// Everything that the slot supplies, at most `step` bytes at a time.
    static func readAll(_ slot: SpoolSlot, _ bench: FilesBench, step: Int = .max) -> [UInt8]? {
        var bytes: [UInt8] = []
        var waits = 0
        while waits < 200 {
            let supply = slot.next { span in
                let count = min(step, span.count)
                bytes.append(contentsOf: span.extracting(0..<count))
                return count
            }
            switch supply {
            case .supplied: continue
            case .pending:
                waits += 1
                bench.loop.turn(timeoutMilliseconds: 100)
            case .end: return bytes
            case .failed: return nil
            }
        }
        return nil
    }

    static func append(_ bytes: [UInt8], to slot: SpoolSlot) { slot.append(bytes.span) }

    @Test(arguments: [0, 1, 65_536, 65_537, 400_000])
    func `gives back what was appended, again and again`(count: Int) throws {
        let bench = try FilesBench()
        let spool = try Spool(directory: bench.folder, slotsMax: 2)
        let owner = Owner()
        let slot = try Self.take(spool, bench, owner)
        for round in 0..<3 {
            let bytes = TestBody.pattern(count + round)
            for start in stride(from: 0, to: bytes.count, by: 7_000) {
                Self.append(Array(bytes[start..<min(start + 7_000, bytes.count)]), to: slot)
            }
            slot.finish()
            #expect(slot.length == Int64(bytes.count))
            #expect(Self.readAll(slot, bench) == bytes)
            #expect(slot.rewind())
            #expect(Self.readAll(slot, bench, step: 10_000) == bytes)
            slot.removeAll()
        }
        #expect(bench.names.isEmpty, "the file has no name")
        slot.close()
        #expect(spool.usedCount == 0)
    }

    @Test func `rewinding in the middle begins at the first byte`() throws {
        let bench = try FilesBench()
        let spool = try Spool(directory: bench.folder, slotsMax: 1)
        let slot = try Self.take(spool, bench, Owner())
        let bytes = TestBody.pattern(300_000)
        Self.append(bytes, to: slot)
        slot.finish()
        for turns in 0..<6 {
            _ = slot.next { min($0.count, 1_000) }
            for _ in 0..<turns { bench.loop.turn(timeoutMilliseconds: 1) }
            _ = slot.next { $0.count }
            #expect(slot.rewind())
            // Blocks that were read for the reader before must not reach this one.
            #expect(Self.readAll(slot, bench) == bytes)
            #expect(slot.rewind())
        }
        slot.close()
    }

    @Test func `slots are bounded, and come back`() throws {
        let bench = try FilesBench()
        let spool = try Spool(directory: bench.folder, slotsMax: 2)
        let owner = Owner()
        let one = try Self.take(spool, bench, owner)
        let two = try Self.take(spool, bench, owner)
        #expect(spool.takeSlot(files: bench.files, delegate: owner) == nil)
        one.close()
        one.close()
        #expect(spool.usedCount == 1)
        let three = try Self.take(spool, bench, owner)
        two.close()
        three.close()
        #expect(spool.usedCount == 0)
        bench.settle()
        #expect(bench.files.jobCount == 0)
    }

    @Test func `appending stops where the disk does not follow, and goes on`() throws {
        let bench = try FilesBench()
        let spool = try Spool(directory: bench.folder, slotsMax: 1)
        let owner = Owner()
        let slot = try Self.take(spool, bench, owner)
        let bytes = TestBody.pattern(1 << 20)
        var offset = 0
        var waits = 0
        while offset < bytes.count {
            if slot.hasRoom {
                let end = min(offset + 50_000, bytes.count)
                Self.append(Array(bytes[offset..<end]), to: slot)
                offset = end
            } else {
                waits += 1
                let rooms = owner.rooms
                #expect(bench.run { owner.rooms > rooms })
            }
        }
        // Nothing is written before the loop turns, so a bound there must be met.
        #expect(waits > 0)
        slot.finish()
        #expect(Self.readAll(slot, bench) == bytes)
        slot.close()
    }

    @Test func `a directory that is not there is found at the start`() {
        #expect(throws: SystemError.self) { try Spool(directory: "/nowhere/at/all", slotsMax: 1) }
    }

    @Test func `a disk that fails later fails the slot and its reader`() throws {
        let bench = try FilesBench()
        try Files.makeDirectories(bench.folder + "/spool")
        let spool = try Spool(directory: bench.folder + "/spool", slotsMax: 1)
        try Files.removeDirectory(bench.folder + "/spool")
        let owner = Owner()
        let slot = try Self.take(spool, bench, owner)
        Self.append([1, 2, 3], to: slot)
        slot.finish()
        _ = slot.next { $0.count }
        #expect(bench.run { !owner.errors.isEmpty })
        #expect(owner.readables == 1)
        #expect(Self.readAll(slot, bench) == nil)
        #expect(!slot.rewind())
        slot.close()
        #expect(spool.usedCount == 0)
    }
}
