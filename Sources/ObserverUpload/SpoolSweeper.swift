import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Sweeps the spool at the start, when asked, and now and then, for whatever neither a message nor ``ReadyWatch`` brings.
///
/// It reports the segments that are in the spool, so uploads continue without the broker; recovers the open files of dead
/// recorders; and quarantines unrecognised files. How old a file is plays no part: a segment that is found and announced is
/// one segment all the same. It may end anywhere and be repeated.
final class SpoolSweeper: Service {
    /// The time between two sweeps while commits are watched.
    private static let watchedInterval: Duration = .seconds(3600)
    /// The time between two sweeps that are only suggested while commits are watched.
    private static let suggestedInterval: Duration = .seconds(600)
    /// The time within which the watch begins or fails, so that the first sweep is the one that it asks for.
    private static let watchLimit: Duration = .seconds(2)
    /// Segments that are reported at once: the uploader decides about other things in between.
    private static let batch = 20_000

    let name = "sweeper"
    private let spool: Spool
    private let interval: Duration
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    private let wish = Monitor(Wish())

    private struct Wish {
        var isWanted = false
        var isSuggested = false
        var isWatched = false
    }

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
    func wake() { wish.withLock { $0.isWanted = true } }

    /// True while a sweep is asked for that is not begun.
    var isAsked: Bool { wish.withLockUnnoticed { $0.isWanted || $0.isSuggested } }

    /// Sweeps now, unless commits are watched and there was a sweep lately.
    func suggest() { wish.withLock { $0.isSuggested = true } }

    /// Sweeps now, for what came before the watch began, and then seldom for as long as it lasts.
    func watchBegan() { wish.withLock { $0 = Wish(isWanted: true, isWatched: true) } }

    /// Sweeps now, and at the interval until there is a watch again.
    func watchEnded() { wish.withLock { $0 = Wish(isWanted: true, isWatched: false) } }

    /// Sweeps until stopped.
    func run(until stop: StopSignal) {
        stop.onStop { [self] in wake() }
        var logged: Set<SegmentID> = []
        _ = wish.wait(until: .now() + Self.watchLimit) { $0.isWanted }  // ignored: both ways it is time
        takeWish()
        sweep()
        var last = MonotonicInstant.now()
        while !stop.isStopped {
            _ = wish.wait(until: .now() + interval) { $0.isWanted || $0.isSuggested }  // ignored: both ways it is time
            let wish = takeWish()
            if stop.isStopped { return }
            let pause = MonotonicInstant.now() - last
            let isDue = pause > (wish.isSuggested ? Self.suggestedInterval : Self.watchedInterval)
            // Each part on its own: a failure of one must not keep the others from running.
            if wish.isWanted || !wish.isWatched || isDue {
                sweep()
                last = .now()
            }
            // Not at the start: then the recorders of this host start as well, and recover their own files.
            attempt { () throws(SpoolError) in try recover(&logged) }
        }
    }

    @discardableResult
    private func takeWish() -> Wish {
        wish.withLock { wish in
            defer { (wish.isWanted, wish.isSuggested) = (false, false) }
            return wish
        }
    }

    private func sweep() {
        attempt { () throws(SpoolError) in
            let ready = try spool.readReady()
            report(found: ready.ids)
            for name in try spool.strays(ready) { spool.quarantine(name, logger) }
        }
    }

    /// Reports segments, the newest first.
    private func report(found ids: [SegmentID]) {
        var end = ids.count
        while end > 0 {
            let start = max(0, end - Self.batch)
            report(.found(Array(ids[start..<end])))
            end = start
        }
    }

    private func attempt(_ part: () throws(SpoolError) -> Void) {
        do {
            try part()
        } catch {
            logger.error("Sweep failed; will retry", [.error: LogValue(error)])
        }
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
