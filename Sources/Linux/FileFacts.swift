internal import CLinux

/// What stat(2) says of a file.
package struct FileFacts: Equatable, Sendable {
    package let bytes: Int64
    package let isDirectory: Bool
    package let isRegularFile: Bool
    package let isSocket: Bool
    /// The twelve permission bits.
    package let permissions: UInt32
    package let owner: UInt32
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package let modifiedMilliseconds: Int64
    package let device: UInt64
    package let inode: UInt64

    init(_ status: stat) {
        bytes = Int64(status.st_size)
        // S_IFMT, S_IFDIR, S_IFREG and S_IFSOCK of inode(7).
        isDirectory = status.st_mode & 0o170000 == 0o040000
        isRegularFile = status.st_mode & 0o170000 == 0o100000
        isSocket = status.st_mode & 0o170000 == 0o140000
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
        modifiedMilliseconds = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}
