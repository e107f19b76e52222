/// The books of one stream: up to where its time is settled, the gap that lasts, and what is written and not yet committed.
///
/// The decisions of ``Coverage`` about time, without a queue: everything here is told in its final order.
struct CoverageLedger: Sendable {
    /// A moment: by the wall clock of an earlier recorder, or by the clock of this process.
    enum Point: Hashable, Sendable {
        /// The second value is the same by what this process knew of the time when it began; it counts while the first has not
        /// come yet.
        case recorded(Timestamp, Int64)
        case measured(Int64)
    }

    /// A gap with a row, by the clocks of this process.
    struct Entry: Hashable, Sendable {
        var from: Point
        /// Nil while it lasts.
        var to: Point?
        /// The moment since which the cause is known.
        var since: Int64
        /// The row as it was written last.
        var row: Gap
    }

    private static let entryLimit = 512

    let stream: StreamID
    var epoch: Int64 = 0
    /// The wall time of moments of this process.
    var time: TimeOfDay
    /// The latest moment of which was heard.
    var present: Int64
    /// Everything wanted before this is recorded, or has a row; nil while the stream is not wanted.
    var frontier: Point?
    /// The gap that lasts.
    var open: Entry?
    /// Gaps of this process that are over, for a wall clock that is set.
    var closed: [Entry] = []
    /// The reason for the time that follows the frontier, where it has no row yet.
    var reason: Interruption?
    /// The beginning of the present recorder, until it has recorded or failed.
    var beginning: Int64?
    /// The newest time that earlier recorders left, if it lies after the beginning of this one: the clock was wrong then, or
    /// is now.
    ///
    /// `until` is the end of what is not accounted for if it was.
    var future: (known: Timestamp, beginning: Int64, until: Int64, removed: Gap?)?
    /// The written parts of segments that are not committed.
    var written: [SegmentID: [Stretch]] = [:]
    var changes: [GapChange] = []
    /// The moment up to which the recorder before may go on with a camera that it has handed over.
    var coveredUntil: Int64?
    /// The moment at which the stream was switched off in this process, until it is switched on.
    var ended: Int64?
    /// The end of what this process has recorded last.
    var lastFrame: Int64?

    init(_ stream: StreamID, at now: Moment) {
        self.stream = stream
        time = now.time
        present = now.uptime
    }

    mutating func takeChanges() -> [GapChange] {
        defer { changes = [] }
        return changes
    }

    var lastFrameAt: Timestamp? { lastFrame.map(wall) }

    mutating func finish(_ row: Gap, at end: Timestamp) {
        guard end > row.startedAt else { return remove(row) }
        var row = row
        row.endedAt = end
        changes.append(.close(row))
    }

    /// Puts the gap that lasts under the present epoch.
    mutating func reopen() {
        open?.row.epoch = epoch
        if let open { changes.append(.open(open.row)) }
    }

    // MARK: Interruptions

    /// Takes note of the reason for a pause that is as short as possible: it has a row only if it is a gap.
    mutating func reconnect(_ reason: Interruption, at now: Int64) {
        guard frontier != nil else { return }
        self.reason = self.reason ?? reason
    }

    /// Takes note of the reason for which the present recorder has not recorded yet.
    mutating func wait(_ reason: Interruption) {
        guard frontier != nil, open == nil else { return }
        settleBeginning()
        self.reason = reason
    }

    /// Opens a gap, or gives the one that lasts another cause from here on.
    mutating func interrupt(_ reason: Interruption, at now: Int64) {
        takeOver(at: now)
        guard let frontier else { return }
        settleBeginning()
        let begun = beginning
        beginning = nil
        guard let entry = open else {
            return openGap(from: self.frontier ?? frontier, reason, at: now)
        }
        guard entry.row.cause != reason.cause else { return }
        let isOther = begun != nil || entry.row.cause.side != reason.cause.side
        guard isOther || now - entry.since > Coverage.causeTime else { return }
        let point = Point.measured(max(begun ?? now, uptime(entry.from)))
        close(at: point)
        self.frontier = point
        openGap(from: point, reason, at: now)
    }

    /// Gives the time before the present recorder a row of its own, because another cause follows.
    mutating func settleBeginning() {
        guard let begun = beginning, open == nil, let from = frontier, begun - uptime(from) > Coverage.tolerance else {
            return
        }
        add(from: from, to: .measured(begun), reason ?? Self.starting)
        frontier = .measured(begun)
    }

    static let starting = Interruption(.noRecorder, "no recorder was running, or it was just starting")
    static let silence = Interruption(.stalled, "the camera sent no frame")
    static let leap = Interruption(.noRecorder, "the recorder's machine stood still, or its clock was set forward")
    static let loss = Interruption(.lossy, "packets of the camera were lost on their way")

    mutating func openGap(from point: Point, _ reason: Interruption, at now: Int64) {
        let row = Gap(
            stream: stream,
            epoch: epoch,
            startedAt: wall(point),
            cause: reason.cause,
            detail: reason.detail
        )
        open = Entry(from: point, to: nil, since: now, row: row)
        changes.append(.open(row))
    }

    mutating func close(at point: Point) {
        guard var entry = open else { return }
        open = nil
        let end = wall(point)
        finish(entry.row, at: end)
        entry.to = point
        entry.row.endedAt = end
        remember(entry)
    }

    mutating func add(from start: Point, to end: Point, _ reason: Interruption) {
        let row = Gap(
            stream: stream,
            epoch: epoch,
            startedAt: wall(start),
            endedAt: wall(end),
            cause: reason.cause,
            detail: reason.detail
        )
        if row.startedAt < wall(end) { changes.append(.close(row)) }
        remember(Entry(from: start, to: end, since: uptime(end), row: row))
    }

    mutating func remember(_ entry: Entry) {
        closed.append(entry)
        if closed.count > Self.entryLimit { closed.removeFirst() }
    }

    // MARK: Frames

    /// A fragment that was queued never reached the disk.
    mutating func lose(_ fragment: CoverageFragment, _ reason: Interruption) {
        interrupt(reason, at: fragment.stretches.first?.from ?? frontier.map(uptime) ?? 0)
    }

    /// A fragment is on the disk.
    mutating func cover(_ fragment: CoverageFragment, holes cause: Cause) {
        guard frontier != nil else { return }
        for stretch in fragment.stretches { cover(stretch, hole: cause == .lossy ? Self.loss : Self.silence) }
        note(fragment.stretches, of: fragment.segment)
    }

    mutating func cover(_ stretch: Stretch, hole: Interruption) {
        takeOver(at: stretch.from)
        guard let from = frontier else { return }
        if open != nil {
            close(at: .measured(stretch.from))
        } else if stretch.from - uptime(from) > Coverage.tolerance {
            add(from: from, to: .measured(stretch.from), reason ?? (beginning == nil ? hole : Self.starting))
        }
        reason = nil
        beginning = nil
        if stretch.to > uptime(from) { frontier = .measured(stretch.to) }
        lastFrame = max(lastFrame ?? stretch.to, stretch.to)
    }

    mutating func note(_ stretches: [Stretch], of segment: SegmentID) {
        var all = written[segment] ?? []
        for stretch in stretches {
            if let last = all.last, stretch.from - last.to <= Coverage.tolerance {
                all[all.count - 1].to = max(last.to, stretch.to)
            } else {
                all.append(stretch)
            }
        }
        written[segment] = all
    }

    mutating func commit(_ segment: SegmentID) {
        written[segment] = nil
    }

    /// Moves the end of the gap before a segment whose first frame is known better now.
    mutating func correct(_ segment: SegmentID, from: Int64) {
        guard let first = written[segment]?.first, first.from != from, from < first.to,
            let index = closed.lastIndex(where: { $0.to == .measured(first.from) })
        else { return }
        written[segment]?[0].from = from
        closed[index].to = .measured(from)
        changes += move(index)
    }

    /// Counts what was written of a segment as missing, but for so many milliseconds of it.
    mutating func giveUp(_ segment: SegmentID, after milliseconds: Int64, _ reason: Interruption) {
        guard let stretches = written.removeValue(forKey: segment), let first = stretches.first else { return }
        let kept = first.from.addingSaturated(milliseconds.multipliedSaturated(by: 1000))
        for stretch in stretches where stretch.to - max(stretch.from, kept) > Coverage.tolerance {
            add(from: .measured(max(stretch.from, kept)), to: .measured(stretch.to), reason)
        }
    }

    // MARK: Ends

    /// The stream is not wanted from here on.
    mutating func end(at now: Int64) {
        takeOver(at: now)
        guard let from = frontier else { return }
        if open != nil {
            close(at: .measured(now))
        } else if now - uptime(from) > Coverage.tolerance {
            add(from: from, to: .measured(now), reason ?? (beginning == nil ? Self.silence : Self.starting))
        }
        release()
        ended = now
    }

    /// The stream is somebody else's from here on.
    mutating func release() {
        frontier = nil
        open = nil
        reason = nil
        beginning = nil
        coveredUntil = nil
    }

    /// The process ends: the next recorder goes on from here.
    mutating func stop(at now: Int64) {
        takeOver(at: now)
        guard let from = frontier else { return }
        if open == nil {
            openGap(from: from, Interruption(.noRecorder, "the recorder was stopped"), at: uptime(from))
        }
        release()
    }
}
