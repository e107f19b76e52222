import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Reports segments at the moment of their commit, with or without a broker.
///
/// A folder that goes away, or more commits than the kernel remembers, call for a sweep.
final class ReadyWatch: Service {
    private static let retryInterval: Duration = .seconds(5)

    let name = "watch"
    private let spool: Spool
    private let sweeper: SpoolSweeper
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void

    init(
        spool: Spool,
        sweeper: SpoolSweeper,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.sweeper = sweeper
        self.logger = logger
        self.report = report
    }

    /// Watches until stopped.
    func run(until stop: StopSignal) {
        var isLogged = false
        while !stop.isStopped {
            do throws(SystemError) {
                try watch(until: stop)
                isLogged = false
            } catch {
                // The sweep finds what this does not.
                if !isLogged { logger.warning("Spool not watched; will retry", [.error: LogValue(error)]) }
                isLogged = true
            }
            sweeper.watchEnded()
            _ = stop.wait(for: Self.retryInterval)  // ignored: both ways it is time
        }
    }

    private func watch(until stop: StopSignal) throws(SystemError) {
        var watch = try DirectoryWatch(spool.layout.ready)
        sweeper.watchBegan()
        while !stop.isStopped {
            let changes = try watch.wait(within: .seconds(1))
            let ids = changes.names.compactMap { $0.hasSuffix(".json") ? SpoolLayout.segment(named: $0) : nil }
            if !ids.isEmpty { report(.found(ids)) }
            if changes.hasMissed { sweeper.wake() }
            if changes.hasEnded { return }
        }
    }
}
