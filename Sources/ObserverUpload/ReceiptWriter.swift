import System
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import Synchronization

/// The one thread that writes receipts and rows, and deletes what both prove to be stored.
///
/// It takes what has piled up in one go: a receipt each, one statement for all rows. A database that is away holds
/// nothing up: the receipt is the durable proof, and the sweep posts it later.
final class ReceiptWriter: Service {
    enum Task: Sendable {
        /// S3 has it.
        case keep(Segment, etag: String?, tries: Int)
        /// There is a receipt; whoever asked wants to hear that the rest is done.
        case keepAgain(Receipt)
        /// Three refusals, or the bytes are gone.
        case fail(Segment, Failure, tries: Int)
        case lookUp(SegmentID)
        /// Only leftovers: the row says that it is stored.
        case discard(SegmentID)
        case hash(Segment)
        /// There are receipts; nobody waits.
        case post([SegmentID])
    }

    let name = "receipts"
    private static let patience: Duration = .milliseconds(50)

    /// Without a limit: there is one task at most for each segment that is under way, and a segment whose task was dropped
    /// would be under way for ever.
    private let tasks = BlockingQueue<Task>(limit: .max)
    private let isPosting = Atomic<Bool>(false)
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

    /// Posts receipts that have no row yet, unless that is under way already: the next sweep asks again.
    func post(_ ids: [SegmentID]) {
        guard !ids.isEmpty, !isPosting.exchange(true, ordering: .acquiringAndReleasing) else { return }
        add(.post(ids))
    }

    /// Works until stopped; then completes what was added, except for receipts that nobody waits for.
    func run(until stop: StopSignal) {
        stop.onStop { [tasks] in tasks.close() }
        var books = ReceiptBatchWriter(
            spool: spool,
            store: SegmentStore(PostgresConnection(database)),
            crashPoints: crashPoints,
            logger: logger,
            report: report
        )
        while true {
            if let first = tasks.pop(within: books.hasPosts ? .zero : .seconds(1)) {
                // A little patience brings several receipts under one fsync and several rows into one statement.
                let departure = MonotonicInstant.now() + Self.patience
                var batch = [first]
                while batch.count < 128, let next = tasks.pop(within: max(departure - MonotonicInstant.now(), .zero)) {
                    batch.append(next)
                }
                books.work(batch)
            } else if tasks.isClosed {
                return
            }
            guard books.hasPosts else { continue }
            books.postSome()
            if !books.hasPosts { isPosting.store(false, ordering: .releasing) }
        }
    }
}
