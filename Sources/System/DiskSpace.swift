import Glibc

/// The room on the file system that holds a path (statvfs(3)).
public struct DiskSpace: Sendable, Hashable {
    /// The size in bytes.
    public let totalBytes: Int64
    /// The bytes that a process without privileges can still write.
    public let freeBytes: Int64
    /// The number of files the file system can hold; 0 where it keeps no such number (btrfs, some network file systems).
    public let totalFiles: Int64
    /// The number of files that a process without privileges can still create; 0 where `totalFiles` is 0.
    public let freeFiles: Int64

    /// Creates the description of a disk.
    public init(totalBytes: Int64, freeBytes: Int64, totalFiles: Int64, freeFiles: Int64) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.totalFiles = totalFiles
        self.freeFiles = freeFiles
    }

    /// Asks the file system.
    ///
    /// - Throws: ``SystemError``.
    public init(at path: String) throws(SystemError) {
        var facts = statvfs()
        var result: Int32
        repeat { result = statvfs(path, &facts) } while result != 0 && errno == EINTR
        guard result == 0 else { throw SystemError(call: "statvfs", path) }
        totalBytes = Self.product(facts.f_blocks, facts.f_frsize)
        freeBytes = Self.product(facts.f_bavail, facts.f_frsize)
        totalFiles = Int64(clamping: facts.f_files)
        freeFiles = Int64(clamping: facts.f_favail)
    }

    /// The numbers are the file system's, which may be a network's.
    private static func product(_ count: UInt, _ size: UInt) -> Int64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? .max : Int64(clamping: product)
    }
}
