import Glibc
import Media
import System

/// A running `observer-media`, and this side's end of the socket to it.
///
/// From any thread. The socket is closed when the last owner lets go, which also ends the process.
final class MediaProcess: Sendable {
    private struct State: Sendable {
        var exit: ProcessExit?
        var killDue: MonotonicInstant?
    }

    /// A process that was asked to leave is killed after this time.
    private static let leaveLimit = Duration.seconds(2)

    /// The socket; it does not block.
    let socket: Int32
    private let child: ChildProcess
    private let state = Monitor(State())
    private let wake: @Sendable () -> Void

    /// Starts the process; `wake` is called when there is something new to look at.
    init(_ path: String, wake: @escaping @Sendable () -> Void) throws(SystemError) {
        let pair = try SocketPair()
        child = try ChildProcess(path, socket: pair.far)
        socket = pair.releaseNear()
        self.wake = wake
    }

    deinit {
        close(socket)
    }

    /// The process ID, for logs and tests.
    var identifier: Int32 { child.identifier }

    /// Asks the process to take leave of its camera and to end; nothing of it arrives any more.
    func leave() {
        shutdown(socket, Int32(SHUT_RDWR))
        state.withLock { $0.killDue = $0.killDue ?? .now() + Self.leaveLimit }
        wake()
    }

    /// Ends the process at once.
    func kill() {
        shutdown(socket, Int32(SHUT_RDWR))
        state.withLock { if $0.exit == nil { child.kill() } }
    }

    /// How the process ended; nil while it runs.
    var exit: ProcessExit? { state.withLock { $0.exit } }

    /// Waits for the end of the process.
    ///
    /// - Returns: How it ended; nil if it runs on.
    func waitForEnd(until deadline: MonotonicInstant) -> ProcessExit? {
        state.take(until: deadline) { $0.exit }
    }

    // MARK: For the thread that looks after processes

    /// Becomes readable when the process has ended.
    var descriptor: Int32 { child.descriptor }

    /// The moment at which the process is to be killed.
    var killDue: MonotonicInstant? { state.withLock { $0.exit == nil ? $0.killDue : nil } }

    /// Takes note of the end, and kills what is to be killed; returns true if the process has ended.
    func attend() -> Bool {
        state.withLock { state in
            if state.exit == nil { state.exit = child.reap() }
            if state.exit == nil, let due = state.killDue, due.hasPassed { child.kill() }
            return state.exit != nil
        }
    }
}

extension ProcessExit {
    /// The end in a few words.
    var words: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}
