import CSystem
import Glibc

/// The way in which a process ended.
public enum ProcessExit: Hashable, Sendable {
    /// It ended by itself with this code, 0 to 255.
    case exited(Int32)
    /// A signal ended it.
    case killed(signal: Int32)
}

/// A program that was started beside this one, connected by a socket and nothing else.
///
/// It has no environment, no arguments and no descriptor but its end of the socket and standard error. It must be reaped.
public struct ChildProcess: ~Copyable, Sendable {
    /// The descriptor that the program finds its end of the socket at.
    public static let socketNumber: Int32 = 3

    /// The process ID.
    public let identifier: Int32
    /// Becomes readable when the process has ended (pidfd_open(2)); it belongs to this value.
    public let descriptor: Int32

    /// Starts a program.
    ///
    /// A program that confined itself (``ProcessConfinement``) is killed when the calling thread ends.
    ///
    /// - Parameters:
    ///   - path: The program's file.
    ///   - socket: The program's end of a socket; stays open here.
    /// - Throws: ``SystemError``.
    public init(_ path: String, socket: Int32) throws(SystemError) {
        let identifier = observer_spawn(path, socket, Self.socketNumber)
        guard identifier > 0 else { throw SystemError(call: "posix_spawn", path) }
        let descriptor = observer_process_descriptor(identifier)
        guard descriptor >= 0 else {
            let error = SystemError(call: "pidfd_open", path)
            Glibc.kill(identifier, SIGKILL)
            waitpid(identifier, nil, 0)
            throw error
        }
        self.identifier = identifier
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Ends the process at once (SIGKILL); harmless when it has ended.
    public borrowing func kill() {
        Glibc.kill(identifier, SIGKILL)
    }

    /// Takes note of the end, if there is one; after that the process ID may belong to another process.
    ///
    /// - Returns: Nil while the process runs.
    public borrowing func reap() -> ProcessExit? {
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(identifier, &status, WNOHANG) } while result < 0 && errno == EINTR
        guard result != 0 else { return nil }
        // wait(2): the low seven bits have the signal, the next byte the code.
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }
}

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

/// The limits that a process sets itself for good before it reads what strangers send.
public enum ProcessConfinement {
    /// Limits this process: no new privileges, no core files, and its end with that of the thread that started it.
    ///
    /// - Parameters:
    ///   - memoryBytes: The most memory of its own (RLIMIT_DATA).
    ///   - files: The most descriptors.
    /// - Throws: ``SystemError``.
    public static func apply(memoryBytes: UInt64, files: UInt64) throws(SystemError) {
        guard observer_confine(memoryBytes, files) else { throw SystemError(call: "prctl", "limits") }
    }
}
