import Glibc
import Synchronization

/// A thread of one's own, for code that blocks.
///
/// Blocking C calls must not run on Swift's cooperative pool, which has one thread a core. Signals that other processes
/// send are blocked in it, so that they reach the thread that waits for them. A thread ends when its body returns; it
/// cannot be killed.
public final class DedicatedThread: Sendable {
    private let finished = Monitor(false)

    private init() {}

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: The name in `ps -L` and in a debugger; the kernel keeps 15 bytes.
    ///   - stackBytes: The size of the stack; at least 64 KiB.
    ///   - body: The work. Its captures are released when it returns.
    /// - Returns: The running thread; where the system refuses one, a thread that has already ended (`join` returns at
    ///   once and the body has not run), and `errno` is set.
    @discardableResult
    public static func start(
        name: String,
        stackBytes: Int = 512 * 1024,
        _ body: @escaping @Sendable () -> Void
    ) -> DedicatedThread {
        let thread = DedicatedThread()
        let work = Work(name: name, thread: thread, body: body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, max(stackBytes, 64 * 1024))
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }

        var handle = pthread_t()
        let argument = Unmanaged.passRetained(work)
        let result = pthread_create(&handle, &attributes, { Work.run($0) }, argument.toOpaque())
        if result != 0 {
            argument.release()
            thread.finished.withLock { $0 = true }
            errno = result
        }
        return thread
    }

    /// Waits until the body has returned.
    public func join() {
        finished.wait { $0 }
    }

    /// Waits until the body has returned, but not beyond `deadline`; returns true if it has.
    public func join(until deadline: MonotonicInstant) -> Bool {
        finished.wait(until: deadline) { $0 }
    }

    /// The argument of the new thread: retained by `start`, released by `run`.
    private final class Work: Sendable {
        private let name: String
        private let thread: DedicatedThread
        private let body: @Sendable () -> Void

        init(name: String, thread: DedicatedThread, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.thread = thread
            self.body = body
        }

        static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let argument else { return nil }
            let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
            blockSignals()
            name(work.name)
            work.body()
            work.thread.finished.withLock { $0 = true }
            return nil
        }

        /// Blocks every signal but those that the calling thread's own instructions raise.
        private static func blockSignals() {
            var signals = sigset_t()
            sigfillset(&signals)
            for own in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] { sigdelset(&signals, own) }
            pthread_sigmask(SIG_BLOCK, &signals, nil)
        }

        /// Names the calling thread through proc(5): `pthread_setname_np` is a GNU extension that Swift does not import.
        private static func name(_ name: String) {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            // A thread without a name works as well, so the result is ignored.
            _ = Array(name.utf8.prefix(15)).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
        }
    }
}
