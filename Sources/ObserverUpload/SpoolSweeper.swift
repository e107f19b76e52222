import System
import Lifecycle
import Logging
import ObserverCore
import Spool

/// Looks through the spool, at the start and every so often, for what no message will bring.
///
/// It gives the uploader what is ready and was not announced (so uploads go on with the broker away), posts receipts
/// that have no row, finishes what dead recorders left open, and puts into quarantine what belongs nowhere. It may end
/// anywhere and be repeated.
final class SpoolSweeper: Service {
    let name = "sweeper"
    /// Files younger than this are left to their message.
    static let patienceSeconds = 120

    private let spool: Spool
    private let interval: Duration
    private let receiptWriter: ReceiptWriter
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    private let isWanted = Monitor(false)

    init(
        spool: Spool,
        interval: Duration,
        receiptWriter: ReceiptWriter,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.interval = interval
        self.receiptWriter = receiptWriter
        self.logger = logger
        self.report = report
    }

    /// Sweeps now instead of later.
    func wake() { isWanted.withLock { $0 = true } }

    /// Sweeps until stopped.
    func run(until stop: StopSignal) {
        stop.onStop { [self] in wake() }
        var isFirst = true
        var told: Set<SegmentID> = []
        while !stop.isStopped {
            // Each on its own: what keeps one from its end must not keep the others from their beginning.
            if attempt({ () throws(SpoolError) in try findReady(isFirst: isFirst) }) {
                // At the start the recorders of this host begin as well, and finish their own files.
                if !isFirst { _ = attempt { () throws(SpoolError) in try recover(&told) } }  // ignored: the next sweep
                isFirst = false
            }
            _ = attempt { () throws(SpoolError) in  // ignored: the next sweep
                receiptWriter.post(try spool.receiptIDs())
            }
            _ = attempt { () throws(SpoolError) in  // ignored: the next sweep
                for name in try spool.strays() { spool.putAside(name, logger) }
            }
            _ = isWanted.wait(until: MonotonicInstant.now() + interval) { $0 }  // ignored: both ways it is time
            isWanted.withLock { $0 = false }
        }
    }

    private func attempt(_ part: () throws(SpoolError) -> Void) -> Bool {
        do {
            try part()
            return true
        } catch {
            error.endIfNotDurable(logger)
            logger.error("SpoolSweeper failed", [.error: LogValue(error)])
            return false
        }
    }

    private func findReady(isFirst: Bool) throws(SpoolError) {
        let found = try spool.readyIDs().filter { id in
            // One whose age cannot be told is for the uploader, who tells what is wrong with it.
            guard !isFirst, let status = try? spool.mediaStatus(id) else { return true }
            return status.ageSeconds > Self.patienceSeconds
        }
        if !found.isEmpty { report(.found(found)) }
    }

    private func recover(_ told: inout Set<SegmentID>) throws(SpoolError) {
        var found: [SegmentID] = []
        for result in try spool.recover(as: nil) {
            switch result {
            case .segment(let segment):
                logger.info("Finished what a dead recorder left", [.segmentID: .string("\(segment.id)")])
                found.append(segment.id)
            case .nothing(let draft):
                logger.warning(
                    "A dead recorder left a file without anything that can be played",
                    [.cameraID: .int(Int(draft.cameraID.rawValue)), .segmentID: .string("\(draft.id)")]
                )
            case .kept(let id, let error):
                guard told.insert(id).inserted else { continue }
                logger.error(
                    "What a dead recorder left cannot be finished; kept, and tried with each sweep",
                    [.segmentID: .string("\(id)"), .error: LogValue(error)]
                )
            }
        }
        if !found.isEmpty { report(.found(found)) }
    }
}
