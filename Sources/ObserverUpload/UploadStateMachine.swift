import Lifecycle
import ObserverCore
import ObserverMessages
import Spool
package import System

/// Decides what happens to each segment between the spool and S3: `(state, event, now) -> actions`.
///
/// A segment arrives by a message or by the sweep, whichever is first. There is one job per segment, so a second message is a
/// copy and is acknowledged. A refusal by S3 counts as a try and goes through the retry queues; network errors are retried
/// here with back-off and do not count. Nothing here does I/O.
package struct UploadStateMachine: Sendable {
    /// Receipts under way, at most: more would only make each batch larger.
    private static let mostReceipts = 64

    private let limits: Limits
    private var throttle: UploadThrottle
    private var jobs: [SegmentID: UploadJob] = [:]
    private var queue = UploadQueue()
    private var paused: [SegmentID: MonotonicInstant] = [:]
    private var retrying: [SegmentID: DeferredUpload] = [:]
    private var deadLettered: [SegmentID: DeferredUpload] = [:]
    /// True if S3's last answer about a segment was a refusal.
    private var isRefusing = false
    /// Cycles that began before their time: a segment that was refused all the same gets no second one.
    private var early: Set<SegmentID> = []
    private var transferCount = 0
    private var receiptCount = 0
    private var isStopping = false

    package init(limits: Limits) {
        self.limits = limits
        throttle = UploadThrottle(parallel: limits.parallel)
    }

    /// True while nothing is under way; after `stop` the process may then end.
    package var isIdle: Bool { jobs.values.allSatisfy { $0.step == .waiting } }

    /// The number of segments that are known and not done.
    package var count: Int { jobs.count }

    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        var actions = react(to: event, now: now)
        if !isStopping { begin(now: now, &actions) }
        return actions
    }

    private mutating func react(to event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .received(let recorded, let delivery): received(recorded, delivery: delivery, now: now)
        case .found(let ids): found(ids, now: now)
        case .prepared(let id, let preparation): prepared(id, preparation: preparation, now: now)
        case .putFinished(let id, let outcome): putFinished(id, outcome: outcome, now: now)
        case .headFinished(let id, let outcome): headFinished(id, outcome: outcome, now: now)
        case .hashed(let id, let outcome): hashed(id, outcome: outcome, now: now)
        case .receiptWritten(let id, let problem): receiptWritten(id, problem: problem, now: now)
        case .rowFound(let id, let outcome): rowFound(id, outcome: outcome, now: now)
        case .published(let id, let isConfirmed): published(id, isConfirmed: isConfirmed, now: now)
        case .tick: tick(now: now)
        case .stop: stop()
        }
    }

    // MARK: - Arrival

    private mutating func received(
        _ recorded: SegmentRecorded,
        delivery: DeliveryToken,
        now: MonotonicInstant
    ) -> [Action] {
        let id = recorded.segment.id
        guard !isStopping else { return [.resolve(delivery, .requeue)] }
        guard jobs[id] == nil, !isCopy(recorded) else { return [.resolve(delivery, .acknowledge)] }
        deadLettered[id] = nil
        retrying[id] = nil
        jobs[id] = UploadJob(
            recorded: recorded,
            attempt: recorded.attempt,
            cycle: recorded.cycle,
            delivery: delivery,
            since: now
        )
        queue.insert(id)
        return []
    }

    /// Returns true for a message of a try that was made before: brokers deliver twice, publishers send twice.
    ///
    /// A dead-lettered segment begins again only with a message of the next cycle, which is a replay; one in a retry queue
    /// only with the message that waits there.
    private func isCopy(_ recorded: SegmentRecorded) -> Bool {
        let id = recorded.segment.id
        guard let next = deadLettered[id] ?? retrying[id] else { return false }
        return (recorded.cycle, recorded.attempt) < (next.cycle, next.attempt)
    }

    /// Adds unknown segments, oldest and newest in turn, up to the limit of jobs.
    private mutating func found(_ ids: [SegmentID], now: MonotonicInstant) -> [Action] {
        guard !isStopping else { return [] }
        var candidates = UploadQueue(
            ids.filter { id in
                guard jobs[id] == nil else { return false }
                return (deadLettered[id] ?? retrying[id]).map { $0.until <= now } ?? true
            }
        )
        while jobs.count < limits.mostJobs, let id = candidates.take() {
            let known = deadLettered.removeValue(forKey: id) ?? retrying.removeValue(forKey: id)
            retrying[id] = nil
            if let known, known.isRefused {
                if known.isEarly { early.insert(id) } else { early.remove(id) }
            }
            jobs[id] = UploadJob(attempt: known?.attempt ?? 1, cycle: known?.cycle ?? 0, since: now)
            queue.insert(id)
        }
        return []
    }

    private mutating func begin(now: MonotonicInstant, _ actions: inout [Action]) {
        while receiptCount < Self.mostReceipts, let id = queue.next, let job = jobs[id] {
            let isRetry = job.troubles > 0
            guard throttle.admits(underWay: transferCount, isRetry: isRetry, after: job.lastTrouble, now: now)
            else { return }
            _ = queue.take()  // ignored: it is `id`
            move(id, to: .preparing)
            actions.append(.prepare(id))
        }
    }

    // MARK: - Transfer

    private mutating func prepared(_ id: SegmentID, preparation: Preparation, now: MonotonicInstant) -> [Action] {
        switch preparation {
        case .ready(let segment):
            jobs[id]?.segment = segment
            move(id, to: .putting)
            return [.put(segment)]
        case .uploaded(let receipt):
            move(id, to: .writingReceipt)
            return [.completeReceipt(receipt)]
        case .missing:
            move(id, to: .findingRow)
            return [.findRow(id)]
        case .corrupt(let detail):
            return deadLetter(id, Failure(kind: .corrupt, detail: detail))
        case .unreadable(let reason):
            return unreadable(id, reason: reason, now: now)
        }
    }

    private mutating func putFinished(_ id: SegmentID, outcome: PutOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        switch outcome {
        case .stored(let etag):
            return answered() + stored(id, segment: segment, etag: etag, tries: job.attempt, now: now)
        case .exists:
            move(id, to: .comparing)
            return answered() + [.head(segment)]
        case .digestMismatch:
            move(id, to: .hashing)
            return answered() + [.hash(segment)]
        case .unreadable(let reason):
            return unreadable(id, reason: reason, now: now)
        case .refused(let reason):
            return answered() + refused(id, reason: reason)
        case .trouble(let trouble, let reason):
            return troubled(id, by: trouble, reason: reason, now: now)
        }
    }

    private mutating func headFinished(_ id: SegmentID, outcome: HeadOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        switch outcome {
        case .same(let etag):
            return answered() + stored(id, segment: segment, etag: etag, tries: job.attempt, now: now)
        case .different:
            let detail = "the object under its key in S3 has other bytes"
            return answered() + deadLetter(id, Failure(kind: .corrupt, detail: detail))
        case .refused(let reason):
            return answered() + refused(id, reason: reason)
        case .trouble(let trouble, let reason):
            return troubled(id, by: trouble, reason: reason, now: now)
        }
    }

    private mutating func hashed(_ id: SegmentID, outcome: HashOutcome, now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .intact:
            troubled(id, by: .connection, reason: "the bytes were changed on the way", now: now)
        case .different:
            deadLetter(id, Failure(kind: .corrupt, detail: "the file is not what was recorded"))
        case .unreadable(let reason):
            unreadable(id, reason: reason, now: now)
        }
    }

    private mutating func stored(
        _ id: SegmentID,
        segment: Segment,
        etag: String?,
        tries: Int,
        now: MonotonicInstant
    ) -> [Action] {
        move(id, to: .writingReceipt)
        early.remove(id)
        return [.writeReceipt(segment, etag: etag, tries: tries)] + replayRefused(now: now)
    }

    private mutating func receiptWritten(_ id: SegmentID, problem: String?, now: MonotonicInstant) -> [Action] {
        guard problem == nil else {
            // The disk refused the receipt, which is logged. The next PUT finds the object, and nothing is lost meanwhile.
            waitForDisk(id, now: now)
            return []
        }
        return finish(id, .acknowledge)
    }

    private mutating func rowFound(_ id: SegmentID, outcome: RowOutcome, now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .known(.stored?), .known(.expiring?), .known(.expired?):
            return [.discard(id)] + finish(id, .acknowledge)
        case .known(.lost?):
            // What is left of it may be all there is: a segment that turns up becomes stored.
            return finish(id, .acknowledge)
        case .known:
            let detail = "the file is neither in the spool nor in S3"
            return deadLetter(id, Failure(kind: .missing, detail: detail))
        case .unavailable:
            pause(id, until: now + .seconds(5))
            return []
        }
    }

    /// The disk does not deliver a file: the segment waits here, which does not count as a try.
    ///
    /// The first time another process may just be finishing with the file; a second failure is reported.
    private mutating func unreadable(_ id: SegmentID, reason: String, now: MonotonicInstant) -> [Action] {
        waitForDisk(id, now: now)
        return jobs[id]?.diskTroubles == 2 ? [.reportUnreadable(id, reason)] : []
    }

    private mutating func waitForDisk(_ id: SegmentID, now: MonotonicInstant) {
        jobs[id]?.diskTroubles += 1
        let wait = jobs[id]?.diskWaits.next() ?? .seconds(1)
        pause(id, until: now + wait)
    }

    // MARK: - Refusal and trouble

    private mutating func refused(_ id: SegmentID, reason: String) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        isRefusing = true
        guard job.attempt < Broker.triesPerCycle else {
            return deadLetter(id, Failure(kind: .refused, detail: reason))
        }
        move(id, to: .publishing)
        let recorded = SegmentRecorded(attempt: job.attempt, cycle: job.cycle, segment: segment)
        return [.publishRetry(recorded, pause: retryPause(after: job.attempt))]
    }

    private func retryPause(after attempt: Int) -> Duration {
        limits.retryPauses.indices.contains(attempt - 1) ? limits.retryPauses[attempt - 1] : .seconds(30)
    }

    private mutating func deadLetter(_ id: SegmentID, _ failure: Failure) -> [Action] {
        guard let job = jobs[id] else { return [] }
        move(id, to: .deadLettering)
        jobs[id]?.failure = failure.kind
        let segment = job.segment ?? job.recorded?.segment
        let recorded = segment.map { SegmentRecorded(attempt: job.attempt, cycle: job.cycle, segment: $0) }
        return [.deadLetter(id, recorded, failure, tries: job.attempt)]
    }

    private mutating func published(_ id: SegmentID, isConfirmed: Bool, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        if job.step == .deadLettering {
            let wait = min(limits.firstReplay * (1 << min(job.cycle, 16)), limits.lastReplay)
            let isRefused = job.failure == .refused
            deadLettered[id] = DeferredUpload(
                until: now + wait,
                attempt: 1,
                cycle: min(job.cycle, SegmentRecorded.cycles.upperBound - 1) + 1,
                isRefused: isRefused
            )
            // Without a confirm the broker dead-letters the delivery itself.
            return finish(id, isConfirmed ? .acknowledge : .reject)
        }
        let pause = retryPause(after: job.attempt)
        guard isConfirmed else {
            // Without a broker the pause is kept here.
            jobs[id]?.attempt += 1
            self.pause(id, until: now + pause)
            return []
        }
        retrying[id] = DeferredUpload(until: now + pause + .seconds(120), attempt: job.attempt + 1, cycle: job.cycle)
        return finish(id, .acknowledge)
    }

    /// Replays what was dead-lettered for a refusal, because S3 has just stored another segment.
    ///
    /// A store may refuse some segments and take others, so a segment is replayed early only once in turn.
    private mutating func replayRefused(now: MonotonicInstant) -> [Action] {
        guard isRefusing else { return [] }
        isRefusing = false
        let due = deadLettered.filter { $0.value.isRefused && !early.contains($0.key) }.map(\.key)
        guard !due.isEmpty else { return [] }
        for id in due {
            deadLettered[id]?.until = now
            deadLettered[id]?.isEarly = true
        }
        return [.report(.accepting(due.count))] + found(due, now: now)
    }

    private mutating func troubled(
        _ id: SegmentID,
        by trouble: Trouble,
        reason: String,
        now: MonotonicInstant
    ) -> [Action] {
        let wasOpen = throttle.isOpen
        throttle.troubled(now: now)
        jobs[id]?.troubles += 1
        jobs[id]?.lastTrouble = trouble
        let wait = jobs[id]?.waits.next() ?? .seconds(1)
        pause(id, until: now + wait)
        return wasOpen && !throttle.isOpen ? [.report(.unavailable(reason))] : []
    }

    /// S3 answered: segments that wait because it did not are tried now.
    private mutating func answered() -> [Action] {
        let wasOpen = throttle.isOpen
        let wasAway = throttle.answered()
        guard !wasOpen || wasAway else { return [] }
        for id in paused.keys where (jobs[id]?.troubles ?? 0) > 0 {
            paused[id] = nil
            queue.insert(id)
        }
        return (wasOpen ? [] : [.report(.available)]) + (wasAway ? [.sweep] : [])
    }

    // MARK: - Steps

    private mutating func move(_ id: SegmentID, to step: UploadJob.Step) {
        guard let old = jobs[id]?.step else { return }
        transferCount += (step.isTransfer ? 1 : 0) - (old.isTransfer ? 1 : 0)
        receiptCount += (step == .writingReceipt ? 1 : 0) - (old == .writingReceipt ? 1 : 0)
        jobs[id]?.step = step
    }

    private mutating func pause(_ id: SegmentID, until moment: MonotonicInstant) {
        move(id, to: .waiting)
        paused[id] = moment
    }

    private mutating func finish(_ id: SegmentID, _ verdict: Verdict) -> [Action] {
        move(id, to: .waiting)
        let job = jobs.removeValue(forKey: id)
        return job?.delivery.map { [.resolve($0, verdict)] } ?? []
    }

    private mutating func tick(now: MonotonicInstant) -> [Action] {
        for (id, moment) in paused where moment <= now {
            paused[id] = nil
            queue.insert(id)
        }
        var actions: [Action] = []
        for (id, job) in jobs where job.step == .waiting && now - job.since > limits.holdLimit {
            guard let delivery = job.delivery else { continue }
            jobs[id]?.delivery = nil
            actions.append(.resolve(delivery, .acknowledge))
        }
        return actions
    }

    private mutating func stop() -> [Action] {
        isStopping = true
        queue.removeAll()
        paused = [:]
        var actions: [Action] = []
        for (id, job) in jobs where job.step == .waiting {
            jobs[id] = nil
            if let delivery = job.delivery { actions.append(.resolve(delivery, .requeue)) }
        }
        return actions
    }
}
