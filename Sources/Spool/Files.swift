import Glibc
import System

/// The file system calls of the spool, with the spool's errors.
enum Files {
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o640) throws(SpoolError) -> Int32 {
        let file = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw SpoolError(call: "open", path) }
        return file
    }

    /// Reads a small file.
    static func read(_ path: String, limit: Int = 1 << 20) throws(SpoolError) -> [UInt8] {
        try mapped(path) { () throws(SystemError) in try File.contents(of: path, limit: limit) }
    }

    /// Writes a small file so that it is there whole or not at all.
    static func writeDurably(_ bytes: [UInt8], to path: String) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in try File.writeDurably(bytes, to: path) }
    }

    /// Writes a small file so that others find it whole or not at all; it is durable once it is synced.
    static func write(_ bytes: [UInt8], to path: String) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in
            let part = path + ".part"
            let file = try File(opening: part, flags: O_WRONLY | O_CREAT | O_TRUNC)
            try bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(buffer))
            }
            try File.rename(part, to: path)
        }
    }

    /// Forces a file's bytes to the disk.
    static func sync(_ path: String) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in try File(opening: path, flags: O_WRONLY).synchronize() }
    }

    static func rename(_ from: String, _ to: String) throws(SpoolError) {
        try mapped(from) { () throws(SystemError) in try File.rename(from, to: to) }
    }

    /// Removes a file; one that is not there is no error.
    static func remove(_ path: String) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in try File.remove(path) }
    }

    /// Forces renames and unlinks in a directory to the disk.
    ///
    /// The system tells of a failure once. After one, what was renamed is to be renamed again: a second call alone may succeed
    /// although the names are on no disk.
    static func syncDirectory(_ path: String) throws(SpoolError) {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw SpoolError(call: "fsync", path) }
    }

    /// Waits until this caller alone has the directory; it has it until it closes the descriptor, or dies.
    static func lockDirectory(_ path: String) throws(SpoolError) -> Int32 {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        while flock(directory, LOCK_EX) != 0 {
            guard errno == EINTR else {
                defer { close(directory) }
                throw SpoolError(call: "flock", path)
            }
        }
        return directory
    }

    static func makeDirectory(_ path: String) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in try Directory.create(path) }
    }

    /// Returns true if something lies at a path.
    ///
    /// - Throws: `SpoolError` where that cannot be known: a disk that fails is not an empty one.
    static func exists(_ path: String) throws(SpoolError) -> Bool {
        try mapped(path) { () throws(SystemError) in try File.status(of: path) != nil }
    }

    static func isDirectory(_ path: String) throws(SpoolError) -> Bool {
        try mapped(path) { () throws(SystemError) in try File.status(of: path)?.type == .directory }
    }

    /// The names in a directory, without `.` and `..`, in no order.
    static func names(in path: String) throws(SpoolError) -> [String] {
        try mapped(path) { () throws(SystemError) in try Directory.names(in: path) }
    }

    /// Calls `body` with the bytes of each name in a directory, without `.` and `..`, in no order.
    static func forEachName(in path: String, _ body: (UnsafeRawBufferPointer) -> Void) throws(SpoolError) {
        try mapped(path) { () throws(SystemError) in try Directory.forEachName(in: path, body) }
    }

    /// Size and age of a file; nil if it is not there or not a regular file.
    static func status(_ path: String) throws(SpoolError) -> (bytes: Int64, ageSeconds: Int)? {
        let status = try mapped(path) { () throws(SystemError) in try File.status(of: path) }
        guard let status, status.type == .regular else { return nil }
        return (status.byteCount, Int(clamping: max(0, WallTime.now().seconds - status.modifiedAt.seconds)))
    }

    /// Calls `body` and gives its error the spool's shape.
    private static func mapped<Result>(
        _ path: String,
        _ body: () throws(SystemError) -> Result
    ) throws(SpoolError) -> Result {
        do {
            return try body()
        } catch {
            throw SpoolError(error, path)
        }
    }
}
