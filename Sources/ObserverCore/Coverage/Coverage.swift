/// Accounts for the time of one stream: each moment for which it is wanted is recorded, or lies in a gap with a cause.
///
/// A pure value: events in, changes of gap rows and reports out. Nothing else decides about gaps. Time counts as recorded
/// once it is written to the disk; what was queued and lost is a gap with the cause of the failure. A segment that was
/// written and could not be committed is a job that is tried again, and no gap until it is given up.
///
/// Events are told in the order in which they happen, but a fragment's fate is known later than that of the camera. What
/// follows from them is therefore decided in the order of a queue, when everything before is known.
///
/// Times are kept by a clock that nobody sets and become wall time when a row is made. When more is known of the time of day,
/// the rows of this process are moved as its segments are (``RecorderClock``).
package struct Coverage: Sendable {
    /// Shorter stretches than this are no gaps, in microseconds.
    package static let tolerance: Int64 = 100_000
    /// The time for which a gap keeps its cause when another trouble of the camera follows, in microseconds.
    package static let causeTime: Int64 = 300_000_000
    /// The longest time for which a recorder goes on with a camera that it has handed over, in microseconds.
    package static let handOverTime: Int64 = 10_000_000

    /// An event whose consequences wait for those before it.
    enum Item: Sendable {
        case start(KnownCoverage, at: Int64)
        case rest(KnownCoverage)
        case reconnect(Interruption, at: Int64)
        case wait(Interruption)
        case fragment(CoverageFragment, Fate, cause: Cause)
        case interruption(Interruption, at: Int64)
        case correction(SegmentID, from: Int64)
        case end(Ending, at: Int64)
    }

    enum Fate: Hashable, Sendable {
        case queued, written
        case lost(Interruption)
    }

    enum Ending: Sendable {
        case off, released, stopped
    }

    package let stream: StreamID
    private let recorder: String
    var ledger: CoverageLedger
    private var status: CameraStatus
    /// The moment since which the state is what it is.
    private var stateSince: Int64
    private var items: [Item] = []
    private var hasLostPackets = false
    private var openings = 0

    package init(_ stream: StreamID, recorder: String, at now: Moment) {
        self.stream = stream
        self.recorder = recorder
        stateSince = now.uptime
        ledger = CoverageLedger(stream, at: now)
        status = CameraStatus(stream: stream, epoch: 0, state: .off, since: now.wall, recorder: recorder)
    }

    /// True while frames are recorded, as far as is known.
    package var isRecording: Bool { status.state == .recording }

    /// True while what was queued has not reached the disk.
    package var isAwaitingWriters: Bool { !items.isEmpty }

    /// Takes note of an event.
    ///
    /// - Returns: The things to do, in order.
    package mutating func handle(_ event: Event, at now: Moment) -> [Action] {
        ledger.observe(now)
        let before = status
        var isDue = false
        switch event {
        case .started(let known, let epoch):
            begin(epoch)
            items.append(.start(known, at: now.uptime))
        case .foundOff(let known, let epoch):
            adopt(epoch)
            isDue = true
            if let known { items.append(.rest(known)) }
            if let off = known?.switchedOffAt { stateSince = ledger.uptime(off) }
        case .epochChanged(let epoch):
            isDue = epoch != status.epoch
            adopt(epoch)
            if isDue { ledger.reopen() }
        case .tick:
            break
        case .reconnecting(let reason):
            status.state = .connecting
            (status.cause, status.detail) = (nil, nil)
            items.append(.reconnect(reason, at: now.uptime))
        case .waiting(let reason):
            if status.state == .connecting { (status.cause, status.detail) = (reason.cause, reason.detail) }
            items.append(.wait(reason))
        case .opened(let video):
            status.video = video
            status.health = []
            openings += 1
            status.reconnects = openings - 1
        case .measured(let video, let health):
            status.video = video
            status.health = health
            isDue = status.state == .recording
        case .interrupted(let reason):
            interrupted(by: reason)
            // One is enough while a disk that hangs keeps everything waiting.
            if case .interruption(reason, _)? = items.last { break }
            items.append(.interruption(reason, at: now.uptime))
        case .off, .released, .stopped:
            end(event, at: now.uptime)
        case .lostPackets, .queued, .dropped, .written, .failed, .committed, .corrected, .shortened, .abandoned:
            write(event)
        }
        settle()
        return actions(before: before, isDue: isDue, at: now)
    }

    /// Handles what is told of the way of fragments to the disk.
    private mutating func write(_ event: Event) {
        switch event {
        case .lostPackets:
            hasLostPackets = true
        case .queued(let fragment):
            items.append(.fragment(fragment, .queued, cause: hasLostPackets ? .lossy : .stalled))
            hasLostPackets = false
        case .dropped(let number, let reason):
            decide(.lost(reason)) { $0.number == number }
        case .written(let number):
            decide(.written) { $0.number == number }
        case .failed(let segment, let reason):
            decide(.lost(reason)) { $0.segment == segment }
        case .committed(let segment):
            ledger.commit(segment)
        case .corrected(let segment, let from):
            items.append(.correction(segment, from: from))
        case .shortened(let segment, let milliseconds):
            let reason = Interruption(.diskFailed, "the end of a segment could not be read back from the spool")
            ledger.giveUp(segment, after: milliseconds, reason)
        case .abandoned(let segment, let reason):
            decide(.lost(reason)) { $0.segment == segment }
            ledger.giveUp(segment, after: 0, reason)
        default:
            return
        }
    }

    private mutating func begin(_ epoch: Int64) {
        status = CameraStatus(stream: stream, epoch: epoch, state: .connecting, since: status.since, recorder: recorder)
        openings = 0
        adopt(epoch)
    }

    private mutating func adopt(_ epoch: Int64) {
        status.epoch = epoch
        ledger.epoch = epoch
    }

    private mutating func end(_ event: Event, at now: Int64) {
        switch event {
        case .off:
            status = CameraStatus(
                stream: stream,
                epoch: status.epoch,
                state: .off,
                since: status.since,
                recorder: recorder
            )
            items.append(.end(.off, at: now))
        case .released: items.append(.end(.released, at: now))
        default: items.append(.end(.stopped, at: now))
        }
    }

    /// Decides the fate of fragments that are queued.
    private mutating func decide(_ fate: Fate, where isMeant: (CoverageFragment) -> Bool) {
        for index in items.indices {
            guard case .fragment(let fragment, .queued, let cause) = items[index], isMeant(fragment) else { continue }
            items[index] = .fragment(fragment, fate, cause: cause)
            if case .lost(let reason) = fate { interrupted(by: reason) }
        }
    }

    /// Reports an interruption, unless the camera is not recorded anyway.
    private mutating func interrupted(by reason: Interruption) {
        guard status.state != .off else { return }
        (status.state, status.cause, status.detail) = (.retrying, reason.cause, reason.detail)
    }

    /// Draws the consequences of all items up to the first one whose fate is not known.
    private mutating func settle() {
        var count = 0
        loop: for item in items {
            switch item {
            case .start(let known, let time): ledger.start(known, at: time)
            case .rest(let known): ledger.rest(known)
            case .reconnect(let reason, let time): ledger.reconnect(reason, at: time)
            case .wait(let reason): ledger.wait(reason)
            case .interruption(let reason, let time): ledger.interrupt(reason, at: time)
            case .correction(let segment, let from): ledger.correct(segment, from: from)
            case .end(.off, let time): ledger.end(at: time)
            case .end(.released, _): ledger.release()
            case .end(.stopped, let time): ledger.stop(at: time)
            case .fragment(_, .queued, _): break loop
            case .fragment(let fragment, .lost(let reason), _): ledger.lose(fragment, reason)
            case .fragment(let fragment, .written, let cause):
                ledger.cover(fragment, holes: cause)
                if isLast(after: count) { recorded() }
            }
            count += 1
        }
        items.removeFirst(count)
    }

    /// Returns true if nothing but fragments on their way follows an item.
    private func isLast(after index: Int) -> Bool {
        items[(index + 1)...].allSatisfy { item in
            switch item {
            case .fragment(_, .queued, _), .fragment(_, .written, _), .correction: true
            default: false
            }
        }
    }

    private mutating func recorded() {
        guard status.state != .off else { return }
        (status.state, status.cause, status.detail) = (.recording, nil, nil)
    }

    private mutating func actions(before: CameraStatus, isDue: Bool, at now: Moment) -> [Action] {
        let isNew = status.state != before.state
        if isNew { stateSince = now.uptime }
        let hasChanged =
            (status.cause, status.detail, status.epoch) != (before.cause, before.detail, before.epoch)
        status.since = ledger.wall(stateSince)
        status.lastFrameAt = ledger.lastFrameAt
        let changes = ledger.takeChanges().map(Action.gap)
        return isNew || hasChanged || isDue ? changes + [.report(status, isNew: isNew)] : changes
    }
}
