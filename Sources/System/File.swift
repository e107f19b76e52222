import CSystem
public import Glibc

/// An open file, closed when the value goes.
///
/// Shaped like swift-system's `FileDescriptor`, so that it can be replaced by it. Links are not followed at the last part
/// of a path unless asked for.
public struct File: ~Copyable, Sendable {
    /// The descriptor; it belongs to this value.
    public let descriptor: Int32
    /// The path it was opened with, for errors.
    public let path: String

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - flags: Access mode and further flags of open(2); `O_CLOEXEC` is added.
    ///   - permissions: The mode of a file that is created, before the umask.
    ///   - followsLinks: Opens what a symbolic link at the path leads to.
    /// - Throws: ``SystemError``.
    public init(
        opening path: String,
        flags: Int32 = O_RDONLY,
        permissions: mode_t = 0o640,
        followsLinks: Bool = false
    ) throws(SystemError) {
        let all = flags | O_CLOEXEC | (followsLinks ? 0 : O_NOFOLLOW)
        var descriptor: Int32
        repeat { descriptor = open(path, all, permissions) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw SystemError(call: "open", path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Reads the next bytes.
    ///
    /// - Returns: Their number; 0 at the end of the file.
    /// - Throws: ``SystemError``.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SystemError(call: "read", path) }
        }
    }

    /// Reads bytes at a place until the buffer is full or the file ends.
    ///
    /// - Returns: The number of bytes read.
    /// - Throws: ``SystemError``.
    public borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw SystemError(call: "read", path)
            }
        }
        return filled
    }

    /// Reads what is left of the file, piece by piece.
    ///
    /// - Parameters:
    ///   - size: The size of a piece in bytes.
    ///   - body: Takes a piece; the last one may be shorter.
    /// - Throws: ``SystemError``.
    public borrowing func readPieces(
        of size: Int = 256 * 1024,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        defer { buffer.deallocate() }
        while case let count = try read(into: buffer), count > 0 {
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Reads what is left of the file.
    ///
    /// - Parameter limit: The most bytes that are taken.
    /// - Returns: The bytes.
    /// - Throws: ``SystemError``, of kind `tooLarge` where there are more.
    public borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(max(limit, 0) + 1, 64 * 1024))
        while true {
            let count = try chunk.withUnsafeMutableBufferPointer { (buffer) throws(SystemError) in
                try read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= limit else {
                throw SystemError(.tooLarge, "\(path) has more than \(limit) bytes", code: EFBIG)
            }
            bytes += chunk[..<count]
        }
    }

    /// Writes all of the bytes.
    ///
    /// - Throws: ``SystemError``; some of the bytes may have been written.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw SystemError(call: "write", path)
            }
        }
    }

    /// Writes all of the bytes at a place.
    ///
    /// - Throws: ``SystemError``; some of the bytes may have been written.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + (bytes.count - rest.count))
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw SystemError(call: "write", path)
            }
        }
    }

    /// Forces written bytes to the disk (fdatasync(2)).
    ///
    /// - Throws: ``SystemError``; then nothing written since the last success can be trusted, and a second call may lie.
    public borrowing func synchronize() throws(SystemError) {
        guard fdatasync(descriptor) == 0 else { throw SystemError(call: "fdatasync", path) }
    }

    /// Keeps room on the disk for bytes to come behind the file's end.
    ///
    /// - Returns: False where the disk has no room, or the file system cannot keep it.
    public borrowing func keepRoom(for bytes: Int, at offset: Int64) -> Bool {
        observer_keep_room(descriptor, offset, Int64(bytes))
    }

    /// Gives back the room that was kept behind the file's end.
    public borrowing func releaseRoom(behind length: Int64) {
        _ = ftruncate(descriptor, off_t(length))  // ignored: the room is the file's until it is removed
    }

    /// The facts about the file.
    ///
    /// - Throws: ``SystemError``.
    public borrowing func status() throws(SystemError) -> FileStatus {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw SystemError(call: "fstat", path) }
        return FileStatus(facts)
    }
}
