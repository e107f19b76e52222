import Lifecycle
import Logging
import ObserverCore
import Spool

/// Looks through the spool, at the start and every so often, for what no message will bring.
///
/// It gives the uploader what is ready and was not announced (so uploads go on with the broker away), posts receipts
/// that have no row, finishes what dead recorders left open, and puts into quarantine what belongs nowhere. It may end
/// anywhere and be repeated.
final class Sweep: Sendable {
    /// Files younger than this are left to their message.
    static let patienceSeconds = 120

    private let spool: Spool
    private let interval: Duration
    private let bookkeeper: Bookkeeper
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    private let isWanted = Condition(false)

    init(
        spool: Spool,
        interval: Duration,
        bookkeeper: Bookkeeper,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.interval = interval
        self.bookkeeper = bookkeeper
        self.logger = logger
        self.report = report
    }

    /// Sweeps now instead of later.
    func wake() { isWanted.withLock { $0 = true } }

    /// Sweeps until stopped.
    func run(until stop: StopToken) {
        stop.onStop { [self] in wake() }
        var isFirst = true
        while !stop.isStopped {
            do {
                try sweep(isFirst: isFirst)
                isFirst = false
            } catch {
                logger.error("Sweep failed", ["error": LogValue(error)])
            }
            _ = isWanted.wait(until: Monotonic.now() + interval) { $0 }  // ignored: both ways it is time
            isWanted.withLock { $0 = false }
        }
    }

    private func sweep(isFirst: Bool) throws(SpoolError) {
        for id in try spool.receiptIDs() { bookkeeper.add(.post(id)) }
        for name in try spool.strays() { bookkeeper.quarantine(name) }
        // At the start the recorders of this host begin as well, and finish their own files.
        var found = isFirst ? [] : try recovered()
        for id in try spool.readyIDs() {
            let age = spool.mediaStatus(id)?.ageSeconds ?? .max
            if isFirst || age > Self.patienceSeconds { found.append(id) }
        }
        if !found.isEmpty { report(.found(found)) }
    }

    private func recovered() throws(SpoolError) -> [SegmentID] {
        try spool.recover(as: nil).compactMap { result in
            guard case .segment(let segment) = result else { return nil }
            logger.info("Finished what a dead recorder left", ["segment.id": .string(segment.id.description)])
            return segment.id
        }
    }
}
