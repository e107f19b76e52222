import Glibc

/// Directories, by path.
public enum Directory {
    /// The names in a directory, without `.` and `..`, in no order.
    ///
    /// - Throws: ``SystemError``.
    public static func names(in path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else { throw SystemError(call: "opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            // The end and an error look the same but for errno (readdir(3)).
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw SystemError(call: "readdir", path) }
        return names
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
