import Glibc

/// Directories, by path.
public enum Directory {
    /// The names in a directory, without `.` and `..`, in no order.
    ///
    /// - Throws: ``SystemError``.
    public static func names(in path: String) throws(SystemError) -> [String] {
        var names: [String] = []
        try forEachName(in: path) { names.append(String(decoding: $0, as: UTF8.self)) }
        return names
    }

    /// Calls `body` with the bytes of each name in a directory, without `.` and `..`, in no order.
    ///
    /// Nothing is kept of a name, so that a directory of a million files needs no memory.
    ///
    /// - Throws: ``SystemError``.
    public static func forEachName(
        in path: String,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemError) {
        guard let directory = opendir(path) else { throw SystemError(call: "opendir", path) }
        defer { closedir(directory) }
        let dot = UInt8(ascii: ".")
        while true {
            // The end and an error look the same but for errno (readdir(3)).
            errno = 0
            guard let entry = readdir(directory) else { break }
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                let name = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.length(of: bytes)))
                if name.count > 2 || !name.allSatisfy({ $0 == dot }) { body(name) }
            }
        }
        guard errno == 0 else { throw SystemError(call: "readdir", path) }
    }

    private static func length(of name: UnsafeRawBufferPointer) -> Int {
        guard let start = name.baseAddress else { return 0 }
        return strnlen(start.assumingMemoryBound(to: CChar.self), name.count)
    }

    /// Creates a directory; one that is there already is no error.
    ///
    /// - Throws: ``SystemError``, of kind `wrongType` where a file lies at the path.
    public static func create(_ path: String, permissions: UInt32 = 0o770) throws(SystemError) {
        guard mkdir(path, permissions) != 0 else { return }
        guard errno == EEXIST else { throw SystemError(call: "mkdir", path) }
        guard isDirectory(path) else { throw SystemError(call: "mkdir", path, code: ENOTDIR) }
    }

    /// Forces renames and unlinks in a directory to the disk.
    ///
    /// - Throws: ``SystemError``; then no rename in it can be trusted.
    public static func synchronize(_ path: String) throws(SystemError) {
        let directory = try File(opening: path, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(directory.descriptor) == 0 else { throw SystemError(call: "fsync", path) }
    }

    /// Removes an empty directory; one that is not there is no error.
    ///
    /// - Throws: ``SystemError``.
    public static func remove(_ path: String) throws(SystemError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError(call: "rmdir", path) }
    }

    /// Returns true if a directory, or a link to one, lies at the path.
    public static func isDirectory(_ path: String) -> Bool {
        var facts = Glibc.stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}
