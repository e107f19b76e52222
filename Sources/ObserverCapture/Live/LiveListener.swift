import Glibc
import ObserverConfiguration
import System

/// The socket on which nginx asks for live pictures.
///
/// A unix socket has the mode 0660: nginx must be in the process's group. Its file is removed when the socket is closed.
struct LiveListener: ~Copyable {
    let descriptor: Int32
    private let path: String?

    /// Opens the socket and listens; a left-over of a dead process is replaced, a socket that is in use is not.
    init(_ place: LiveListen, recorder: String) throws(SystemError) {
        let opened = try Self.open(place, recorder: recorder)
        descriptor = opened.descriptor
        path = opened.path
    }

    private static func open(
        _ place: LiveListen,
        recorder: String
    ) throws(SystemError) -> (descriptor: Int32, path: String?) {
        switch place {
        case .folder(let folder):
            let path = LiveListen.socket(in: folder, recorder: recorder)
            guard let address = SocketAddress(unixPath: path) else {
                throw SystemError(call: "bind", path, code: ENAMETOOLONG)
            }
            try removeLeftover(path, address)
            return (try listen(at: address, path: path), path)
        case .address(let address): return (try listen(at: address, path: nil), nil)
        }
    }

    private static func listen(at address: SocketAddress, path: String?) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw SystemError(call: "socket", "\(address)") }
        if path == nil {
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        } else {
            // Before bind, so that the file never has a wider mode.
            fchmod(descriptor, 0o660)
        }
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0,
            path.map({ chmod($0, 0o660) }) ?? 0 == 0,
            Glibc.listen(descriptor, 128) == 0
        else {
            let code = errno
            close(descriptor)
            throw SystemError(call: "bind", "\(address)", code: code)
        }
        return descriptor
    }

    deinit {
        if let path { unlink(path) }
        close(descriptor)
    }

    /// The outcome of a look for a connection.
    enum Accepted {
        case connection(Int32)
        case nothing
        /// The system has no room for another one at the moment.
        case refused
    }

    /// Accepts a connection that waits.
    func accept() -> Accepted {
        while true {
            let connection = StreamSocket.accept(from: descriptor)
            if connection >= 0 {
                if path == nil {
                    // Frames are to leave as they come.
                    var on: Int32 = 1
                    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                }
                return .connection(connection)
            }
            // Whatever is wrong with one connection, the next is tried.
            guard errno == EINTR || errno == ECONNABORTED else { return errno == EAGAIN ? .nothing : .refused }
        }
    }

    private static func removeLeftover(_ path: String, _ address: SocketAddress) throws(SystemError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw SystemError(call: "bind", path, code: EEXIST) }
        do throws(SystemError) {
            _ = try StreamSocket(connectingTo: address)
        } catch {
            // A socket without a listener refuses (unix(7)); every other answer leaves doubt.
            guard error.kind == .refused else { throw error }
            unlink(path)
            return
        }
        throw SystemError(call: "bind", path, code: EADDRINUSE)
    }
}
