import CSystem
import Glibc

/// A stream socket that does not block, closed when the value goes.
public struct StreamSocket: ~Copyable, Sendable {
    /// The descriptor; it belongs to this value.
    public private(set) var descriptor: Int32
    fileprivate let address: SocketAddress

    /// Begins to connect; ``finishConnecting(until:)`` waits for the end of it.
    ///
    /// - Throws: ``SystemError``, where the refusal is known at once.
    public init(connectingTo address: SocketAddress) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        var code = errno
        guard descriptor >= 0 else { throw SystemError(call: "socket", "\(address)", code: code) }
        let result = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        code = errno
        // A signal does not end the attempt: it goes on by itself (connect(2)).
        guard result == 0 || code == EINPROGRESS || code == EINTR else {
            close(descriptor)
            throw SystemError(call: "connect", "\(address)", code: code)
        }
        self.descriptor = descriptor
        self.address = address
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Connects within a time.
    ///
    /// - Throws: ``SystemError``, of kind `timedOut` after the deadline, `refused` where nothing listens.
    public static func connect(
        to address: SocketAddress,
        until deadline: MonotonicInstant
    ) throws(SystemError) -> StreamSocket {
        let socket = try StreamSocket(connectingTo: address)
        try socket.finishConnecting(until: deadline)
        return socket
    }

    /// Waits until the connection stands.
    ///
    /// - Throws: ``SystemError``, of kind `timedOut` after the deadline, `refused` where nothing listens.
    public borrowing func finishConnecting(until deadline: MonotonicInstant) throws(SystemError) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while case let ready = poll(&poller, 1, deadline.pollMilliseconds), ready <= 0 {
            let code = errno
            guard ready == 0 || code == EINTR else { throw SystemError(call: "poll", "\(address)", code: code) }
            guard !deadline.hasPassed else { throw SystemError(call: "connect", "\(address)", code: ETIMEDOUT) }
        }
        let code = takeError()
        guard code == 0 else { throw SystemError(call: "connect", "\(address)", code: code) }
    }

    /// The error that waits at the socket, which is thereby cleared; 0 where there is none.
    public borrowing func takeError() -> Int32 {
        Self.takeError(of: descriptor)
    }

    /// Accepts a connection that waits at a listening socket (accept(2)); -1 with errno set where none does.
    ///
    /// It does not block, no child process inherits it, and it belongs to the caller.
    public static func accept(from listener: Int32) -> Int32 {
        observer_accept(listener)
    }

    /// The error that waits at a socket (`SO_ERROR`, socket(7)), which is thereby cleared; 0 where there is none.
    public static func takeError(of descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return errno }
        return code
    }

    /// Gives the descriptor to the caller, who closes it.
    public consuming func release() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }
}

extension StreamSocket {
    /// True once the connection stands; false while the attempt goes on.
    ///
    /// - Throws: ``SystemError``, of kind `refused` where nothing listens.
    public var isConnected: Bool {
        get throws(SystemError) {
            var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&poller, 1, 0) > 0 else { return false }
            let code = takeError()
            guard code == 0 else { throw SystemError(call: "connect", "\(address)", code: code) }
            return true
        }
    }
}
