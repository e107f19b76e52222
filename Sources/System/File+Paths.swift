import Glibc

extension File {
    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - limit: The most bytes that are taken; files are bounded because somebody else may have written them.
    ///   - followsLinks: Reads the file that a symbolic link at the path leads to.
    /// - Returns: The bytes.
    /// - Throws: ``SystemError``, of kind `tooLarge` for a larger file.
    public static func contents(
        of path: String,
        limit: Int = 1 << 20,
        followsLinks: Bool = false
    ) throws(SystemError) -> [UInt8] {
        try File(opening: path, followsLinks: followsLinks).readAll(limit: limit)
    }

    /// Writes a small file so that it is there whole or not at all: under `path` + `.part`, made durable, then renamed.
    ///
    /// The rename itself is durable after ``Directory/synchronize(_:)``.
    ///
    /// - Throws: ``SystemError``.
    public static func writeDurably(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let part = path + ".part"
        let file = try File(opening: part, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try bytes.withUnsafeBufferPointer { (buffer) throws(SystemError) in
            try file.write(UnsafeRawBufferPointer(buffer))
        }
        try file.synchronize()
        try rename(part, to: path)
    }

    /// Renames a file; one of the new name is replaced.
    ///
    /// - Throws: ``SystemError``.
    public static func rename(_ path: String, to newPath: String) throws(SystemError) {
        guard Glibc.rename(path, newPath) == 0 else { throw SystemError(call: "rename", path) }
    }

    /// Removes a file; a file that is not there is no error.
    ///
    /// - Throws: ``SystemError``.
    public static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError(call: "unlink", path) }
    }

    /// The facts about what lies at a path, without following a link; nil where nothing does.
    ///
    /// - Throws: ``SystemError`` where that cannot be known: a disk that fails is not an empty one.
    public static func status(of path: String) throws(SystemError) -> FileStatus? {
        var facts = stat()
        guard lstat(path, &facts) != 0 else { return FileStatus(facts) }
        guard errno == ENOENT else { throw SystemError(call: "lstat", path) }
        return nil
    }
}
