package import System
import Lifecycle
import ObserverCore
import ObserverMessages
import Spool

/// Decides what happens to each segment between the spool and S3: `(state, event, now) -> actions`.
///
/// A segment comes by a message or by the sweep, whichever is first; there is one job per segment, so a second message
/// is a copy and is acknowledged. What S3 refuses counts as a try and goes through the retry queues; what is the
/// network's fault waits, here, and never counts. Nothing here does I/O.
package struct UploadStateMachine: Sendable {
    private enum Step: Hashable {
        case waiting, preparing, putting, checking, hashing, keeping, lookingUp, publishing, deadLettering
    }

    private struct Job {
        var step: Step = .waiting
        var recorded: SegmentRecorded?
        var segment: Segment?
        var attempt: Int
        var cycle: Int
        var delivery: DeliveryToken?
        var since: MonotonicInstant
        var troubles = 0
        var lastTrouble: Trouble?
        var waits = Backoff(first: .milliseconds(500), limit: .seconds(20))
        var diskTroubles = 0
        var diskWaits = Backoff(first: .seconds(1), limit: .seconds(60), jitter: 0.5)
        var failure: Failure.Kind?
    }

    /// A try that waits in a retry queue, or a cycle that waits for its time.
    private struct Deferred {
        var until: MonotonicInstant
        var attempt: Int
        var cycle: Int
        /// Parked because S3 refused it.
        var isRefused = false
        /// Its time was brought forward.
        var isEarly = false
    }

    private let limits: Limits
    private var gate: UploadThrottle
    private var jobs: [SegmentID: Job] = [:]
    private var line = UploadQueue()
    private var paused: [SegmentID: MonotonicInstant] = [:]
    private var retrying: [SegmentID: Deferred] = [:]
    private var deadLettered: [SegmentID: Deferred] = [:]
    /// Whether S3's last word about a segment was a refusal.
    private var isRefusing = false
    /// Cycles that began before their time: one that was refused all the same gives its segment no second such cycle.
    private var early: Set<SegmentID> = []
    private var underWay = 0
    private var keeping = 0
    private var isStopping = false

    package init(limits: Limits) {
        self.limits = limits
        gate = UploadThrottle(parallel: limits.parallel)
    }

    /// Nothing is under way; after `stop` the process may end.
    package var isIdle: Bool { jobs.values.allSatisfy { $0.step == .waiting } }

    /// How many segments are known and not done.
    package var count: Int { jobs.count }

    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        var actions = react(to: event, now: now)
        if !isStopping { begin(now, &actions) }
        return actions
    }

    private mutating func react(to event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .announced(let recorded, let delivery): announced(recorded, delivery, now)
        case .found(let ids): found(ids, now)
        case .prepared(let id, let preparation): prepared(id, preparation, now)
        case .put(let id, let outcome): put(id, outcome, now)
        case .checked(let id, let outcome): checked(id, outcome, now)
        case .hashed(let id, let outcome): hashed(id, outcome, now)
        case .kept(let id, let problem): kept(id, problem, now)
        case .lookedUp(let id, let outcome): lookedUp(id, outcome, now)
        case .published(let id, let isConfirmed): published(id, isConfirmed, now)
        case .tick: tick(now)
        case .stop: stop()
        }
    }

    // MARK: - Coming in

    private mutating func announced(
        _ recorded: SegmentRecorded,
        _ delivery: DeliveryToken,
        _ now: MonotonicInstant
    ) -> [Action] {
        let id = recorded.segment.id
        guard !isStopping else { return [.resolve(delivery, .requeue)] }
        guard jobs[id] == nil, !isCopy(recorded) else { return [.resolve(delivery, .acknowledge)] }
        deadLettered[id] = nil
        retrying[id] = nil
        jobs[id] = Job(
            recorded: recorded,
            attempt: recorded.attempt,
            cycle: recorded.cycle,
            delivery: delivery,
            since: now
        )
        line.insert(id)
        return []
    }

    /// Whether a message belongs to a try that was made before: brokers deliver twice, publishers send twice.
    ///
    /// A dead-lettered segment begins again only by a message of the next cycle, which is a replay; one in a retry queue by the
    /// message that waits there.
    private func isCopy(_ recorded: SegmentRecorded) -> Bool {
        let id = recorded.segment.id
        guard let next = deadLettered[id] ?? retrying[id] else { return false }
        return (recorded.cycle, recorded.attempt) < (next.cycle, next.attempt)
    }

    /// Takes what is not known yet, oldest and newest in turn, as much as the memory is meant to hold.
    private mutating func found(_ ids: [SegmentID], _ now: MonotonicInstant) -> [Action] {
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
            jobs[id] = Job(attempt: known?.attempt ?? 1, cycle: known?.cycle ?? 0, since: now)
            line.insert(id)
        }
        return []
    }

    private mutating func begin(_ now: MonotonicInstant, _ actions: inout [Action]) {
        while keeping < 64, let id = line.next, let job = jobs[id] {
            let isRetry = job.troubles > 0
            guard gate.admits(underWay: underWay, isRetry: isRetry, after: job.lastTrouble, now: now) else { return }
            _ = line.take()  // ignored: it is `id`
            move(id, to: .preparing)
            actions.append(.prepare(id))
        }
    }

    // MARK: - On the way

    private mutating func prepared(_ id: SegmentID, _ preparation: Preparation, _ now: MonotonicInstant) -> [Action] {
        switch preparation {
        case .ready(let segment):
            jobs[id]?.segment = segment
            move(id, to: .putting)
            return [.put(segment)]
        case .uploaded(let receipt):
            move(id, to: .keeping)
            return [.keepAgain(receipt)]
        case .missing:
            move(id, to: .lookingUp)
            return [.lookUp(id)]
        case .corrupt(let detail):
            return deadLetter(id, Failure(kind: .corrupt, detail: detail), now)
        case .unreadable(let reason):
            return unreadable(id, reason, now)
        }
    }

    private mutating func put(_ id: SegmentID, _ outcome: PutOutcome, _ now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        switch outcome {
        case .stored(let etag):
            return answered() + keep(id, segment, etag, job.attempt, now)
        case .exists:
            move(id, to: .checking)
            return answered() + [.check(segment)]
        case .digestMismatch:
            move(id, to: .hashing)
            return answered() + [.hash(segment)]
        case .fileGone:
            return unreadable(id, "the file cannot be sent", now)
        case .refused(let reason):
            return answered() + refused(id, reason, now)
        case .trouble(let trouble, let reason):
            return troubled(id, trouble, reason, now)
        }
    }

    private mutating func checked(_ id: SegmentID, _ outcome: CheckOutcome, _ now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        switch outcome {
        case .same(let etag): return answered() + keep(id, segment, etag, job.attempt, now)
        case .different:
            return answered()
                + deadLetter(id, Failure(kind: .corrupt, detail: "other bytes lie under its key in S3"), now)
        case .refused(let reason): return answered() + refused(id, reason, now)
        case .trouble(let trouble, let reason): return troubled(id, trouble, reason, now)
        }
    }

    private mutating func hashed(_ id: SegmentID, _ outcome: HashOutcome, _ now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .intact: troubled(id, .connection, "the bytes were changed on the way", now)
        case .different: deadLetter(id, Failure(kind: .corrupt, detail: "the file is not what was recorded"), now)
        case .unreadable(let reason): unreadable(id, reason, now)
        }
    }

    private mutating func keep(
        _ id: SegmentID,
        _ segment: Segment,
        _ etag: String?,
        _ tries: Int,
        _ now: MonotonicInstant
    ) -> [Action] {
        move(id, to: .keeping)
        early.remove(id)
        return [.keep(segment, etag: etag, tries: tries)] + takesAgain(now)
    }

    private mutating func kept(_ id: SegmentID, _ problem: String?, _ now: MonotonicInstant) -> [Action] {
        guard problem == nil else {
            // The disk refused the receipt, which is told. The next PUT finds the object there, and nothing is lost meanwhile.
            waitForDisk(id, now)
            return []
        }
        return finish(id, .acknowledge)
    }

    private mutating func lookedUp(_ id: SegmentID, _ outcome: RowOutcome, _ now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .known(.stored?), .known(.expired?), .known(.lost?):
            return [.discard(id)] + finish(id, .acknowledge)
        case .known:
            let detail = "the file is neither in the spool nor in S3"
            return deadLetter(id, Failure(kind: .missing, detail: detail), now)
        case .away:
            pause(id, until: now + .seconds(5))
            return []
        }
    }

    /// The disk does not give a file: it waits, here, and never counts.
    ///
    /// Once that may be another process that finishes with it; what fails again is told.
    private mutating func unreadable(_ id: SegmentID, _ reason: String, _ now: MonotonicInstant) -> [Action] {
        waitForDisk(id, now)
        return jobs[id]?.diskTroubles == 2 ? [.reportUnreadable(id, reason)] : []
    }

    private mutating func waitForDisk(_ id: SegmentID, _ now: MonotonicInstant) {
        jobs[id]?.diskTroubles += 1
        let wait = jobs[id]?.diskWaits.next() ?? .seconds(1)
        pause(id, until: now + wait)
    }

    // MARK: - Refused and troubled

    private mutating func refused(_ id: SegmentID, _ reason: String, _ now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        isRefusing = true
        guard job.attempt < Broker.triesPerCycle else {
            return deadLetter(id, Failure(kind: .refused, detail: reason), now)
        }
        move(id, to: .publishing)
        let recorded = SegmentRecorded(attempt: job.attempt, cycle: job.cycle, segment: segment)
        return [.publishRetry(recorded, pause: retryPause(after: job.attempt))]
    }

    private func retryPause(after attempt: Int) -> Duration {
        limits.retryPauses.indices.contains(attempt - 1) ? limits.retryPauses[attempt - 1] : .seconds(30)
    }

    private mutating func deadLetter(_ id: SegmentID, _ failure: Failure, _ now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        move(id, to: .deadLettering)
        jobs[id]?.failure = failure.kind
        let segment = job.segment ?? job.recorded?.segment
        let recorded = segment.map { SegmentRecorded(attempt: job.attempt, cycle: job.cycle, segment: $0) }
        return [.deadLetter(id, recorded, failure, tries: job.attempt)]
    }

    private mutating func published(_ id: SegmentID, _ isConfirmed: Bool, _ now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        if job.step == .deadLettering {
            let wait = min(limits.firstReplay * (1 << min(job.cycle, 16)), limits.lastReplay)
            let isRefused = job.failure == .refused
            deadLettered[id] = Deferred(until: now + wait, attempt: 1, cycle: job.cycle + 1, isRefused: isRefused)
            // Without a confirm the broker dead-letters the delivery itself.
            return finish(id, isConfirmed ? .acknowledge : .reject)
        }
        let pause = retryPause(after: job.attempt)
        guard isConfirmed else {
            // No broker: the pause is kept here.
            jobs[id]?.attempt += 1
            self.pause(id, until: now + pause)
            return []
        }
        retrying[id] = Deferred(until: now + pause + .seconds(120), attempt: job.attempt + 1, cycle: job.cycle)
        return finish(id, .acknowledge)
    }

    /// S3 took a segment after it had refused others: somebody has mended what was wrong, and what is dead-lettered for it goes
    /// at once.
    ///
    /// That can be wrong where S3 refuses some and takes others, so a segment goes early only once in turn.
    private mutating func takesAgain(_ now: MonotonicInstant) -> [Action] {
        guard isRefusing else { return [] }
        isRefusing = false
        let due = deadLettered.filter { $0.value.isRefused && !early.contains($0.key) }.map(\.key)
        guard !due.isEmpty else { return [] }
        for id in due {
            deadLettered[id]?.until = now
            deadLettered[id]?.isEarly = true
        }
        return [.report(.takesAgain(due.count))] + found(due, now)
    }

    private mutating func troubled(
        _ id: SegmentID,
        _ trouble: Trouble,
        _ reason: String,
        _ now: MonotonicInstant
    ) -> [Action] {
        let wasOpen = gate.isOpen
        gate.troubled(now: now)
        jobs[id]?.troubles += 1
        jobs[id]?.lastTrouble = trouble
        let wait = jobs[id]?.waits.next() ?? .seconds(1)
        pause(id, until: now + wait)
        return wasOpen && !gate.isOpen ? [.report(.away(reason))] : []
    }

    /// S3 gave an answer: what its absence held back goes at once.
    private mutating func answered() -> [Action] {
        let wasOpen = gate.isOpen
        let wasAway = gate.answered()
        guard !wasOpen || wasAway else { return [] }
        for id in paused.keys where (jobs[id]?.troubles ?? 0) > 0 {
            paused[id] = nil
            line.insert(id)
        }
        return (wasOpen ? [] : [.report(.back)]) + (wasAway ? [.sweep] : [])
    }

    // MARK: - Steps

    private mutating func move(_ id: SegmentID, to step: Step) {
        guard let old = jobs[id]?.step else { return }
        underWay += Self.isTransfer(step) - Self.isTransfer(old)
        keeping += (step == .keeping ? 1 : 0) - (old == .keeping ? 1 : 0)
        jobs[id]?.step = step
    }

    private static func isTransfer(_ step: Step) -> Int {
        switch step {
        case .preparing, .putting, .checking, .hashing: 1
        case .waiting, .keeping, .lookingUp, .publishing, .deadLettering: 0
        }
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

    private mutating func tick(_ now: MonotonicInstant) -> [Action] {
        for (id, moment) in paused where moment <= now {
            paused[id] = nil
            line.insert(id)
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
        line.removeAll()
        paused = [:]
        var actions: [Action] = []
        for (id, job) in jobs where job.step == .waiting {
            jobs[id] = nil
            if let delivery = job.delivery { actions.append(.resolve(delivery, .requeue)) }
        }
        return actions
    }
}
