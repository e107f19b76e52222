import Lifecycle
import ObserverCore
import ObserverMessages
import Spool
package import System

/// Decides what happens to each segment between the spool and S3: `(state, event, now) -> actions`.
///
/// A segment arrives by a message or is found in the spool, whichever is first. There is one job per segment, so a second
/// message is a copy and is acknowledged. A refusal by S3 counts as a try and goes through the retry queues, unless it
/// concerns the whole store (``UploadBreaker``); network errors are retried here with back-off and do not count. A message
/// is a hint: rows follow from sidecars, from other rows and from what S3 says. Nothing here does I/O.
package struct UploadStateMachine: Sendable {
    /// Segments without a proof, at most: more would only make each batch larger.
    static let mostUnproven = 64
    /// Finished segments whose late messages are acknowledged without a look at the spool.
    private static let mostFinished = 4096
    /// Dead-lettered segments that are remembered; the others are tried again with the next sweep.
    static let mostDeferred = 100_000

    let limits: Limits
    var choice: DestinationChoice
    var sides: [Destination: DestinationSide] = [:]
    var concurrency: UploadConcurrency
    var settlement = Settlement()
    var absent = AbsentSegments()
    var jobs: [SegmentID: UploadJob] = [:]
    /// Those that wait for their turn, apart by what has them.
    var queues: [DestinationSet: UploadQueue] = [:]
    var paused: [SegmentID: MonotonicInstant] = [:]
    var retrying: [SegmentID: DeferredUpload] = [:]
    var deadLettered: [SegmentID: DeferredUpload] = [:]
    /// True if S3's last answer about a segment was a refusal.
    var isRefusing = false
    /// Cycles that began before their time: a segment that was refused all the same gets no second one.
    var early: Set<SegmentID> = []
    /// Segments that lie in the spool and have no job yet: 16 bytes for each.
    private var backlog = UploadQueue()
    private var housekeepingDue: MonotonicInstant?
    private var deferredDue: MonotonicInstant?
    private var finished = RecentSegments(limit: mostFinished)
    private(set) var transferCount = 0
    /// When the newest segment that is known was begun, in milliseconds by its identifier.
    private var newest: Int64 = 0
    private(set) var isStopping = false
    /// All bytes that S3 has confirmed.
    private(set) var storedBytes: Int64 = 0
    var random: JitterSource

    package init(limits: Limits) {
        self.limits = limits
        choice = DestinationChoice(
            among: limits.destinations,
            copies: limits.copies,
            patience: limits.fallbackTime
        )
        for destination in choice.order { sides[destination] = DestinationSide(parallel: limits.parallel) }
        concurrency = UploadConcurrency(most: limits.parallel)
        random = JitterSource(seed: limits.seed)
    }

    /// True while nothing is under way; after `stop` the process may then end.
    package var isIdle: Bool { jobs.values.allSatisfy { $0.step == .waiting } }

    /// True for a segment that was begun at most a minute before the newest that is known.
    func isRecent(_ id: SegmentID) -> Bool { newest - id.milliseconds <= 60_000 }

    /// The number of segments that are known and not done.
    package var count: Int { jobs.count + backlog.count }

    var backlogPart: UploadStanding.Part {
        .init(count: backlog.count, sample: backlog.sample(UploadStanding.sampleSize))
    }

    var firstInBacklog: SegmentID? { backlog.oldest }

    /// Returns true for a segment that is under way, or in the backlog.
    func isWaiting(_ id: SegmentID) -> Bool { jobs[id] != nil || backlog.contains(id) }

    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        var actions = react(to: event, now: now)
        if isStopping { actions += giveUp(settlement.stuck) }
        actions += settlement.advance(now: now, isStopping: isStopping, &random)
        if !isStopping { begin(now: now, &actions) }
        return actions
    }

    private mutating func react(to event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .received(let recorded, let delivery): return received(recorded, delivery: delivery, now: now)
        case .found(let ids): return found(ids, now: now)
        case .prepared(let id, let preparation): return prepared(id, preparation, now: now)
        case .putFinished(let id, let outcome): return putFinished(id, outcome, now: now)
        case .headFinished(let id, let outcome): return headFinished(id, outcome, now: now)
        case .hashed(let id, let outcome): return hashed(id, outcome, now: now)
        case .rowFound(let id, let outcome): return rowFound(id, outcome, now: now)
        case .rowsWritten(let outcome): return settlement.rowsWritten(outcome, now: now, &random)
        case .receiptsAppended(let problem):
            return settlement.receiptsAppended(problem: problem, now: now, &random)
        case .receiptsNoted:
            settlement.receiptsNoted()
            return []
        case .deleted(let ids, let problems): return deleted(ids, problems: problems, now: now)
        case .receiptsReplayed(let outcome): return settlement.replayed(outcome, now: now, &random)
        case .retryAsked(let ids): return retryAsked(ids, now: now)
        case .databaseReconnected:
            settlement.databaseMayHaveLost()
            return []
        case .published(let id, let isConfirmed): return published(id, isConfirmed: isConfirmed, now: now)
        case .sent(let bytes):
            concurrency.measure(sent: bytes, underWay: transferCount, isWaiting: isAnyWaiting(now), now: now)
            return []
        case .tick: return tick(now: now)
        case .stop: return stop()
        }
    }

    // MARK: - Arrival

    private mutating func received(
        _ recorded: SegmentRecorded,
        delivery: DeliveryToken,
        now: MonotonicInstant
    ) -> [Action] {
        let id = recorded.segment.id
        newest = max(newest, id.milliseconds)
        guard jobs[id] == nil, !isCopy(recorded), !finished.contains(id), !settlement.isStored(id) else {
            return [.resolve(delivery, .acknowledge)]
        }
        guard !isStopping else { return [.resolve(delivery, .requeue)] }
        guard jobs.count < limits.mostJobs else {
            // The spool remembers it.
            backlog.insert(id)
            return [.resolve(delivery, .acknowledge)]
        }
        backlog.remove(id)
        let known = takeDeferred(id)
        jobs[id] = UploadJob(
            announced: recorded.segment,
            attempt: recorded.attempt,
            cycle: recorded.cycle,
            delivery: delivery,
            since: now
        )
        remember(known, of: id)
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

    /// Adds unknown segments, newest and oldest in turn, up to the limit of jobs.
    mutating func found(_ ids: [SegmentID], now: MonotonicInstant) -> [Action] {
        guard !isStopping else { return [] }
        if let last = ids.max() { newest = max(newest, last.milliseconds) }
        backlog.insert(ids.filter { isWanted($0, now: now) })
        fillUp(now: now)
        return []
    }

    /// Begins failed segments anew, with fresh tries, whatever their pause was.
    private mutating func retryAsked(_ ids: [SegmentID], now: MonotonicInstant) -> [Action] {
        for id in ids {
            deadLettered[id]?.until = now
            deadLettered[id]?.isEarly = false
            early.remove(id)
        }
        return found(ids, now: now)
    }

    private func isWanted(_ id: SegmentID, now: MonotonicInstant) -> Bool {
        guard jobs[id] == nil, !finished.contains(id), !settlement.isStored(id) else { return false }
        return (deadLettered[id] ?? retrying[id]).map { $0.until <= now } ?? true
    }

    /// Turns the backlog into jobs, as far as there is room.
    private mutating func fillUp(now: MonotonicInstant) {
        while jobs.count < limits.mostJobs, let id = backlog.take() {
            if isWanted(id, now: now) { addJob(id, now: now) }
        }
    }

    private mutating func addJob(_ id: SegmentID, now: MonotonicInstant) {
        let known = takeDeferred(id)
        if let known, known.isRefused {
            if known.isEarly { early.insert(id) } else { early.remove(id) }
        }
        jobs[id] = UploadJob(attempt: known?.attempt ?? 1, cycle: known?.cycle ?? 0, since: now)
        remember(known, of: id)
    }

    private mutating func takeDeferred(_ id: SegmentID) -> DeferredUpload? {
        let retry = retrying.removeValue(forKey: id)
        return deadLettered.removeValue(forKey: id) ?? retry
    }

    /// Begins a segment where its last try ended.
    private mutating func remember(_ known: DeferredUpload?, of id: SegmentID) {
        jobs[id]?.held = known?.held ?? []
        jobs[id]?.object = known?.object
        enqueue(id)
    }

    private mutating func begin(now: MonotonicInstant, _ actions: inout [Action]) {
        fillUp(now: now)
        // While the store refuses all, something must find out whether it still does.
        if isRefusedAnywhere, jobs.isEmpty, let id = deadLettered.filter({ $0.value.isRefused }).keys.max() {
            addJob(id, now: now)
        }
        beginWaiting(now: now, &actions)
    }

    // MARK: - Steps

    mutating func move(_ id: SegmentID, to step: UploadJob.Step, at destination: Destination? = nil) {
        guard let old = jobs[id] else { return }
        let new = destination ?? old.destination
        if old.step.isTransfer { count(-1, at: old.destination) }
        if step.isTransfer { count(1, at: new) }
        jobs[id]?.step = step
        jobs[id]?.destination = new
    }

    private mutating func count(_ change: Int, at destination: Destination) {
        transferCount += change
        withSide(destination) { $0.underWay += change }
    }

    /// Pauses a segment; after the stop it goes back to the queue instead.
    mutating func pause(_ id: SegmentID, until moment: MonotonicInstant) -> [Action] {
        guard !isStopping else { return finish(id, .requeue) }
        move(id, to: .waiting)
        paused[id] = moment
        return []
    }

    /// Puts a segment back among those that may begin.
    mutating func putBack(_ id: SegmentID) -> [Action] {
        guard !isStopping else { return finish(id, .requeue) }
        move(id, to: .waiting)
        enqueue(id)
        return []
    }

    mutating func finish(_ id: SegmentID, _ verdict: Verdict) -> [Action] {
        move(id, to: .waiting)
        let job = jobs.removeValue(forKey: id)
        return job?.delivery.map { [.resolve($0, verdict)] } ?? []
    }

    /// Takes the word of a destination that it has a segment; what others must have as well waits for its turn there.
    mutating func stored(_ id: SegmentID, _ object: StoredObject, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        hold(id, object)
        let isDone = choice.isDone(jobs[id]?.held ?? [])
        return (isDone ? settle(id) : putBack(id)) + accepted(at: job.destination, now: now)
    }

    mutating func hold(_ id: SegmentID, _ object: StoredObject) {
        guard let job = jobs[id] else { return }
        if job.held.members.allSatisfy({ job.destination <= $0 }) { jobs[id]?.object = object }
        jobs[id]?.held.insert(job.destination)
        jobs[id]?.troubles = 0
    }

    /// Hands a segment that all have who must have it to what proves it.
    mutating func settle(_ id: SegmentID) -> [Action] {
        guard let job = jobs[id], let segment = job.segment, let object = job.object else { return [] }
        move(id, to: .settling)
        storedBytes = storedBytes.addingSaturated(segment.media.bytes)
        early.remove(id)
        absent.remove(id)
        settlement.add(
            Receipt(
                segment: segment,
                etag: object.etag,
                storedAt: object.confirmedAt,
                tries: job.attempt,
                destinations: job.held
            )
        )
        return []
    }

    private mutating func deleted(
        _ ids: [SegmentID],
        problems: [SegmentID: String],
        now: MonotonicInstant
    ) -> [Action] {
        let (actions, settled) = settlement.deleted(ids, problems: problems, now: now, &random)
        return actions
            + settled.flatMap { id in
                finished.insert(id)
                return finish(id, .acknowledge)
            }
    }

    private mutating func giveUp(_ ids: [SegmentID]) -> [Action] {
        settlement.drop(ids)
        return ids.flatMap { finish($0, .requeue) }
    }

    private mutating func tick(now: MonotonicInstant) -> [Action] {
        for (id, moment) in paused where moment <= now {
            paused[id] = nil
            enqueue(id)
        }
        let passed = passOver(now: now)
        // All segments are looked at, so not with every tick.
        guard housekeepingDue.map({ now >= $0 }) ?? true else { return passed }
        housekeepingDue = now + .seconds(1)
        backlog.insert(absent.due(now))
        addDeferred(now: now)
        let held = jobs.filter { $0.value.step == .waiting && now - $0.value.since > limits.holdLimit }
        return passed
            + held.keys.sorted().compactMap { id in
                guard let delivery = jobs[id]?.delivery else { return nil }
                jobs[id]?.delivery = nil
                return .resolve(delivery, .acknowledge)
            }
    }

    /// Adds what was dead-lettered, or waits for a message that did not come, when its time has come.
    private mutating func addDeferred(now: MonotonicInstant) {
        guard deferredDue.map({ now >= $0 }) ?? true else { return }
        deferredDue = now + .seconds(5)
        backlog.insert(deadLettered.filter { $0.value.until <= now }.map(\.key))
        backlog.insert(retrying.filter { $0.value.until <= now }.map(\.key))
    }

    private mutating func stop() -> [Action] {
        isStopping = true
        queues = [:]
        backlog.removeAll()
        paused = [:]
        return jobs.filter { $0.value.step == .waiting }.keys.sorted().flatMap { finish($0, .requeue) }
    }
}
