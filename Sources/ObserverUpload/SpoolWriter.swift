import Crypto
import Encodings
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import Spool
import System

/// Writes receipts, deletes files and hashes them, on a thread of its own: a disk that stalls holds up no decision.
final class SpoolWriter: Service {
    enum Task: Sendable {
        /// Answered only if it is a proof.
        case append([Receipt], isProof: Bool)
        case delete([SegmentID])
        /// Delete the sidecar of a segment without media.
        case discard(SegmentID)
        case hash(Segment)
        /// Hash the file, and write the sidecar if it fits.
        case restoreSidecar(Segment)
        /// Read a page of the receipt log and compare it with the rows.
        case replay(from: ReceiptLog.Position)
        case removeReceipts(before: ReceiptLog.Position)
    }

    /// The time within which a receipt that is no proof is forced to the disk, and tried again if the disk did not take it.
    private static let noteInterval: Duration = .seconds(5)
    /// Receipts that the disk did not take and that are kept in memory, at most; the newest count.
    private static let mostUnnoted = 10_000

    /// The receipt log, and the receipts that are no proof and not in it.
    private struct Notes {
        var log: ReceiptLog
        var unnoted: [Receipt] = []
    }

    let name = "spool"
    /// Unlimited: each segment under way has at most one task here, and if that were dropped it would stay under way for ever.
    private let tasks = BlockingQueue<Task>(limit: .max)
    private let spool: Spool
    private let rows: RowWriter
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void

    init(
        spool: Spool,
        rows: RowWriter,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.rows = rows
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
        var notes = Notes(log: ReceiptLog(in: spool))
        var syncDue: MonotonicInstant?
        while true {
            if let task = tasks.pop(within: .seconds(1)) {
                perform(task, &notes)
                if case .append(_, isProof: false) = task { syncDue = syncDue ?? .now() + Self.noteInterval }
            } else if tasks.isClosed {
                note([], &notes)
                synchronize(&notes.log)
                return
            }
            guard let due = syncDue, due.hasPassed else { continue }
            note([], &notes)
            synchronize(&notes.log)
            syncDue = notes.unnoted.isEmpty ? nil : .now() + Self.noteInterval
        }
    }

    private func perform(_ task: Task, _ notes: inout Notes) {
        switch task {
        case .append(let receipts, isProof: true): prove(receipts, &notes.log)
        case .append(let receipts, isProof: false): note(receipts, &notes)
        case .delete(let ids): delete(ids)
        case .discard(let id):
            do {
                if try spool.mediaStatus(id) == nil { try spool.removeReady(id) }
            } catch {
                logger.warning("Sidecar not deleted", [.segmentID: .string("\(id)"), .error: LogValue(error)])
            }
        case .hash(let segment): report(.hashed(segment.id, hash(segment)))
        case .restoreSidecar(let segment): report(.hashed(segment.id, restoreSidecar(segment)))
        case .replay(let position): replay(from: position)
        case .removeReceipts(let position):
            do {
                try notes.log.removeOld(before: position)
            } catch {
                logger.warning("Old receipts not deleted", [.error: LogValue(error)])
            }
        }
    }

    private func prove(_ receipts: [Receipt], _ log: inout ReceiptLog) {
        crashPoints.reach(.afterPut)
        do {
            try log.append(receipts, isDurable: true)
            crashPoints.reach(.afterReceipt)
            report(.receiptsAppended(problem: nil))
        } catch {
            report(.receiptsAppended(problem: error.description))
        }
    }

    /// Appends receipts of segments whose rows prove them, for a database that is restored to an earlier state.
    ///
    /// On a full disk there is room for them when the files have been deleted, so what the disk does not take waits.
    private func note(_ receipts: [Receipt], _ notes: inout Notes) {
        let wasRefused = !notes.unnoted.isEmpty
        notes.unnoted += receipts
        guard !notes.unnoted.isEmpty else { return }
        do {
            try notes.log.append(notes.unnoted, isDurable: false)
            notes.unnoted = []
            if wasRefused { report(.receiptsNoted) }
            crashPoints.reach(.afterReceipt)
        } catch {
            notes.unnoted = Array(notes.unnoted.suffix(Self.mostUnnoted))
        }
    }

    private func synchronize(_ log: inout ReceiptLog) {
        do {
            try log.synchronize()
        } catch {
            logger.warning("Receipts not forced to disk", [.error: LogValue(error)])
        }
    }

    private func delete(_ ids: [SegmentID]) {
        var problems: [SegmentID: String] = [:]
        for id in ids {
            do {
                try spool.removeReady(id)
            } catch {
                problems[id] = error.description
            }
            crashPoints.reach(.afterDelete)
        }
        do {
            try spool.check()
        } catch {
            // A folder that is away has no files, and has them again when it comes back.
            for id in ids { problems[id] = error.description }
        }
        report(.deleted(ids, problems: problems))
    }

    private func replay(from position: ReceiptLog.Position) {
        do {
            let page = try spool.receipts(from: position)
            if page.spoilt > 0 { logger.error("Receipts damaged", [.segmentCount: .int(page.spoilt)]) }
            rows.add(.replay(page))
        } catch {
            logger.error("Receipts not read; will retry", [.error: LogValue(error)])
            rows.add(.replay(nil))
        }
    }

    private func restoreSidecar(_ segment: Segment) -> HashOutcome {
        let found = hash(segment)
        guard found == .intact else { return found }
        do {
            try spool.restoreSidecar(segment)
            logger.warning("Sidecar restored from row", [.segmentID: .string("\(segment.id)")])
            return .intact
        } catch {
            return .unreadable(error.description)
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
