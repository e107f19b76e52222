import Glibc

/// A unix socket that waits for a web server.
///
/// libfcgi's own `FCGX_OpenSocket` ends the process when it fails and removes whatever is at the path first. The file's
/// mode is 0660: the web server must be in the process's group. The file is removed when the socket is closed.
final class FastCGIListener: Sendable {
    let path: String
    let descriptor: Int32

    /// Opens the socket and listens; a left-over of a dead process is replaced, a socket that is in use is not.
    init(path: String, backlog: Int32) throws(FastCGIError) {
        guard var address = UnixAddress(path: path) else { throw FastCGIError(path: path, code: ENAMETOOLONG) }
        try Self.removeLeftover(path, &address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FastCGIError(path: path, code: errno) }
        // Before bind, so that the file never has a wider mode (the umask may narrow it); after it, for the exact mode.
        guard fchmod(descriptor, 0o660) == 0, address.bind(descriptor), chmod(path, 0o660) == 0,
            listen(descriptor, backlog) == 0
        else {
            let error = FastCGIError(path: path, code: errno)
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// Wakes every thread that waits in accept; closing would not (accept(2) keeps its own reference).
    func wake() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private static func removeLeftover(_ path: String, _ address: inout UnixAddress) throws(FastCGIError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw FastCGIError(path: path, code: EEXIST) }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw FastCGIError(path: path, code: errno) }
        defer { close(probe) }
        guard !address.connect(probe) else { throw FastCGIError(path: path, code: EADDRINUSE) }
        unlink(path)
    }
}

/// An address of unix(7).
private struct UnixAddress {
    private var address = sockaddr_un()

    init?(path: String) {
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    mutating func bind(_ descriptor: Int32) -> Bool {
        withPointer { Glibc.bind(descriptor, $0, $1) == 0 }
    }

    mutating func connect(_ descriptor: Int32) -> Bool {
        withPointer { Glibc.connect(descriptor, $0, $1) == 0 }
    }

    private mutating func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
