import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System

/// Writes and reads the rows of segments, on a thread of its own: a database that hangs holds up nothing else.
final class RowWriter: Service {
    enum Task: Sendable {
        /// The segments are in S3.
        case write([Receipt])
        /// Three refusals, or the bytes are gone.
        case fail(Segment, Failure, tries: Int)
        /// The file of a failed segment is gone.
        case noteMissing(Segment)
        case find(SegmentID)
        /// Compare receipts with the rows, and write those that are missing; without a page only ask for an answer.
        case replay(Spool.ReceiptPage?)
    }

    /// Rows that are looked up together, at most.
    private static let batchLimit = 128

    let name = "rows"
    /// Unlimited: each segment under way has at most one task here, and if that were dropped it would stay under way for ever.
    private let tasks = BlockingQueue<Task>(limit: .max)
    private let database: PostgresConfiguration
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void

    init(
        database: PostgresConfiguration,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.database = database
        self.crashPoints = crashPoints
        self.logger = logger
        self.report = report
    }

    /// Adds a task; after the stop it is left to the next start.
    func add(_ task: Task) {
        _ = tasks.push(task)  // ignored: false only after the stop
    }

    /// Works until stopped; then completes what was added.
    func run(until stop: StopSignal) {
        stop.onStop { [tasks] in tasks.close() }
        var rows = SegmentRows(SegmentStore(PostgresConnection(database)), logger: logger)
        while true {
            guard let task = tasks.pop(within: .seconds(1)) else {
                if tasks.isClosed { return }
                continue
            }
            var next: Task? = task
            if case .find(let id) = task { next = find(beginningWith: id, &rows) }
            if let next { perform(next, &rows) }
            if rows.isReconnected() { report(.databaseReconnected) }
        }
    }

    private func perform(_ task: Task, _ rows: inout SegmentRows) {
        switch task {
        case .write(let receipts):
            crashPoints.reach(.afterPut)
            let outcome = rows.write(receipts)
            crashPoints.reach(.afterRow)
            report(.rowsWritten(outcome))
        case .fail(let segment, let failure, let tries):
            rows.fail(segment, failure, tries: tries)
            crashPoints.reach(.afterDeadLetter)
        case .noteMissing(let segment):
            rows.noteMissing(segment)
        case .find(let id):
            report(.rowFound(id, rows.find([id])[id] ?? .unavailable))
        case .replay(let page):
            report(.receiptsReplayed(rows.replay(page)))
        }
    }

    /// Looks up a row, and those that are asked for next together with it.
    ///
    /// - Returns: The first task that is of another kind, if one came.
    private func find(beginningWith id: SegmentID, _ rows: inout SegmentRows) -> Task? {
        var ids = [id]
        var other: Task?
        while ids.count < Self.batchLimit, other == nil, let task = tasks.pop(within: .zero) {
            if case .find(let id) = task { ids.append(id) } else { other = task }
        }
        let found = rows.find(ids)
        for id in ids { report(.rowFound(id, found[id] ?? .unavailable)) }
        return other
    }
}
