import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Holds this recorder's lock on the spool, reads the journal at the start, and completes beside the recorders what a killed
/// process left open.
///
/// Fails to start if the spool cannot be used or another process has the recorder's name.
final class SpoolRecovery: Service {
    /// The number of the newest segments, waiting or stored, that the start looks at.
    private static let newest = 2000
    /// The time between two attempts, which grows while the disk fails.
    private static let firstWait = Duration.seconds(2)
    private static let longestWait = Duration.seconds(60)

    let name = "spool"
    private let spool: Spool
    private let journal: GapJournal
    private let clock: SharedClock
    private let recorder: String
    private let segmentPublisher: SegmentPublisher
    private let logger: Logger
    private let lock = Lock<RecorderLock?>(nil)
    private let recorded = Lock<[StreamID: [KnownCoverage.Period]]>([:])
    private let measured = Lock<[StreamID: [Stretch]]>([:])
    /// The files of this recorder's former life that are not completed yet.
    private let former = Lock<Set<SegmentID>>([])

    init(
        spool: Spool,
        journal: GapJournal,
        clock: SharedClock,
        recorder: String,
        segmentPublisher: SegmentPublisher,
        logger: Logger
    ) {
        self.spool = spool
        self.journal = journal
        self.clock = clock
        self.recorder = recorder
        self.segmentPublisher = segmentPublisher
        self.logger = logger
    }

    /// The segments of a stream that were in the spool when the process began.
    func periods(of stream: StreamID) -> [KnownCoverage.Period] {
        recorded.withLock { $0[stream] ?? [] }
    }

    /// The stretches of a stream that earlier processes left since the machine booted, by its own clock.
    func stretches(of stream: StreamID) -> [Stretch] {
        measured.withLock { $0[stream] ?? [] }
    }

    func start() throws {
        let lock = try spool.lock(recorder: recorder)
        self.lock.withLock { $0 = lock }
        loadJournal()
        // A disk too full for it, or one that fails, is told of by the writers.
        try? spool.keepReserve()
        for left in try spool.leftOpen(by: recorder, time: clock.spoolTime) {
            former.withLock { _ = $0.insert(left.header.id) }
            if left.milliseconds > 0 { note(left) }
        }
        lookAround()
    }

    /// Completes what was left open, then keeps the lock until stopped.
    func run(until stop: StopSignal) {
        defer { lock.withLock { $0 = nil } }
        var wait = Self.firstWait
        var isFailing = false
        while !stop.isStopped {
            do throws(SpoolError) {
                let failure = try recover()
                if former.withLock({ $0.isEmpty }) { break }
                if let failure, failure.kind != .inUse { throw failure }
                wait = Self.firstWait
            } catch {
                if !isFailing { logger.error("Recovery failed; will retry", [.error: LogValue(error)]) }
                isFailing = true
                wait = min(wait * 2, Self.longestWait)
            }
            stop.wait(for: wait)
        }
        stop.wait()
    }

    /// Completes files; those that another process is at, or that a disk does not give, are left for the next time.
    ///
    /// - Returns: The reason why one of them is left.
    private func recover() throws(SpoolError) -> SpoolError? {
        let ids = former.withLock { $0 }
        var left: Set<SegmentID> = []
        var reason: SpoolError?
        for result in try spool.recover(as: recorder, former: ids, time: clock.spoolTime) {
            if case .kept(let id, let error) = result {
                left.insert(id)
                reason = error
            } else {
                report(result)
            }
        }
        // A file that was moved to another time bears another identifier.
        former.withLock { $0 = ids.filter { id in left.contains { $0.isMoved(from: id) } } }
        return reason
    }

    private func loadJournal() {
        do throws(SpoolError) {
            let spoilt = try journal.load()
            if spoilt > 0 { logger.error("Journal damaged; gaps left out", [.gapCount: .int(spoilt)]) }
        } catch {
            logger.error("Journal not read", [.error: LogValue(error)])
        }
    }

    /// Takes note of the newest committed segments: their rows may not be in the database yet.
    private func lookAround() {
        let ready = ((try? spool.readyIDs()) ?? []).sorted(by: >).prefix(Self.newest)
        for id in ready { if let segment = try? spool.segment(id) { note(segment) } }
        for receipt in (try? spool.newestReceipts(limit: Self.newest)) ?? [] { note(receipt.segment) }
    }

    private func note(_ left: Spool.LeftOpen) {
        let stream = left.header.stream
        switch left.place {
        case .asWritten:
            let start = left.header.startedAt
            note(stream, from: start, to: start.advanced(byMilliseconds: left.milliseconds))
        case .at(let uptime):
            let end = uptime.addingSaturated(left.milliseconds.multipliedSaturated(by: 1000))
            measured.withLock { $0[stream, default: []].append(Stretch(from: uptime, to: end)) }
        }
    }

    private func note(_ segment: Segment) {
        note(segment.header.stream, from: segment.startedAt, to: segment.endedAt)
    }

    private func note(_ stream: StreamID, from start: Timestamp, to end: Timestamp) {
        let period = KnownCoverage.Period(from: start, to: end)
        recorded.withLock { $0[stream, default: []].append(period) }
    }

    private func report(_ result: Recovered) {
        switch result {
        case .segment(let segment):
            logger.info(
                "Segment recovered",
                [.cameraID: .int(Int(segment.header.cameraID.rawValue)), .segmentID: .string(segment.id.description)]
            )
            segmentPublisher.announce(segment)
        case .nothing(let draft):
            logger.warning(
                "Nothing to recover in file",
                [.cameraID: .int(Int(draft.cameraID.rawValue)), .segmentID: .string(draft.id.description)]
            )
        case .quarantined(let id, let error):
            logger.error(
                "Recovery refused; file put in quarantine",
                [.segmentID: .string(id.description), .error: LogValue(error)]
            )
        case .kept: break
        }
    }
}
