import Foundation
import Linux
import ObjectStore
import Reactor

/// A loop with a files thread and a folder of its own.
final class FilesBench: LoopBench {
    let folder: String
    let thread: FilesThread
    let files: FilesPort

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/sluice-store-\(UInt64.random(in: .min ... .max))"
        try Files.makeDirectories(folder, permissions: 0o700)
        let loop = try EventLoop()
        thread = try FilesThread()
        files = try FilesPort(thread: thread, loop: loop)
        super.init(loop: loop)
    }

    deinit {
        files.close()
        thread.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The paths of all regular files below the folder, relative to it.
    var names: [String] {
        let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return all.filter { name in (try? Files.facts(folder + "/" + name))??.isRegularFile ?? false }.sorted()
    }

    func bytes(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: folder + "/" + name).map { [UInt8]($0) }
    }
}
