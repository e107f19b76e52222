import Glibc

/// The system calls of the spool, with their errors.
enum Files {
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o640) throws(SpoolError) -> Int32 {
        let file = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw SpoolError(call: "open", path) }
        return file
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, _ path: String) throws(SpoolError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(file, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SpoolError(call: "write", path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Reads a small file whole.
    static func read(_ path: String, limit: Int = 1 << 20) throws(SpoolError) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SpoolError(call: "read", path)
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw SpoolError(.corrupt, path, reason: "larger than \(limit) bytes") }
        }
    }

    /// Writes a small file under a name nobody reads, makes it durable, and gives it its own.
    static func writeDurably(_ bytes: [UInt8], to path: String) throws(SpoolError) {
        let part = path + ".part"
        let file = try open(part, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(file) }
        try bytes.withUnsafeBufferPointer { (buffer) throws(SpoolError) in
            try write(UnsafeRawBufferPointer(buffer), to: file, part)
        }
        guard fdatasync(file) == 0 else { throw SpoolError(call: "fdatasync", part) }
        try rename(part, path)
    }

    static func rename(_ from: String, _ to: String) throws(SpoolError) {
        guard Glibc.rename(from, to) == 0 else { throw SpoolError(call: "rename", from) }
    }

    /// Removes a file; that it is not there is as good.
    static func remove(_ path: String) throws(SpoolError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SpoolError(call: "unlink", path) }
    }

    /// Forces renames and unlinks in a directory to the disk.
    static func syncDirectory(_ path: String) throws(SpoolError) {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        guard fsync(directory) == 0 else {
            throw SpoolError(call: "fsync", path, kind: .directoryNotDurable)
        }
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
        guard mkdir(path, 0o770) == 0 || errno == EEXIST else { throw SpoolError(call: "mkdir", path) }
    }

    /// True if there is something under a name.
    ///
    /// - Throws: Where that cannot be told: a disk that fails is not an empty one.
    static func exists(_ path: String) throws(SpoolError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard errno == ENOENT else { throw SpoolError(call: "lstat", path) }
        return false
    }

    /// The names in a directory, without `.` and `..`, in no order.
    static func names(in path: String) throws(SpoolError) -> [String] {
        guard let directory = opendir(path) else { throw SpoolError(call: "opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Size and age of a file; nil if it is not there or not a regular file.
    static func status(_ path: String) throws(SpoolError) -> (bytes: Int64, ageSeconds: Int)? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw SpoolError(call: "lstat", path) }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (Int64(status.st_size), max(0, now.tv_sec - status.st_mtim.tv_sec))
    }
}
