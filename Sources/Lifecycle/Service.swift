/// A part of a process that works on a thread of its own until it is stopped.
public protocol Service: Sendable {
    /// The name in logs and of the thread.
    var name: String { get }

    /// Acquires what the next stage relies on: a lock, a socket, what a crash left behind.
    ///
    /// Runs on the service's thread, before `run`. The default does nothing.
    func start() throws

    /// Works, blocking, until `stop` is stopped; then finishes what must be finished and returns.
    ///
    /// Returning earlier, or throwing, ends the process.
    func run(until stop: StopSignal) throws
}

extension Service {
    /// Does nothing.
    public func start() {}
}
