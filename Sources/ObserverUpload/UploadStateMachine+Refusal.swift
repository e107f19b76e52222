import Lifecycle
import ObserverCore
import ObserverMessages
import System

/// Refusals, which count, and trouble, which does not.
extension UploadStateMachine {
    mutating func refused(_ id: SegmentID, _ refusal: Refusal, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        isRefusing = true
        let destination = job.destination
        let wasOpen = breaker(destination).isOpen
        let verdict = withSide(destination) { $0.breaker.refused(id, refusal, now: now) }
        choice.troubled(destination, begun: job.begun, now: now)
        let begins = breaker(destination).isOpen && !wasOpen
        let reports: [Action] = begins ? [.report(.storeRefuses(refusal.reason, at: destination))] : []
        let isElsewhere = canGoElsewhere(id, than: destination, now: now)
        guard verdict == .counts, !isElsewhere else { return reports + putBack(id) }
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
        for destination in choice.order { withSide(destination) { $0.breaker.isDone(id) } }
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
        retrying[id] = DeferredUpload(
            until: now + pause + .seconds(120),
            attempt: job.attempt + 1,
            cycle: job.cycle,
            held: job.held,
            object: job.object
        )
        return finish(id, .acknowledge)
    }

    private mutating func deferReplay(_ id: SegmentID, _ job: UploadJob, now: MonotonicInstant) {
        guard deadLettered.count < Self.mostDeferred else { return }
        let wait = min(limits.firstReplay * (1 << min(job.cycle, 16)), limits.lastReplay)
        deadLettered[id] = DeferredUpload(
            until: now + wait,
            attempt: 1,
            cycle: min(job.cycle, SegmentRecorded.cycles.upperBound - 1) + 1,
            isRefused: job.failure == .refused,
            held: job.held,
            object: job.object
        )
    }

    /// S3 has a segment: what waits because it refused all begins, and what was dead-lettered for a refusal is replayed.
    ///
    /// A store may refuse some segments and take others, so a segment is replayed early only once in turn.
    mutating func accepted(at destination: Destination, now: MonotonicInstant) -> [Action] {
        let hadRefusedAll = withSide(destination) { $0.breaker.accepted() }
        let returns: [Action] = choice.taken(destination, now: now) ? [.report(.returned(destination))] : []
        guard isRefusing else { return returns }
        isRefusing = false
        let due = deadLettered.filter { $0.value.isRefused && !early.contains($0.key) }.map(\.key)
        guard hadRefusedAll || !due.isEmpty else { return returns }
        for id in due {
            deadLettered[id]?.until = now
            deadLettered[id]?.isEarly = true
        }
        return returns + [.report(.storeAccepts(due.count, at: destination))] + found(due, now: now)
    }

    mutating func troubled(
        _ id: SegmentID,
        by trouble: Trouble,
        reason: String,
        now: MonotonicInstant
    ) -> [Action] {
        guard let job = jobs[id] else { return [] }
        let reports = troubled(at: job.destination, begun: job.begun, by: trouble, reason: reason, now: now)
        jobs[id]?.troubles += 1
        jobs[id]?.lastTrouble = trouble
        if canGoElsewhere(id, than: job.destination, now: now) { return putBack(id) + reports }
        let wait = jobs[id]?.waits.next(using: &random) ?? .seconds(1)
        return pause(id, until: now + wait) + reports
    }

    /// Takes note of the trouble of a destination.
    mutating func troubled(
        at destination: Destination,
        begun: MonotonicInstant,
        by trouble: Trouble,
        reason: String,
        now: MonotonicInstant
    ) -> [Action] {
        let wasOpen = side(destination).throttle.isOpen
        // The line is not what one destination that is passed over suffers from.
        if !choice.isPassedOver(destination, now: now) { concurrency.disturb() }
        sides[destination]?.throttle.troubled(now: now, using: &random)
        sides[destination]?.breaker.troubled(now: now)
        choice.troubled(destination, begun: begun, now: now)
        let isOpen = side(destination).throttle.isOpen
        return wasOpen && !isOpen ? [.report(.storeUnavailable(reason, at: destination))] : []
    }

    /// A destination answered: segments that wait because it did not are tried now.
    mutating func answered(at destination: Destination) -> [Action] {
        let wasOpen = side(destination).throttle.isOpen
        let wasAway = withSide(destination) { $0.throttle.answered() }
        guard !wasOpen || wasAway else { return [] }
        wakeTroubled()
        return (wasOpen ? [] : [.report(.storeAvailable(at: destination))]) + (wasAway ? [.sweep] : [])
    }
}
