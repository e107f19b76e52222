import Lifecycle
import ObserverCore
import System

/// A destination as uploads have found it: how much it bears, and whether it takes anything at all.
struct DestinationSide: Sendable {
    var throttle: UploadThrottle
    var breaker = UploadBreaker()
    /// Uploads to it that are under way.
    var underWay = 0

    init(parallel: Int) {
        throttle = UploadThrottle(parallel: parallel)
    }
}

/// Where segments go, and whose turn it is.
extension UploadStateMachine {
    /// The breaker of a destination.
    func breaker(_ destination: Destination) -> UploadBreaker { side(destination).breaker }

    /// True while a destination refuses all segments.
    var isRefusedAnywhere: Bool { sides.values.contains { $0.breaker.isOpen } }

    func side(_ destination: Destination) -> DestinationSide {
        sides[destination] ?? DestinationSide(parallel: limits.parallel)
    }

    /// Changes what is known of a destination, in its place.
    mutating func withSide<Value>(_ destination: Destination, _ body: (inout DestinationSide) -> Value) -> Value {
        body(&sides[destination, default: DestinationSide(parallel: limits.parallel)])
    }

    /// True while a segment waits that might go to a destination that is thought to work.
    func isAnyWaiting(_ now: MonotonicInstant) -> Bool {
        queues.contains { !$0.value.isEmpty && choice.hasOpen($0.key, now: now) }
    }

    /// Puts a segment among those that wait for their turn: they are apart by what has them, because that tells where they go.
    mutating func enqueue(_ id: SegmentID) {
        queues[jobs[id]?.held ?? [], default: UploadQueue()].insert(id)
    }

    /// Begins what may begin, segments that a destination has already first.
    mutating func beginWaiting(now: MonotonicInstant, _ actions: inout [Action]) {
        for held in queues.keys.sorted(by: { ($1.count, $0.rawValue) < ($0.count, $1.rawValue) }) {
            while settlement.unprovenCount < Self.mostUnproven, let (id, destination) = next(held, now) {
                move(id, to: .preparing, at: destination)
                jobs[id]?.begun = now
                choice.begun(destination, now: now)
                actions.append(.prepare(id))
            }
        }
    }

    /// Takes the segment to begin with, if one may, and where it goes.
    private mutating func next(_ held: DestinationSet, _ now: MonotonicInstant) -> (SegmentID, Destination)? {
        while let id = queues[held]?.next, jobs[id] == nil { queues[held]?.remove(id) }
        for destination in choice.candidates(held, now: now) {
            let breaker = breaker(destination)
            let underWay = side(destination).underWay
            // The segment whose turn it is, or the one that finds out about the store.
            let witness = breaker.witness.flatMap { queues[held]?.contains($0) == true ? $0 : nil }
            guard let id = witness ?? queues[held]?.next, let job = jobs[id], transferCount < concurrency.level else {
                return nil
            }
            guard breaker.admits(id, underWay: underWay, now: now) else { continue }
            // One at a time finds out whether it takes anything again.
            if choice.isPassedOver(destination, now: now), underWay > 0 { continue }
            let isRetry = job.troubles > 0 && job.destination == destination
            let admits = withSide(destination) {
                $0.throttle.admits(underWay: underWay, isRetry: isRetry, after: job.lastTrouble, now: now)
            }
            guard admits else { continue }
            if queues[held]?.next == id { _ = queues[held]?.take() } else { queues[held]?.remove(id) }
            return (id, destination)
        }
        return nil
    }

    /// Returns true if a destination is passed over and a segment can go to another one at once.
    func canGoElsewhere(_ id: SegmentID, than destination: Destination, now: MonotonicInstant) -> Bool {
        choice.isPassedOver(destination, now: now) && choice.hasOpen(jobs[id]?.held ?? [], now: now)
    }

    /// Sends segments that wait for a destination to the one that has taken its place.
    mutating func passOver(now: MonotonicInstant) -> [Action] {
        let passed = choice.newlyPassedOver(now: now)
        guard !passed.isEmpty else { return [] }
        wakeTroubled()
        return passed.map { .report(.passedOver($0)) }
    }

    /// Begins segments anew that wait because a store did not answer.
    mutating func wakeTroubled() {
        for id in paused.keys where (jobs[id]?.troubles ?? 0) > 0 {
            paused[id] = nil
            enqueue(id)
        }
    }

    // MARK: - Segments without a file

    /// Looks for a segment whose file is gone in each destination, one after the other.
    mutating func look(for id: SegmentID, _ segment: Segment) -> [Action] {
        let looked = jobs[id]?.looked ?? []
        guard let destination = choice.order.first(where: { !looked.contains($0) }) else { return [] }
        move(id, to: .comparing, at: destination)
        return [.head(segment, at: destination)]
    }

    mutating func looked(for id: SegmentID, _ outcome: HeadOutcome, now: MonotonicInstant) -> [Action] {
        guard let job = jobs[id], let segment = job.segment else { return [] }
        let destination = job.destination
        jobs[id]?.looked.insert(destination)
        var actions: [Action] = []
        var wait: Duration = .seconds(60)
        switch outcome {
        case .same(let object):
            hold(id, object)
            actions = answered(at: destination) + accepted(at: destination, now: now)
        case .different:
            jobs[id]?.hasOther = true
            actions = answered(at: destination)
        case .absent:
            actions = answered(at: destination)
        case .refused:
            jobs[id]?.isUncertain = true
            actions = answered(at: destination)
        case .trouble(let trouble, let reason):
            jobs[id]?.isUncertain = true
            jobs[id]?.troubles += 1
            jobs[id]?.lastTrouble = trouble
            wait = jobs[id]?.waits.next(using: &random) ?? wait
            actions = troubled(at: destination, begun: job.begun, by: trouble, reason: reason, now: now)
        }
        let next = look(for: id, segment)
        guard next.isEmpty, let job = jobs[id] else { return actions + next }
        if !job.held.isEmpty { return actions + settle(id) }
        // Nothing is known, and there is nothing to try again.
        if job.isUncertain { return actions + pause(id, until: now + wait) }
        if job.hasOther { return actions + deadLetter(id, .otherBytes) }
        return actions + foundNowhere(id, now: now)
    }
}

extension Failure {
    /// The failure of a segment under whose key something else lies.
    static let otherBytes = Failure(kind: .corrupt, detail: "the object under its key in S3 has other bytes")
}
