import Glibc

/// Two connected stream sockets of this machine (socketpair(2)), closed when the value goes.
public struct SocketPair: ~Copyable {
    /// The end that stays here; it does not block.
    public private(set) var near: Int32
    /// The end to pass on; it blocks.
    public let far: Int32

    /// Creates the sockets.
    ///
    /// - Throws: ``SystemError``.
    public init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError(call: "socketpair", "AF_UNIX") }
        (near, far) = (ends[0], ends[1])
        _ = fcntl(near, F_SETFL, O_NONBLOCK)
    }

    deinit {
        if near >= 0 { close(near) }
        close(far)
    }

    /// Gives the near end to the caller, who closes it; the far end is closed here.
    public consuming func releaseNear() -> Int32 {
        defer { near = -1 }
        return near
    }
}
