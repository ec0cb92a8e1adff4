import Gateway
import Linux
import ObjectStore
import StoreStates
import Testing

@Suite struct DirectoryKeeperTests {
    private static let key = "users/1/images/k.png"

    private func ask(
        _ bench: FilesBench, _ phase: UploadLife.RecoveryPhase, uploadID: String? = nil, size: Int64? = 3,
        key: String = key
    ) -> UploadLife.StoreAnswer? {
        let keeper = DirectoryKeeper(directory: bench.folder, files: bench.files)
        var answer: KeeperAnswer?
        let subject = KeeperSubject(key: key, recordToken: "token", uploadID: uploadID, size: size)
        keeper.perform(phase, for: subject) { answer = $0 }
        #expect(answer == nil)
        #expect(bench.run { answer != nil })
        return answer?.answer
    }

    private func write(_ bench: FilesBench, _ name: String, _ bytes: [UInt8] = [1, 2, 3]) throws {
        let path = bench.folder + "/" + name
        try Files.makeDirectories(Files.parent(of: path) ?? "/")
        try Files.open(path, .readWriteNew(permissions: 0o644)).writeAll(bytes.span, at: 0)
    }

    @Test func `an upload's file is called as its record's token, and recovery finds it by that`() throws {
        let bench = try FilesBench()
        let store = try DirectoryStore(directory: bench.folder, files: bench.files)
        let owner = Owner()
        let upload = store.begin(key: Self.key, contentType: "", recordToken: "token", delegate: owner)
        upload.create()
        #expect(bench.run { owner.events == [.created(uploadID: "token")] })
        #expect(ask(bench, .listing) == .listedSome)
        #expect(ask(bench, .abortingListed) == .done)
        #expect(ask(bench, .listing) == .listedNone)
        #expect(bench.names.isEmpty)
    }

    @Test func `a whole file gets its name, and no other does`() throws {
        let bench = try FilesBench()
        #expect(ask(bench, .completing, uploadID: "u") == .noSuchUpload)
        try write(bench, ".incoming/u")
        #expect(ask(bench, .completing, uploadID: "u", size: 4) == .refused)
        #expect(ask(bench, .completing, uploadID: "u", size: nil) == .refused)
        #expect(ask(bench, .completing, uploadID: "u") == .done)
        #expect(bench.names == [Self.key] && bench.bytes(Self.key) == [1, 2, 3])
        #expect(ask(bench, .completing, uploadID: "u") == .noSuchUpload)
    }

    @Test func `an object is ours by its place, and by its size where it is not taken back`() throws {
        let bench = try FilesBench()
        for phase in [UploadLife.RecoveryPhase.confirming, .deciding, .settlingPut, .takingPutBack] {
            #expect(ask(bench, phase) == .notFound)
        }
        try write(bench, Self.key)
        for phase in [UploadLife.RecoveryPhase.confirming, .deciding, .settlingPut, .settlingPutAgain] {
            #expect(ask(bench, phase) == .foundOurs)
            #expect(ask(bench, phase, size: 4) == .foundOther)
        }
        #expect(ask(bench, .takingPutBackAgain, size: 4) == .foundOurs)
    }

    /// Its name may not be on the disk yet: whoever gave it may have died, or failed, just then.
    @Test func `an object that is found has its name on the disk before the record says so`() throws {
        let bench = try FilesBench()
        try write(bench, Self.key)
        for phase in [UploadLife.RecoveryPhase.confirming, .deciding, .settlingPut, .settlingPutAgain] {
            let watch = DirectoryWatch(bench.folder + "/users/1/images")
            #expect(ask(bench, phase) == .foundOurs)
            #expect(watch.events == ["opened"])
        }
    }

    @Test func `removes the unfinished file or the object, never the other`() throws {
        let bench = try FilesBench()
        try write(bench, ".incoming/u")
        try write(bench, Self.key)
        #expect(ask(bench, .aborting, uploadID: "u") == .done)
        #expect(ask(bench, .givingUp, uploadID: "u") == .noSuchUpload)
        #expect(ask(bench, .listingRest, uploadID: "u") == .listedNone)
        #expect(ask(bench, .abortingRest, uploadID: "u") == .noSuchUpload)
        #expect(bench.names == [Self.key])
        let watch = DirectoryWatch(bench.folder + "/users/1/images")
        #expect(ask(bench, .deleting) == .done)
        #expect(watch.events == ["removed k.png", "opened"])
        #expect(ask(bench, .deletingPut) == .notFound)
    }

    @Test(arguments: ["../x", "/x", "a/../../x", ".incoming/x", "a//b", ""])
    func `a key that is no path below the directory is left alone`(key: String) throws {
        let bench = try FilesBench()
        #expect(ask(bench, .deleting, key: key) == .unknown)
        #expect(ask(bench, .completing, uploadID: "../x", key: Self.key) == .unknown)
        #expect(ask(bench, .aborting, uploadID: "a/b", key: Self.key) == .unknown)
    }

    @Test func `lists unfinished files with their age, and removes them`() throws {
        let bench = try FilesBench()
        let keeper = DirectoryKeeper(directory: bench.folder, files: bench.files)
        func list() -> [Leftover]? {
            var answer: LeftoverAnswer?
            keeper.leftovers(after: nil) { answer = $0 }
            #expect(bench.run { answer != nil })
            guard case .page(let found, next: nil)? = answer else { return nil }
            return found
        }
        #expect(list() == [])
        try write(bench, ".incoming/u")
        try write(bench, "users/1/images/other.png")
        let found = try #require(list()?.first)
        #expect(list()?.count == 1 && found.uploadID == "u" && found.key == "")
        #expect((0 ... 60_000).contains(found.ageMilliseconds ?? -1))
        var answer: KeeperAnswer?
        keeper.remove(found) { answer = $0 }
        #expect(bench.run { answer == KeeperAnswer(.done) })
        #expect(list() == [] && bench.names == ["users/1/images/other.png"])
    }
}
