internal import CLinux

/// What statfs(2) says of the file system that a path is on.
package struct FileSystemFacts: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case local
        /// tmpfs, ramfs: gone with the machine's power.
        case memory
        /// Other machines may have it mounted, and mmap(2) and locks may not reach them.
        case network
        /// FUSE: a program decides what fsync means.
        case userSpace
    }

    package let kind: Kind
    package let isReadOnly: Bool
    /// For users without privileges.
    package let freeBytes: Int64
    /// nil: the file system does not count them.
    package let freeFiles: Int64?

    package init(of path: String) throws(SystemError) {
        var status = statfs()
        _ = try SystemCall.value("statfs \(path)") { unsafe statfs(path, &status) }
        kind = Self.kinds[UInt32(truncatingIfNeeded: status.f_type)] ?? .local
        // ST_RDONLY, the same in f_flags as in statvfs(3).
        isReadOnly = status.f_flags & 1 != 0
        freeBytes = Self.bytes(blocks: UInt64(status.f_bavail), blockBytes: UInt64(clamping: status.f_bsize))
        freeFiles = status.f_files == 0 ? nil : Int64(clamping: status.f_ffree)
    }

    /// The largest number where that is too many: programs behind FUSE may say what they like, all ones for "no bound".
    static func bytes(blocks: UInt64, blockBytes: UInt64) -> Int64 {
        let (product, isTooMany) = blocks.multipliedReportingOverflow(by: blockBytes)
        return isTooMany ? .max : Int64(clamping: product)
    }

    /// The numbers of linux/magic.h and of statfs(2).
    private static let kinds: [UInt32: Kind] = [
        0x0102_1994: .memory, 0x8584_58F6: .memory,
        // NFS, SMB, CIFS, SMB2, AFS, 9P, Ceph, Coda, GFS2, OCFS2, Lustre
        0x6969: .network, 0x517B: .network, 0xFF53_4D42: .network, 0xFE53_4D42: .network, 0x5346_414F: .network,
        0x0102_1997: .network, 0x00C3_6400: .network, 0x7375_7245: .network, 0x0116_1970: .network,
        0x7461_636F: .network, 0x0BD0_0BD0: .network,
        0x6573_5546: .userSpace,
    ]
}

extension Files {
    /// Whether this process may make files in a directory, as far as rights go (access(2)).
    package static func mayWrite(in directory: String) -> Bool { unsafe access(directory, W_OK | X_OK) == 0 }
}
