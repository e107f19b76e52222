import Glibc

extension FastCGIError {
    /// Creates the error of a socket's path from an error number; a listener whose backlog is full answers EAGAIN.
    init(path: String, code: Int32) {
        let (kind, reason): (Kind, String) =
            switch code {
            case ENAMETOOLONG: (.badPath, "a socket path has 1 to 107 bytes")
            case EEXIST: (.notASocket, "something that is not a socket is there")
            case EADDRINUSE, EAGAIN: (.inUse, "another process listens there")
            default: (.system, String(cString: strerror(code)))
            }
        self.init(kind, "\(path): \(reason)")
    }
}
