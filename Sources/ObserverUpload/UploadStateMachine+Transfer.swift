import Lifecycle
import ObserverCore
import Spool
import System

/// From the spool to S3.
extension UploadStateMachine {
    mutating func prepared(_ id: SegmentID, _ preparation: Preparation, now: MonotonicInstant) -> [Action] {
        switch preparation {
        case .ready(let segment):
            found(segment)
            return put(segment)
        case .kept(let segment):
            found(segment)
            move(id, to: .askingRow)
            return [.findRow(id)]
        case .missing:
            jobs[id]?.isMissing = true
            jobs[id]?.sidecarProblem = nil
            move(id, to: .findingRow)
            return [.findRow(id)]
        case .withoutSidecar(let problem):
            jobs[id]?.isMissing = false
            jobs[id]?.sidecarProblem = problem
            absent.remove(id)
            move(id, to: .findingRow)
            return [.findRow(id)]
        case .corrupt(let segment, let detail):
            jobs[id]?.segment = segment
            return deadLetter(id, Failure(kind: .corrupt, detail: detail))
        case .unreadable(let reason):
            return unreadable(id, reason: reason, now: now)
        }
    }

    private mutating func put(_ segment: Segment) -> [Action] {
        move(segment.id, to: .putting)
        return [.put(segment, to: jobs[segment.id]?.destination ?? .home)]
    }

    private mutating func found(_ segment: Segment) {
        jobs[segment.id]?.segment = segment
        jobs[segment.id]?.isMissing = false
        absent.remove(segment.id)
    }

    mutating func putFinished(_ id: SegmentID, _ outcome: PutOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        let destination = job.destination
        switch outcome {
        case .stored(let object):
            return answered(at: destination) + stored(id, object, now: now)
        case .exists:
            move(id, to: .comparing)
            return answered(at: destination) + [.compare(segment, at: destination)]
        case .digestMismatch:
            move(id, to: .hashing)
            return answered(at: destination) + [.hash(segment)]
        case .unreadable(let reason):
            return unreadable(id, reason: reason, now: now)
        case .refused(let refusal):
            return answered(at: destination) + refused(id, refusal, now: now)
        case .trouble(let trouble, let reason):
            return troubled(id, by: trouble, reason: reason, now: now)
        }
    }

    mutating func headFinished(_ id: SegmentID, _ outcome: HeadOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], job.segment != nil else { return [] }
        if job.isMissing { return looked(for: id, outcome, now: now) }
        switch outcome {
        case .same(let object):
            return answered(at: job.destination) + stored(id, object, now: now)
        case .different:
            return answered(at: job.destination) + deadLetter(id, .otherBytes)
        case .absent:
            // It was there a moment ago; the next PUT decides.
            return troubled(id, by: .server, reason: "the object is there and is not", now: now)
        case .refused(let refusal):
            return answered(at: job.destination) + refused(id, refusal, now: now)
        case .trouble(let trouble, let reason):
            return troubled(id, by: trouble, reason: reason, now: now)
        }
    }

    mutating func hashed(_ id: SegmentID, _ outcome: HashOutcome, now: MonotonicInstant) -> [Action] {
        let isRestoring = jobs[id]?.step == .restoring
        switch outcome {
        case .intact where isRestoring:
            return putBack(id)
        case .intact:
            return troubled(id, by: .connection, reason: "the bytes were changed on the way", now: now)
        case .different:
            return deadLetter(id, Failure(kind: .corrupt, detail: "the file is not what was recorded"))
        case .unreadable(let reason):
            return unreadable(id, reason: reason, now: now)
        }
    }

    // MARK: - Without media or sidecar

    mutating func rowFound(_ id: SegmentID, _ outcome: RowOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id] else { return [] }
        if job.step == .askingRow { return keptRowFound(id, outcome, now: now) }
        switch (outcome, job.sidecarProblem) {
        case (.unavailable, _):
            settlement.databaseMayHaveLost()
            return pause(id, until: now + .seconds(5))
        case (.known(nil), let problem?):
            return deadLetter(id, Failure(kind: .corrupt, detail: "\(problem), and no row describes it"))
        case (.known(let row?), _?):
            jobs[id]?.segment = row.segment
            move(id, to: .restoring)
            return [.restoreSidecar(row.segment)]
        case (.known(nil), nil):
            // A message alone makes no row.
            return [.report(.unknown(id))] + finish(id, .acknowledge)
        case (.known(let row?), nil):
            return missing(id, row: row)
        }
    }

    /// A segment that cannot be deleted is not uploaded again where its row says that it is stored; it is looked at now and then,
    /// and goes the usual way when the disk takes deletions again.
    private mutating func keptRowFound(_ id: SegmentID, _ outcome: RowOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        if case .known(let row?) = outcome, row.state.provesUpload, row.segment == segment {
            retrying[id] = DeferredUpload(until: now + .seconds(600), attempt: job.attempt, cycle: job.cycle)
            return finish(id, .acknowledge)
        }
        if case .unavailable = outcome { settlement.databaseMayHaveLost() }
        return put(segment)
    }

    private mutating func missing(_ id: SegmentID, row: RowOutcome.Row) -> [Action] {
        switch row.state {
        case .stored, .expiring, .expired:
            absent.remove(id)
            return [.discard(id)] + finish(id, .acknowledge)
        case .lost:
            // What is left of it may be all there is: a segment that turns up becomes stored.
            absent.remove(id)
            return finish(id, .acknowledge)
        case .spooled, .failed:
            let mustNote = row.state == .failed && jobs[id]?.isMissingNoted == false
            jobs[id]?.segment = row.segment
            jobs[id]?.isMissingNoted = true
            jobs[id]?.looked = []
            jobs[id]?.hasOther = false
            jobs[id]?.isUncertain = false
            return (mustNote ? [.noteMissing(row.segment)] : []) + look(for: id, row.segment)
        }
    }

    /// The media are not in the spool, which is there, and S3 says that it has no object.
    mutating func foundNowhere(_ id: SegmentID, now: MonotonicInstant) -> [Action] {
        // A bucket that does not exist has no objects either.
        guard !isRefusedAnywhere else { return pause(id, until: now + .seconds(60)) }
        let isKnown = absent.contains(id)
        guard absent.found(id, now: now) else {
            return (isKnown ? [] : [.report(.absent(id))]) + finish(id, .acknowledge)
        }
        absent.remove(id)
        return deadLetter(id, Failure(kind: .missing, detail: "the file is neither in the spool nor in S3"))
    }

    /// The disk does not deliver a file: the segment waits here, which does not count as a try.
    ///
    /// The first time another process may just be finishing with the file; a second failure is reported.
    private mutating func unreadable(_ id: SegmentID, reason: String, now: MonotonicInstant) -> [Action] {
        jobs[id]?.diskTroubles += 1
        let wait = jobs[id]?.diskWaits.next(using: &random) ?? .seconds(1)
        let isSecond = jobs[id]?.diskTroubles == 2
        return pause(id, until: now + wait) + (isSecond ? [.report(.unreadable(id, reason))] : [])
    }
}
