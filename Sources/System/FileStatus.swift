import Glibc

/// Facts about a file.
public struct FileStatus: Sendable, Hashable {
    /// The kinds of file that callers tell apart.
    public enum FileType: Sendable, Hashable {
        /// A regular file.
        case regular
        /// A directory.
        case directory
        /// A socket of unix(7).
        case socket
        /// A link, a device, a pipe.
        case other
    }

    /// The kind of file.
    public let type: FileType
    /// The length in bytes.
    public let byteCount: Int64
    /// The last change of the content.
    public let modifiedAt: WallTime
    /// The file system that it lies on.
    public let device: UInt64
    /// Its number there.
    public let number: UInt64

    init(_ facts: stat) {
        type =
            switch facts.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFSOCK: .socket
            default: .other
            }
        byteCount = Int64(facts.st_size)
        modifiedAt = WallTime(facts.st_mtim)
        device = UInt64(facts.st_dev)
        number = UInt64(facts.st_ino)
    }
}
