import Glibc
public import Logging

/// A part of a process that runs until it is told to stop.
public protocol Service: Sendable {
    /// What logs call it.
    var name: String { get }

    /// Works, blocking, until `stop` is stopped; then finishes what must be finished and returns.
    ///
    /// Returning before `stop` is stopped, or throwing, ends the process.
    func run(until stop: StopSignal) throws
}

/// Runs the services of a process, each on a thread of its own, until one ends or a signal asks for the end.
///
/// SIGTERM and SIGINT stop all services; a second one, or a stop that takes longer than the limit, ends the process at
/// once (what is durable stays so, and the next start picks it up).
public struct ServiceGroup {
    private let logger: Logger
    private let services: [any Service]
    private let shutdownLimit: Duration

    /// Makes a group.
    ///
    /// - Parameters:
    ///   - logger: Told of start, stop and failure.
    ///   - services: What to run.
    ///   - shutdownLimit: How long the services may take to finish after the stop.
    public init(logger: Logger, services: [any Service], shutdownLimit: Duration = .seconds(20)) {
        self.logger = logger
        self.services = services
        self.shutdownLimit = shutdownLimit
    }

    /// Runs; to be called on the main thread before any other thread exists, so that all inherit the blocked signals.
    ///
    /// - Returns: The exit code: 0 after a signal, 1 after a service failed or ended by itself.
    public func run() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var signals = TerminationSignals.set
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        let stop = StopSignal()
        let failed = Monitor(false)
        waitForSignals(stop)
        let threads = services.map { service in
            DedicatedThread.start(name: service.name) { [logger] in
                do {
                    try service.run(until: stop)
                } catch {
                    logger.error("Service failed", [.serviceName: .string(service.name), .error: LogValue(error)])
                    failed.withLock { $0 = true }
                }
                if !stop.isStopped {
                    logger.error("Service ended by itself", [.serviceName: .string(service.name)])
                    failed.withLock { $0 = true }
                    stop.stop()
                }
            }
        }
        stop.wait()
        let deadline = MonotonicInstant.now() + shutdownLimit
        for (thread, service) in zip(threads, services) where !thread.join(until: deadline) {
            logger.warning("Service did not finish in time", [.serviceName: .string(service.name)])
        }
        return failed.withLock { $0 } ? 1 : 0
    }

    private func waitForSignals(_ stop: StopSignal) {
        DedicatedThread.start(name: "signals", stackBytes: 64 * 1024) { [logger] in
            var signals = TerminationSignals.set
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { return }
            logger.info("Stopping", [.signal: .int(Int(number))])
            stop.stop()
            guard sigwait(&signals, &number) == 0 else { return }
            logger.warning("Ending at once", [.signal: .int(Int(number))])
            _exit(1)
        }
    }
}
