import Crypto
import Encodings
import System
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System

/// Carries out the tasks of ``ReceiptWriter`` in batches, on its thread.
struct ReceiptBatchWriter: ~Copyable {
    /// Receipts without a waiting job that are completed in one batch.
    private static let pendingBatch = 128
    /// The time between two attempts to delete what the disk did not let be deleted.
    private static let deletionInterval = Duration.seconds(5)

    private let spool: Spool
    private let store: SegmentStore
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    /// Receipts without a waiting job whose rows are still to be written.
    private var pending: ArraySlice<SegmentID> = []
    /// The reason why no rows can be written, while that lasts.
    private var rowProblem: String?
    /// Segments whose refused row or unreadable receipt has been logged.
    private var logged: Set<SegmentID> = []
    /// Stored segments whose files the disk did not let be deleted.
    private var undeleted: Set<SegmentID> = []
    private var deletionDue = MonotonicInstant.now()

    init(
        spool: Spool,
        store: SegmentStore,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.store = store
        self.crashPoints = crashPoints
        self.logger = logger
        self.report = report
    }

    mutating func perform(_ batch: [ReceiptWriter.Task]) {
        var entries = write(
            batch.compactMap { task in
                guard case .write(let segment, let etag, let tries) = task else { return nil }
                return Receipt(segment: segment, etag: etag, storedAt: .now(), tries: tries)
            }
        )
        for task in batch {
            switch task {
            case .write: break
            case .complete(let receipt): entries[receipt.segment.id] = Entry(receipt: receipt, isAwaited: true)
            case .fail(let segment, let failure, let tries): fail(segment, failure, tries: tries)
            case .findRow(let id): findRow(id)
            case .discard(let id): removeFile(id)
            case .hash(let segment): report(.hashed(segment.id, hash(segment)))
            case .completePending(let ids): pending = ids[...]
            }
        }
        if !entries.isEmpty { _ = complete(Array(entries.values)) }  // ignored: receipts without a row are swept later
    }

    // MARK: - Stored

    /// A receipt whose row is to be written.
    private struct Entry {
        let receipt: Receipt
        /// True if a job of the state machine waits for it.
        let isAwaited: Bool
        /// The reason why there is no receipt on the disk; then only the row proves the upload.
        var problem: String?
    }

    var hasPending: Bool { !pending.isEmpty }

    /// Completes some of the receipts without a waiting job.
    ///
    /// If the database does not accept them, the rest is left to the next sweep.
    mutating func completeSomePending() {
        let some = pending.prefix(Self.pendingBatch)
        pending = pending.dropFirst(some.count)
        var entries: [Entry] = []
        for id in some {
            if let receipt = load(id) { entries.append(Entry(receipt: receipt, isAwaited: false)) }
        }
        if !entries.isEmpty, !complete(entries) { pending = [] }
    }

    /// Writes receipts: together, or one by one if that fails, to find out which of them are on the disk.
    private func write(_ receipts: [Receipt]) -> [SegmentID: Entry] {
        guard !receipts.isEmpty else { return [:] }
        crashPoints.reach(.afterPut)
        var entries: [SegmentID: Entry] = [:]
        do {
            try spool.write(receipts)
            for receipt in receipts { entries[receipt.segment.id] = Entry(receipt: receipt, isAwaited: true) }
        } catch {
            for receipt in receipts { entries[receipt.segment.id] = write(receipt) }
        }
        crashPoints.reach(.afterReceipt)
        return entries
    }

    private func write(_ receipt: Receipt) -> Entry {
        do {
            try spool.write(receipt)
            return Entry(receipt: receipt, isAwaited: true)
        } catch {
            return Entry(receipt: receipt, isAwaited: true, problem: error.description)
        }
    }

    private mutating func load(_ id: SegmentID) -> Receipt? {
        do {
            return try spool.receipt(id)
        } catch {
            if logged.insert(id).inserted {
                logger.error("Receipt unreadable", [.segmentID: .string("\(id)"), .error: LogValue(error)])
            }
            // A disk that fails says nothing about what is on it.
            if error.kind == .corrupt { spool.quarantine("stored/\(id).json", logger) }
            return nil
        }
    }

    /// Writes rows, and removes the files that a row or a receipt proves to be stored.
    ///
    /// - Returns: False if the database accepts no rows at all.
    private mutating func complete(_ entries: [Entry]) -> Bool {
        let (written, isAvailable) = writeRows(
            entries.map { entry in
                SegmentStore.Outcome(
                    entry.receipt.segment,
                    .stored,
                    etag: entry.receipt.etag,
                    storedAt: entry.receipt.storedAt
                )
            }
        )
        crashPoints.reach(.afterRow)
        for entry in entries {
            let id = entry.receipt.segment.id
            let hasRow = written.contains(id)
            guard hasRow || entry.problem == nil else {
                logger.error(
                    "Receipt not written",
                    [.segmentID: .string(id.description), .error: .string(entry.problem ?? "")]
                )
                report(.receiptWritten(id, problem: entry.problem))
                continue
            }
            removeFile(id)
            crashPoints.reach(.afterDelete)
            if hasRow { removeReceipt(id) }
            if entry.isAwaited { report(.receiptWritten(id, problem: nil)) }
        }
        return isAvailable
    }

    private mutating func removeFile(_ id: SegmentID) {
        do {
            try spool.removeReady(id)
        } catch {
            if undeleted.isEmpty {
                logger.error(
                    "Stored file not deleted; will retry",
                    [.segmentID: .string(id.description), .error: LogValue(error)]
                )
                deletionDue = .now() + Self.deletionInterval
            }
            undeleted.insert(id)
        }
    }

    /// Deletes now and then what the disk did not let be deleted.
    mutating func deleteAgain() {
        guard !undeleted.isEmpty, deletionDue.hasPassed else { return }
        deletionDue = .now() + Self.deletionInterval
        undeleted = undeleted.filter { (try? spool.removeReady($0)) == nil }
        if undeleted.isEmpty { logger.info("Stored files deleted") }
    }

    private func removeReceipt(_ id: SegmentID) {
        do {
            try spool.removeReceipt(id)
        } catch {
            logger.error("Receipt not deleted", [.segmentID: .string(id.description), .error: LogValue(error)])
        }
    }

    // MARK: - Rows

    /// Writes rows: all in one statement, or one by one if one of them is refused for its values.
    ///
    /// - Returns: The segments that the catalogue has in the state that was to be written, or further, and whether the
    ///   database accepts rows at all.
    private mutating func writeRows(
        _ outcomes: [SegmentStore.Outcome]
    ) -> (written: Set<SegmentID>, isAvailable: Bool) {
        do {
            let states = try store.write(outcomes)
            if rowProblem != nil { logger.info("Database accepts rows again") }
            rowProblem = nil
            let written = Set(outcomes.filter { $0.isReached(by: states[$0.segment.id]) }.map(\.segment.id))
            logged.subtract(written)
            return (written, true)
        } catch {
            guard error.isOfValues else {
                log(error)
                return ([], false)
            }
            guard outcomes.count > 1 else {
                if let id = outcomes.first?.segment.id, logged.insert(id).inserted {
                    logger.error("Row refused", [.segmentID: .string("\(id)"), .error: .string("\(error)")])
                }
                return ([], true)
            }
            var written: Set<SegmentID> = []
            for outcome in outcomes {
                let one = writeRows([outcome])
                written.formUnion(one.written)
                guard one.isAvailable else { return (written, false) }
            }
            return (written, true)
        }
    }

    /// Logs why no rows can be written: once, until they can or the reason changes.
    private mutating func log(_ error: PostgresError) {
        let problem = error.isTemporary ? "unavailable" : error.kind.rawValue
        guard rowProblem != problem else { return }
        rowProblem = problem
        if error.isTemporary {
            logger.warning("Database unavailable; rows follow later", [.error: LogValue(error)])
        } else {
            logger.error("Rows not written; uploads continue", [.error: LogValue(error)])
        }
    }

    // MARK: - Not stored

    private mutating func fail(_ segment: Segment, _ failure: Failure, tries: Int) {
        let state: SegmentState = failure.kind == .missing ? .lost : .failed
        let text = "\(failure.kind.rawValue): \(failure.detail)"
        // Ignored: a row that could not be written is in the log, and comes again with the next cycle.
        _ = writeRows([SegmentStore.Outcome(segment, state, tries: tries, error: text)])
        crashPoints.reach(.afterDeadLetter)
    }

    private func findRow(_ id: SegmentID) {
        do {
            report(.rowFound(id, .known(try store.states(of: [id])[id])))
        } catch {
            report(.rowFound(id, .unavailable))
        }
    }

    private func hash(_ segment: Segment) -> HashOutcome {
        do throws(SystemError) {
            let found = try SHA256.hash(File(opening: spool.media(segment.id)))
            return found.hash.hex == segment.media.sha256 ? .intact : .different
        } catch {
            return .unreadable(error.detail)
        }
    }
}

extension SegmentStore.Outcome {
    /// Returns true if a row in this state needs no more to be done: bytes are deleted on the strength of it.
    fileprivate func isReached(by present: SegmentState?) -> Bool {
        present == state || state == .stored && (present == .expiring || present == .expired)
    }
}

extension PostgresError {
    /// True if another row could have been written all the same.
    fileprivate var isOfValues: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .invalidValue: true
        case .configuration, .unavailable, .authentication, .unknownDatabase, .connectionLost, .deadline: false
        case .interrupted, .overloaded, .forbidden, .schema, .server, .decoding, .misuse: false
        }
    }
}
