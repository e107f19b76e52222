import Lifecycle
import ObserverCore
import ObserverMessages
import System

/// Refusals, which count, and trouble, which does not.
extension UploadStateMachine {
    mutating func refused(_ id: SegmentID, _ refusal: Refusal, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        isRefusing = true
        let wasOpen = breaker.isOpen
        let verdict = breaker.refused(id, refusal, now: now)
        let reports: [Action] = breaker.isOpen && !wasOpen ? [.report(.storeRefuses(refusal.reason))] : []
        guard verdict == .counts else { return reports + putBack(id) }
        guard job.attempt < Broker.triesPerCycle else {
            return reports + deadLetter(id, Failure(kind: .refused, detail: refusal.reason))
        }
        move(id, to: .publishing)
        let recorded = SegmentRecorded(attempt: job.attempt, cycle: job.cycle, segment: segment)
        return reports + [.publishRetry(recorded, pause: retryPause(after: job.attempt))]
    }

    private func retryPause(after attempt: Int) -> Duration {
        limits.retryPauses.indices.contains(attempt - 1) ? limits.retryPauses[attempt - 1] : .seconds(30)
    }

    mutating func deadLetter(_ id: SegmentID, _ failure: Failure) -> [Action] {
        guard let job = jobs[id] else { return [] }
        move(id, to: .deadLettering)
        jobs[id]?.failure = failure.kind
        breaker.isDone(id)
        let upload = DeadUpload(
            id: id,
            segment: job.segment,
            announced: job.announced,
            failure: failure,
            tries: job.attempt,
            cycle: job.cycle
        )
        return [.deadLetter(upload)]
    }

    mutating func published(_ id: SegmentID, isConfirmed: Bool, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        if job.step == .deadLettering {
            deferReplay(id, job, now: now)
            // Without a confirm the broker dead-letters the delivery itself.
            return finish(id, isConfirmed ? .acknowledge : .reject)
        }
        let pause = retryPause(after: job.attempt)
        guard isConfirmed else {
            // Without a broker the pause is kept here.
            jobs[id]?.attempt += 1
            return self.pause(id, until: now + pause)
        }
        retrying[id] = DeferredUpload(until: now + pause + .seconds(120), attempt: job.attempt + 1, cycle: job.cycle)
        return finish(id, .acknowledge)
    }

    private mutating func deferReplay(_ id: SegmentID, _ job: UploadJob, now: MonotonicInstant) {
        guard deadLettered.count < Self.mostDeferred else { return }
        let wait = min(limits.firstReplay * (1 << min(job.cycle, 16)), limits.lastReplay)
        deadLettered[id] = DeferredUpload(
            until: now + wait,
            attempt: 1,
            cycle: min(job.cycle, SegmentRecorded.cycles.upperBound - 1) + 1,
            isRefused: job.failure == .refused
        )
    }

    /// S3 has a segment: what waits because it refused all begins, and what was dead-lettered for a refusal is replayed.
    ///
    /// A store may refuse some segments and take others, so a segment is replayed early only once in turn.
    mutating func accepted(now: MonotonicInstant) -> [Action] {
        let hadRefusedAll = breaker.accepted()
        guard isRefusing else { return [] }
        isRefusing = false
        let due = deadLettered.filter { $0.value.isRefused && !early.contains($0.key) }.map(\.key)
        guard hadRefusedAll || !due.isEmpty else { return [] }
        for id in due {
            deadLettered[id]?.until = now
            deadLettered[id]?.isEarly = true
        }
        return [.report(.storeAccepts(due.count))] + found(due, now: now)
    }

    mutating func troubled(
        _ id: SegmentID,
        by trouble: Trouble,
        reason: String,
        now: MonotonicInstant
    ) -> [Action] {
        let wasOpen = throttle.isOpen
        throttle.troubled(now: now, using: &random)
        concurrency.disturb()
        breaker.troubled(now: now)
        jobs[id]?.troubles += 1
        jobs[id]?.lastTrouble = trouble
        let wait = jobs[id]?.waits.next(using: &random) ?? .seconds(1)
        return pause(id, until: now + wait)
            + (wasOpen && !throttle.isOpen ? [.report(.storeUnavailable(reason))] : [])
    }

    /// S3 answered: segments that wait because it did not are tried now.
    mutating func answered() -> [Action] {
        let wasOpen = throttle.isOpen
        let wasAway = throttle.answered()
        guard !wasOpen || wasAway else { return [] }
        for id in paused.keys where (jobs[id]?.troubles ?? 0) > 0 {
            paused[id] = nil
            queue.insert(id)
        }
        return (wasOpen ? [] : [.report(.storeAvailable)]) + (wasAway ? [.sweep] : [])
    }
}
