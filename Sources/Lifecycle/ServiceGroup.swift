import System
import Glibc
public import Logging

/// Starts the services of a process stage by stage and stops them in reverse.
///
/// A stage starts when every service of the stage before it has returned from `start`. SIGTERM, SIGINT, or a service that
/// throws or returns by itself stops the group: the last stage is stopped first, and the one before it follows when its
/// services have returned or its limit has passed. A second signal ends the process at once; what is durable stays so, and
/// the next start completes the rest.
public struct ServiceGroup: Sendable {
    private let logger: Logger
    private let stages: [Stage]

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - logger: Logs stops and failures.
    ///   - stages: The stages, in the order of their start.
    public init(logger: Logger, stages: [Stage]) {
        self.logger = logger
        self.stages = stages
    }

    /// Runs until a signal or a failure.
    ///
    /// Must be called on the main thread before any other thread exists, so that all of them inherit the blocked signals.
    ///
    /// - Returns: The exit code: 0 after a signal, 1 after a service failed or returned by itself.
    public func run() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var signals = TerminationSignals.set
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let stop = StopSignal()
        waitForSignals(stop)
        return run(until: stop)
    }

    /// Runs until `stop` is stopped or a service fails, without touching signals.
    ///
    /// - Returns: The exit code: 0 after `stop`, 1 after a service failed or returned by itself.
    public func run(until stop: StopSignal) -> Int32 {
        let outcome = GroupOutcome(logger: logger, stop: stop)
        var started: [RunningStage] = []
        for stage in stages where !stop.isStopped {
            let running = RunningStage(stage, outcome: outcome)
            started.append(running)
            running.waitForStart(or: stop)
        }
        stop.wait()
        for stage in started.reversed() { stage.shutDown(logger) }
        return outcome.hasFailed ? 1 : 0
    }

    private func waitForSignals(_ stop: StopSignal) {
        DedicatedThread.start(name: "signals", stackBytes: 64 * 1024) { [logger] in
            var signals = TerminationSignals.set
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { return }
            logger.info("Stopping", [.signal: .int(Int(number))])
            stop.stop()
            guard sigwait(&signals, &number) == 0 else { return }
            logger.warning("Second signal; ending at once", [.signal: .int(Int(number))])
            _exit(1)
        }
    }
}

/// The failures of a group's services; the first one stops the group.
private final class GroupOutcome: Sendable {
    private let logger: Logger
    private let stop: StopSignal
    private let failed = Monitor(false)

    init(logger: Logger, stop: StopSignal) {
        self.logger = logger
        self.stop = stop
    }

    var hasFailed: Bool { failed.withLock { $0 } }

    func fail(_ service: any Service, message: String, error: (any Error)? = nil) {
        var fields: [LogKey: LogValue] = [.serviceName: .string(service.name)]
        if let error { fields[.error] = LogValue(error) }
        logger.error(message, fields)
        failed.withLock { $0 = true }
        stop.stop()
    }
}

/// A stage with its threads.
private final class RunningStage {
    private enum Phase: Sendable {
        /// Also the phase of a service whose thread the system refused.
        case new
        case running
        case ended
    }

    private let stage: Stage
    private let stop = StopSignal()
    private let phases: [Monitor<Phase>]
    private var threads: [DedicatedThread] = []

    init(_ stage: Stage, outcome: GroupOutcome) {
        self.stage = stage
        phases = stage.services.map { _ in Monitor(.new) }
        for (service, phase) in zip(stage.services, phases) {
            let thread = DedicatedThread.start(name: service.name) { [stop] in
                Self.run(service, phase, until: stop, outcome)
            }
            if thread.join(until: .now()), case .new = phase.withLock({ $0 }) {
                outcome.fail(service, message: "No thread for service")
            }
            threads.append(thread)
        }
    }

    private static func run(
        _ service: any Service,
        _ phase: Monitor<Phase>,
        until stop: StopSignal,
        _ outcome: GroupOutcome
    ) {
        defer { phase.withLock { $0 = .ended } }
        do {
            try service.start()
            phase.withLock { $0 = .running }
            try service.run(until: stop)
            if !stop.isStopped { outcome.fail(service, message: "Service ended by itself") }
        } catch {
            outcome.fail(service, message: "Service failed", error: error)
        }
    }

    /// Waits until each service has returned from `start` or `group` is stopped.
    func waitForStart(or group: StopSignal) {
        group.onStop { [phases] in for phase in phases { phase.withLock { _ in } } }
        for phase in phases {
            phase.wait { if case .new = $0 { group.isStopped } else { true } }
        }
    }

    func shutDown(_ logger: Logger) {
        stop.stop()
        let deadline = MonotonicInstant.now() + stage.shutdownLimit
        for (thread, service) in zip(threads, stage.services) where !thread.join(until: deadline) {
            logger.warning("Service did not stop in time", [.serviceName: .string(service.name)])
        }
    }
}
