import Glibc

/// A unix socket that waits for a web server.
///
/// libfcgi's own `FCGX_OpenSocket` ends the process when it fails and removes what is at the path first, hence this
/// one. The file's mode is 0660: the web server must be of the process's group. It is removed when the socket is
/// closed.
public final class ListeningSocket: Sendable {
    /// The file.
    public let path: String
    let descriptor: Int32

    /// Makes the socket and listens; a left-over of a dead process is replaced, a socket that is in use is not.
    ///
    /// - Parameters:
    ///   - path: The file, at most 107 bytes (`sun_path` of unix(7)).
    ///   - backlog: How many connections may wait.
    /// - Throws: ``ListenError``.
    public init(path: String, backlog: Int32 = 511) throws(ListenError) {
        guard var address = UnixAddress(path: path) else {
            throw ListenError(kind: .badPath, path: path, code: ENAMETOOLONG)
        }
        try Self.removeLeftover(path, &address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ListenError(kind: .system, path: path, code: errno) }
        // Before bind, so that the file never has a wider mode (the umask may narrow it); after it, for the exact mode.
        guard fchmod(descriptor, 0o660) == 0, address.bind(descriptor), chmod(path, 0o660) == 0,
            listen(descriptor, backlog) == 0
        else {
            let code = errno
            close(descriptor)
            throw ListenError(kind: .system, path: path, code: code)
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

    private static func removeLeftover(_ path: String, _ address: inout UnixAddress) throws(ListenError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw ListenError(kind: .notASocket, path: path, code: EEXIST) }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw ListenError(kind: .system, path: path, code: errno) }
        defer { close(probe) }
        guard !address.connect(probe) else { throw ListenError(kind: .inUse, path: path, code: EADDRINUSE) }
        unlink(path)
    }
}

/// Why a socket can't be opened.
public struct ListenError: Error, CustomStringConvertible, Sendable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// The path is empty or too long.
        case badPath = "bad_path"
        /// Something that is not a socket is at the path.
        case notASocket = "not_a_socket"
        /// Another process listens there.
        case inUse = "in_use"
        /// The system refused.
        case system
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The file.
    public let path: String
    /// The system's error code.
    public let code: Int32

    /// Whether the same call may work later.
    public var isTemporary: Bool { kind == .inUse }

    /// One sentence, safe to log.
    public var description: String {
        switch kind {
        case .badPath: "socket path \"\(path)\" must have 1 to 107 bytes"
        case .notASocket: "\(path) exists and is not a socket; remove it or choose another path"
        case .inUse: "another process listens on \(path)"
        case .system: "can't listen on \(path): \(String(cString: strerror(code)))"
        }
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
