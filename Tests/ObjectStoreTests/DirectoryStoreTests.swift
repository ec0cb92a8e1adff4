import Bytes
import Linux
import ObjectStore
import Reactor
import StoreStates
import Testing

@Suite struct DirectoryStoreTests {
    static func begin(
        _ store: DirectoryStore, _ owner: Owner, key: String = "users/1/images/a é.png"
    ) -> any StoreUpload {
        store.begin(key: key, contentType: "image/png", recordToken: "t", delegate: owner)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 1_000_000]) func `stores what was sent`(count: Int) throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        let owner = Owner()
        let bodies = [TestBody.pattern(count), TestBody.pattern(70_000)]
        let upload = Self.begin(store, owner)
        upload.walk(bodies, owner: owner)
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .completed)
        #expect(owner.parts.map(\.length) == [Int64(count), 70_000])
        #expect(bench.names == ["users/1/images/a é.png"])
        #expect(bench.bytes("users/1/images/a é.png") == bodies[0] + bodies[1])
        #expect(store.path(ofKey: "users/1/images/a é.png") == bench.folder + "/users/1/images/a é.png")
        #expect(store.openCount == 0)
        #expect(store.admission() == .admitted)
    }

    @Test func `a part waits for its source`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        let owner = Owner()
        let upload = Self.begin(store, owner, key: "k")
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody(isOver: false)
        upload.openPart(number: 1, length: 300_000, body: body)
        for _ in 0..<30 {
            bench.settle(turns: 1)
            #expect(owner.parts.isEmpty)
            body.bytes += TestBody.pattern(10_000)
            upload.bodyAvailable()
        }
        #expect(bench.run { owner.parts.count == 1 })
        upload.complete(parts: owner.parts)
        #expect(bench.run { owner.isOver })
        #expect(bench.bytes("k") == body.bytes)
    }

    @Test func `the source is not read faster than the disk writes`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        let owner = Owner()
        let upload = Self.begin(store, owner, key: "k")
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody(TestBody.pattern(1_000_000))
        upload.openPart(number: 1, length: 1_000_000, body: body)
        var jobsMax = 0
        let isStored = bench.run {
            jobsMax = max(jobsMax, bench.files.jobCount)
            return !owner.parts.isEmpty
        }
        #expect(isStored)
        #expect(jobsMax == 2)
        upload.abort()
        #expect(bench.run { owner.isOver })
    }

    @Test func `aborted at whatever turn, nothing is left`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        for turns in 0..<16 {
            let owner = Owner()
            let upload = Self.begin(store, owner, key: "d/k\(turns)")
            upload.walk([TestBody.pattern(200_000), [2]], owner: owner)
            for _ in 0..<turns where !owner.isOver { bench.loop.turn(timeoutMilliseconds: 1) }
            upload.abort()
            #expect(bench.run { owner.isOver })
            #expect(owner.events.last == (bench.bytes("d/k\(turns)") == nil ? .aborted : .completed))
            #expect(store.openCount == 0)
        }
        #expect(bench.names.allSatisfy { $0.hasPrefix("d/k") })
    }

    @Test(arguments: ["../x", "a/../../x", "/x", "a//b", "", ".", "a/.", "a\u{0}b", ".incoming/x", "x/"])
    func `a key that is no path below the directory is refused`(key: String) throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        #expect(store.path(ofKey: key) == nil)
        let owner = Owner()
        Self.begin(store, owner, key: key).walk([[1]], owner: owner)
        #expect(bench.run { owner.isOver })
        #expect(owner.failures.first?.kind == .clientSide)
        #expect(owner.events.last == .aborted)
        #expect(bench.names.isEmpty)
    }

    @Test func `a directory in the way is a failure that names the path, and nothing is left`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        try Files.makeDirectories(bench.folder + "/taken/inside")
        let owner = Owner()
        Self.begin(store, owner, key: "taken").walk([[1]], owner: owner)
        #expect(bench.run(until: { !owner.failures.isEmpty }))
        #expect(owner.failures.first?.step == .complete)
        #expect(owner.failures.first?.detail.contains("/taken") == true)
        #expect(bench.names.count <= 1)
    }

    @Test func `the names of a new store's directories reach the disk`() throws {
        let bench = try FilesBench()
        let base = DirectoryWatch(bench.folder)
        _ = try DirectoryStore(directory: bench.folder + "/new/store", files: bench.files)
        #expect(base.events == ["made new", "opened"])
        let inner = DirectoryWatch(bench.folder + "/new")
        _ = try DirectoryStore(directory: bench.folder + "/new/store", files: bench.files)
        #expect(inner.events.isEmpty)
        _ = try DirectoryStore(directory: bench.folder + "/new/other", files: bench.files)
        #expect(inner.events == ["made other", "opened"])
    }

    @Test func `the removal of a name reaches the disk before the upload is gone`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        try Files.makeDirectories(bench.folder + "/d")
        _ = try Files.open(bench.folder + "/d/k", .readWriteNew(permissions: 0o644))
        let owner = Owner()
        let upload = Self.begin(store, owner, key: "d/k")
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        // The rename finds nothing, so nobody knows what the name stands for.
        let incoming = bench.folder + "/.incoming/"
        for name in try Files.list(incoming) { try Files.unlink(incoming + name) }
        upload.complete(parts: [])
        #expect(bench.run { !owner.failures.isEmpty })
        let watch = DirectoryWatch(bench.folder + "/d")
        upload.abort()
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .aborted)
        #expect(watch.events == ["removed k", "opened"])
    }

    @Test func `a source that fails leaves nothing`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        let owner = Owner()
        let upload = Self.begin(store, owner, key: "k")
        owner.onEvent = { upload, event in
            if case .created = event { upload.openPart(number: 1, length: 10, body: TestBody([1, 2])) }
            if case .failed = event { upload.abort() }
        }
        upload.create()
        #expect(bench.run { owner.isOver })
        #expect(owner.failures.first?.kind == .clientSide)
        #expect(bench.names.isEmpty)
    }
}
