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

    /// Waits for the end of a process that was killed; after that the process ID may belong to another process.
    public borrowing func waitForEnd() {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
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
