import Glibc

/// Reports files that are moved into a directory (inotify(7)).
///
/// One thread uses it. A directory that is itself moved or deleted ends the watch; so does one on a disk that is unmounted.
public struct DirectoryWatch: ~Copyable {
    /// The changes since the last look.
    public struct Changes: Sendable {
        /// The names of files that were moved into the directory, in order.
        public var names: [String] = []
        /// True if more happened than the kernel keeps: somebody has to read the directory.
        public var hasMissed = false
        /// True if the directory is watched no longer.
        public var hasEnded = false
    }

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// Begins to watch a directory.
    ///
    /// - Throws: ``SystemError`` where it is not there, or the kernel has no watch left.
    public init(_ path: String) throws(SystemError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError(call: "inotify_init1", path) }
        let events = UInt32(IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR)
        guard inotify_add_watch(descriptor, path, events) >= 0 else {
            throw SystemError(call: "inotify_add_watch", path)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Waits until something has happened.
    ///
    /// - Parameter limit: The longest wait.
    /// - Returns: The changes; none if the time has passed.
    /// - Throws: ``SystemError``.
    public mutating func wait(within limit: Duration) throws(SystemError) -> Changes {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let end = MonotonicInstant.now() + limit
        guard Glibc.poll(&poll, 1, end.pollMilliseconds) > 0 else { return Changes() }
        let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return Changes() }
            throw SystemError(call: "read", "inotify")
        }
        return changes(in: count)
    }

    private func changes(in count: Int) -> Changes {
        var changes = Changes()
        let header = MemoryLayout<inotify_event>.size
        buffer.withUnsafeBytes { bytes in
            var offset = 0
            while offset + header <= count {
                let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let name = bytes[(offset + header)..<min(offset + header + Int(event.len), count)]
                if event.mask & UInt32(IN_MOVED_TO) != 0 {
                    changes.names.append(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
                }
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { changes.hasMissed = true }
                if event.mask & UInt32(IN_MOVE_SELF | IN_IGNORED) != 0 { changes.hasEnded = true }
                offset += header + Int(event.len)
            }
        }
        return changes
    }
}
