import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import Synchronization
import System

/// Writes receipts and rows, and deletes the files that both prove to be stored.
///
/// Tasks are carried out in batches: one fsync for all receipts, one statement for all rows. A database that is unavailable
/// holds up no upload: the receipt is the durable proof, and a later sweep brings the row.
final class ReceiptWriter: Service {
    enum Task: Sendable {
        /// The segment is in S3.
        case write(Segment, etag: String?, tries: Int)
        /// The receipt already exists; complete the remaining steps and report.
        case complete(Receipt)
        /// Three refusals, or the bytes are gone.
        case fail(Segment, Failure, tries: Int)
        case findRow(SegmentID)
        /// The row says that the segment is stored; only files remain.
        case discard(SegmentID)
        case hash(Segment)
        /// Receipts on the disk that no job waits for.
        case completePending([SegmentID])
    }

    /// Tasks that are carried out together, at most.
    private static let batchLimit = 128
    /// The time that a batch waits for further tasks.
    private static let batchInterval: Duration = .milliseconds(50)

    let name = "receipts"
    /// Unlimited: each segment under way has at most one task here, and if that were dropped it would stay under way for ever.
    private let tasks = BlockingQueue<Task>(limit: .max)
    private let isCompletingPending = Atomic<Bool>(false)
    private let spool: Spool
    private let database: PostgresConfiguration
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void

    init(
        spool: Spool,
        database: PostgresConfiguration,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.database = database
        self.crashPoints = crashPoints
        self.logger = logger
        self.report = report
    }

    /// Adds a task; after the stop it is left to the next start.
    func add(_ task: Task) {
        _ = tasks.push(task)  // ignored: false only after the stop
    }

    /// Completes receipts that have no row yet, unless that is under way already: the next sweep asks again.
    func completePending(_ ids: [SegmentID]) {
        guard !ids.isEmpty, !isCompletingPending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        add(.completePending(ids))
    }

    /// Works until stopped; then completes what was added, except for receipts that no job waits for.
    func run(until stop: StopSignal) {
        stop.onStop { [tasks] in tasks.close() }
        var writer = ReceiptBatchWriter(
            spool: spool,
            store: SegmentStore(PostgresConnection(database)),
            crashPoints: crashPoints,
            logger: logger,
            report: report
        )
        while true {
            if let first = tasks.pop(within: writer.hasPending ? .zero : .seconds(1)) {
                writer.perform(batch(beginningWith: first))
            } else if tasks.isClosed {
                return
            }
            writer.deleteAgain()
            guard writer.hasPending else { continue }
            writer.completeSomePending()
            if !writer.hasPending { isCompletingPending.store(false, ordering: .releasing) }
        }
    }

    private func batch(beginningWith first: Task) -> [Task] {
        let end = MonotonicInstant.now() + Self.batchInterval
        var batch = [first]
        while batch.count < Self.batchLimit, let next = tasks.pop(within: max(end - MonotonicInstant.now(), .zero)) {
            batch.append(next)
        }
        return batch
    }
}
