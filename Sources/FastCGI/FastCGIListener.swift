import Glibc
import System

/// A unix socket that waits for a web server.
///
/// libfcgi's own `FCGX_OpenSocket` ends the process when it fails and removes whatever is at the path first. The file's
/// mode is 0660: the web server must be in the process's group. The file is removed when the socket is closed.
final class FastCGIListener: Sendable {
    let path: String
    let descriptor: Int32

    /// Opens the socket and listens; a left-over of a dead process is replaced, a socket that is in use is not.
    init(path: String, backlog: Int32) throws(FastCGIError) {
        guard let address = SocketAddress(unixPath: path) else { throw FastCGIError(path: path, code: ENAMETOOLONG) }
        try Self.removeLeftover(path, address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FastCGIError(path: path, code: errno) }
        // Before bind, so that the file never has a wider mode (the umask may narrow it); after it, for the exact mode.
        guard fchmod(descriptor, 0o660) == 0,
            address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0,
            chmod(path, 0o660) == 0,
            listen(descriptor, backlog) == 0
        else {
            let code = errno
            close(descriptor)
            throw FastCGIError(path: path, code: code)
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

    private static func removeLeftover(_ path: String, _ address: SocketAddress) throws(FastCGIError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw FastCGIError(path: path, code: EEXIST) }
        do {
            _ = try StreamSocket(connectingTo: address)
        } catch {
            // A socket without a listener refuses (unix(7)); every other answer leaves doubt.
            guard error.kind == .refused else { throw FastCGIError(path: path, code: error.code) }
            unlink(path)
            return
        }
        throw FastCGIError(path: path, code: EADDRINUSE)
    }
}
