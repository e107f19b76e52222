import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Sweeps the spool, at the start and at an interval, for whatever no message will bring.
///
/// It reports the segments that are in the spool, so uploads continue without the broker; recovers the open files of dead
/// recorders; and quarantines unrecognised files. How old a file is plays no part: a segment that is found and announced is
/// one segment all the same. It may end anywhere and be repeated.
final class SpoolSweeper: Service {
    let name = "sweeper"
    private let spool: Spool
    private let interval: Duration
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    private let isWanted = Monitor(false)

    init(
        spool: Spool,
        interval: Duration,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.interval = interval
        self.logger = logger
        self.report = report
    }

    /// Sweeps now instead of later.
    func wake() { isWanted.withLock { $0 = true } }

    /// Sweeps until stopped.
    func run(until stop: StopSignal) {
        stop.onStop { [self] in wake() }
        var isFirst = true
        var logged: Set<SegmentID> = []
        while !stop.isStopped {
            // Each part on its own: a failure of one must not keep the others from running.
            if attempt({ () throws(SpoolError) in try findReady() }) {
                // At the start the recorders of this host start as well, and recover their own files.
                if !isFirst {
                    _ = attempt { () throws(SpoolError) in try recover(&logged) }  // ignored: the next sweep
                }
                isFirst = false
            }
            _ = attempt { () throws(SpoolError) in  // ignored: the next sweep
                for name in try spool.strays() { spool.quarantine(name, logger) }
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
            logger.error("Sweep failed; will retry", [.error: LogValue(error)])
            return false
        }
    }

    private func findReady() throws(SpoolError) {
        let found = try spool.readyIDs()
        if !found.isEmpty { report(.found(found)) }
    }

    /// The time of day as the recorders of this spool have proven it; certain an hour after the boot in any case.
    private func time() -> SpoolTime {
        let (now, boot) = (SystemClock.read(), SystemClock.bootID())
        let own = now.wall.microseconds.addingSaturated(0 - now.instant.nanoseconds / 1000)
        let kept = (try? spool.keptClock()).flatMap { $0.boot == boot ? $0.offset : nil }
        let uptime = now.instant.nanoseconds / 1000
        return SpoolTime(
            boot: boot,
            timeOfDay: TimeOfDay(offset: kept ?? own),
            isCertain: kept != nil || uptime > RecorderClock.aloneTime
        )
    }

    private func recover(_ logged: inout Set<SegmentID>) throws(SpoolError) {
        var found: [SegmentID] = []
        var kept: [(id: SegmentID, error: SpoolError)] = []
        for result in try spool.recover(as: nil, time: time()) {
            switch result {
            case .segment(let segment):
                logger.info("Segment of dead recorder recovered", [.segmentID: .string("\(segment.id)")])
                found.append(segment.id)
            case .quarantined(let id, let error):
                logger.error(
                    "Recovery refused; file put in quarantine",
                    [.segmentID: .string("\(id)"), .error: LogValue(error)]
                )
            case .nothing(let header):
                logger.warning(
                    "Nothing to recover in file",
                    [.cameraID: .int(Int(header.cameraID.rawValue)), .segmentID: .string("\(header.id)")]
                )
            case .kept(_, let error) where error.kind == .inUse: continue
            case .kept(let id, let error):
                if logged.insert(id).inserted { kept.append((id, error)) }
            }
        }
        if let first = kept.first {
            logger.error(
                "Recovery failed; files kept, will retry",
                [
                    .segmentCount: .int(kept.count), .segmentID: .string("\(first.id)"),
                    .error: LogValue(first.error),
                ]
            )
        }
        if !found.isEmpty { report(.found(found)) }
    }
}
