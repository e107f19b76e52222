import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Holds this recorder's lock on the spool and, at the start, reads the journal and completes what a killed process left
/// open.
///
/// Fails to start if the spool cannot be used or another process has the recorder's name.
final class SpoolRecovery: Service {
    /// The number of the newest segments, waiting or stored, that the start looks at.
    private static let newest = 2000

    let name = "spool"
    private let spool: Spool
    private let journal: GapJournal
    private let recorder: String
    private let segmentPublisher: SegmentPublisher
    private let statusWriter: StatusWriter
    private let logger: Logger
    private let lock = Lock<RecorderLock?>(nil)
    private let recorded = Lock<[StreamID: [KnownCoverage.Period]]>([:])

    init(
        spool: Spool,
        journal: GapJournal,
        recorder: String,
        segmentPublisher: SegmentPublisher,
        statusWriter: StatusWriter,
        logger: Logger
    ) {
        self.spool = spool
        self.journal = journal
        self.recorder = recorder
        self.segmentPublisher = segmentPublisher
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// The segments of a stream that were in the spool when the process began.
    func periods(of stream: StreamID) -> [KnownCoverage.Period] {
        recorded.withLock { $0[stream] ?? [] }
    }

    func start() throws {
        let lock = try spool.lock(recorder: recorder)
        self.lock.withLock { $0 = lock }
        loadJournal()
        try spool.keepReserve()
        for result in try spool.recover(as: recorder) { report(result) }
        lookAround()
    }

    /// Keeps the lock until stopped.
    func run(until stop: StopSignal) {
        stop.wait()
        lock.withLock { $0 = nil }
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
        let stored = ((try? spool.receiptIDs()) ?? []).sorted(by: >).prefix(Self.newest)
        for id in stored { if let receipt = try? spool.receipt(id) { note(receipt.segment) } }
    }

    private func note(_ segment: Segment) {
        let period = KnownCoverage.Period(from: segment.startedAt, to: segment.endedAt)
        recorded.withLock { $0[segment.header.stream, default: []].append(period) }
    }

    private func report(_ result: Recovered) {
        switch result {
        case .segment(let segment):
            logger.info(
                "Segment recovered",
                [.cameraID: .int(Int(segment.header.cameraID.rawValue)), .segmentID: .string(segment.id.description)]
            )
            segmentPublisher.publish(segment)
            statusWriter.add(segment)
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
        case .kept(let id, let error):
            logger.error(
                "Recovery failed; file kept",
                [.segmentID: .string(id.description), .error: LogValue(error)]
            )
        }
    }
}
