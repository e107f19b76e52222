import Lifecycle
import ObserverCore
import Spool
import System

/// Decides what proves that a segment is stored, and lets its bytes be deleted only after that.
///
/// The row comes first: where the database returns `stored`, the row is the proof, and the receipt is only noted in the log,
/// for a database that is restored to an earlier state. While the database does not answer within half a second, receipts
/// are made durable instead, and the log is compared with the database when it answers again. What is neither in a row nor in
/// a receipt stays in the spool.
struct Settlement: Sendable {
    typealias Action = UploadStateMachine.Action

    /// Segments that are settled together, at most.
    private static let batch = 128
    /// The time within which the database must answer before receipts are the proof.
    private static let patience: Duration = .milliseconds(500)
    /// The time between two looks at all of the log that nothing calls for; old files are removed then.
    private static let replayInterval: Duration = .seconds(6 * 3600)

    private var unproven: [Receipt] = []
    /// Those that the database answered about without taking them: a receipt is their proof.
    private var rowless: [Receipt] = []
    private var rows: (receipts: [Receipt], since: MonotonicInstant)?
    private var appending: [Receipt]?
    private var deleting: Set<SegmentID> = []
    private var database = DatabaseHealth()
    private var appendPause = Pause(Backoff(first: .seconds(1), limit: .seconds(60), jitter: 0.5))
    /// Stored segments whose files the disk does not let be deleted.
    private var undeleted: Set<SegmentID> = []
    private var deletionPause = Pause(Backoff(first: .seconds(5), limit: .seconds(300), jitter: 0))
    private var replay = ReceiptReplay()

    // MARK: - Questions

    /// The number of segments without a proof.
    var unprovenCount: Int {
        unproven.count + rowless.count + (rows?.receipts.count ?? 0) + (appending?.count ?? 0)
    }

    /// Returns true if a segment is stored and only its file is left, because the disk keeps it.
    func isStored(_ id: SegmentID) -> Bool { undeleted.contains(id) }

    /// The segments for which neither database nor disk gives a proof now.
    var stuck: [SegmentID] {
        guard appendPause.isOn else { return [] }
        return (database.isGood ? rowless : rowless + unproven).map(\.segment.id)
    }

    /// Forgets segments without a proof, which the next start uploads anew.
    mutating func drop(_ ids: [SegmentID]) {
        unproven.removeAll { ids.contains($0.segment.id) }
        rowless.removeAll { ids.contains($0.segment.id) }
    }

    // MARK: - Events

    /// Takes a segment that S3 has confirmed.
    mutating func add(_ receipt: Receipt) { unproven.append(receipt) }

    mutating func rowsWritten(_ outcome: RowsOutcome, now: MonotonicInstant, _ random: inout JitterSource) -> [Action] {
        let receipts = rows?.receipts ?? []
        rows = nil
        switch outcome {
        case .unavailable(let reason):
            unproven = receipts + unproven
            return databaseFailed(reason, now: now, &random)
        case .written(let states):
            var actions = databaseAnswered()
            var proven: [Receipt] = []
            for receipt in receipts {
                if states[receipt.segment.id]?.provesUpload == true {
                    proven.append(receipt)
                } else {
                    rowless.append(receipt)
                }
            }
            if !proven.isEmpty {
                actions += [.appendReceipts(proven, isProof: false), delete(proven.map(\.segment.id))]
            }
            return actions
        }
    }

    mutating func receiptsAppended(
        problem: String?,
        now: MonotonicInstant,
        _ random: inout JitterSource
    ) -> [Action] {
        guard let receipts = appending else { return [] }
        appending = nil
        guard let problem else {
            appendPause.end()
            replay.askForNew()
            return [delete(receipts.map(\.segment.id))]
        }
        let wasOn = appendPause.isOn
        appendPause.begin(now, &random)
        unproven = receipts + unproven
        return wasOn ? [] : [.report(.receiptsRefused(problem))]
    }

    /// - Returns: Actions, and the segments that are done with.
    mutating func deleted(
        _ ids: [SegmentID],
        problems: [SegmentID: String],
        now: MonotonicInstant,
        _ random: inout JitterSource
    ) -> (actions: [Action], settled: [SegmentID]) {
        deleting.subtract(ids)
        let hadSome = !undeleted.isEmpty
        undeleted.subtract(ids.filter { problems[$0] == nil })
        undeleted.formUnion(problems.keys)
        if let first = problems.keys.min(), let problem = problems[first] {
            deletionPause.begin(now, &random)
            return (hadSome ? [] : [.report(.deletionRefused(first, problem))], ids)
        }
        guard hadSome else { return ([], ids) }
        // One that could be deleted means that all can.
        deletionPause.end()
        return (undeleted.isEmpty ? [.report(.deletionPossible)] : [], ids)
    }

    mutating func replayed(_ outcome: ReplayOutcome, now: MonotonicInstant, _ random: inout JitterSource) -> [Action] {
        replay.finish()
        switch outcome {
        case .unavailable(let reason):
            return databaseFailed(reason, now: now, &random)
        case .unreadable:
            replay.rest(until: now + .seconds(60))
            return databaseAnswered()
        case .done(let position, let isLast):
            replay.advance(to: position)
            guard isLast, replay.reachEnd(next: now + Self.replayInterval) else { return databaseAnswered() }
            return databaseAnswered() + [.removeReceipts(before: position)]
        }
    }

    /// Takes note that the log has more: the database may have lost these rows before.
    mutating func receiptsNoted() { replay.askForNew() }

    /// Takes note that the database may have lost what it had.
    mutating func databaseMayHaveLost() { replay.askForAll() }

    // MARK: - Next steps

    /// Returns what is to be done next.
    ///
    /// - Parameters:
    ///   - now: The present moment.
    ///   - isStopping: Begins nothing that can wait for the next start.
    ///   - random: The source of jitter.
    /// - Returns: The actions.
    mutating func advance(now: MonotonicInstant, isStopping: Bool, _ random: inout JitterSource) -> [Action] {
        var actions: [Action] = []
        if let asked = rows, !asked.receipts.isEmpty, now - asked.since > Self.patience {
            // Its answer may still come; the proof does not wait for it.
            rows?.receipts = []
            unproven = asked.receipts + unproven
            actions += databaseFailed("it does not answer", now: now, &random)
        }
        if database.isGood, rows == nil, !unproven.isEmpty {
            let batch = takeBatch()
            rows = (batch, now)
            actions.append(.writeRows(batch))
        }
        if appending == nil, appendPause.isOver(now) {
            let batch = takeRowless() + (database.isGood ? [] : takeBatch())
            if !batch.isEmpty {
                appending = batch
                actions.append(.appendReceipts(batch, isProof: true))
            }
        }
        guard !isStopping else { return actions }
        // While the database is unavailable, this is what finds out that it is back.
        if !replay.isUnderWay, rows == nil, replay.isDue(now) || !database.isGood, database.admits(now) {
            replay.begin(now)
            actions.append(.replayReceipts(from: replay.position))
        }
        if !undeleted.isEmpty, deleting.isEmpty, deletionPause.isOver(now) {
            // While the disk refuses, one of them shows that it still does.
            actions.append(delete(Array(undeleted.sorted().prefix(deletionPause.isOn ? 1 : Self.batch))))
        }
        return actions
    }

    private mutating func takeBatch() -> [Receipt] {
        let batch = Array(unproven.prefix(Self.batch))
        unproven.removeFirst(batch.count)
        return batch
    }

    private mutating func takeRowless() -> [Receipt] {
        let batch = Array(rowless.prefix(Self.batch))
        rowless.removeFirst(batch.count)
        return batch
    }

    private mutating func delete(_ ids: [SegmentID]) -> Action {
        deleting.formUnion(ids)
        return .delete(ids)
    }

    private mutating func databaseFailed(
        _ reason: String,
        now: MonotonicInstant,
        _ random: inout JitterSource
    ) -> [Action] {
        let wasGood = database.isGood
        database.failed(now, &random)
        // What it said before may be gone when it is back.
        replay.askForAll()
        return wasGood ? [.report(.databaseUnavailable(reason))] : []
    }

    private mutating func databaseAnswered() -> [Action] {
        database.answered() ? [.report(.databaseAvailable)] : []
    }
}

extension SegmentState {
    /// True if a row in this state, as the database returned it, says that S3 has or had the segment.
    var provesUpload: Bool { self == .stored || self == .expiring || self == .expired }
}
