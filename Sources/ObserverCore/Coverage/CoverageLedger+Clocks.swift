extension CoverageLedger {
    /// Compares the clocks; follows one that is steered, and moves gaps when it was set.
    mutating func observe(_ now: Moment) {
        let present = Self.bounded(now.wall).microseconds.addingSaturated(0 - now.uptime)
        let step = present.addingSaturated(0 - offset)
        offset = present
        guard step.magnitude > 500_000 else { return }
        clockWasSet(by: step, now: now.uptime)
    }

    /// The wall time of a moment of this process, within what rows can hold.
    func wall(_ uptime: Int64) -> Timestamp {
        Self.rowTime(Timestamp(microseconds: uptime.addingSaturated(offset)))
    }

    func wall(_ point: Point) -> Timestamp {
        switch point {
        case .recorded(let time, _): Self.rowTime(time)
        case .measured(let time): wall(time)
        }
    }

    func uptime(_ point: Point) -> Int64 {
        switch point {
        case .recorded(let time, _): uptime(time)
        case .measured(let time): time
        }
    }

    /// The moment of this process at a wall time, by the present offset.
    func uptime(_ time: Timestamp) -> Int64 {
        Self.bounded(time).microseconds.addingSaturated(0 - offset)
    }

    func recorded(_ time: Timestamp) -> Point {
        .recorded(time, uptime(time))
    }

    /// The same moment, unless the wall clock says now that it has not come yet.
    func corrected(_ point: Point, now: Int64) -> Point {
        guard case .recorded(_, let measured) = point, uptime(point) > now else { return point }
        return .measured(min(measured, now))
    }

    /// A time in whole milliseconds, like those of segments and of the journal: rows are found again by their start.
    static func rowTime(_ time: Timestamp) -> Timestamp {
        bounded(Timestamp(milliseconds: time.milliseconds))
    }

    static func bounded(_ time: Timestamp) -> Timestamp {
        min(max(time, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
    }

    /// Moves the gap that lasts, which began by a clock that was wrong, and rows that lie in the future now.
    ///
    /// Rows in the past stay where they are, like the segments between them, unless the clock was off by more than an hour.
    mutating func clockWasSet(by step: Int64, now: Int64) {
        var added: [GapChange] = []
        frontier = frontier.map { corrected($0, now: now) }
        if var entry = open {
            entry.from = corrected(entry.from, now: now)
            if wall(entry.from) != entry.row.startedAt {
                remove(entry.row)
                entry.row.startedAt = wall(entry.from)
                added.append(.open(entry.row))
            }
            open = entry
        }
        let present = wall(now)
        for index in closed.indices {
            closed[index].from = corrected(closed[index].from, now: now)
            guard let end = closed[index].row.endedAt, end > present || step.magnitude > 3_600_000_000 else { continue }
            added += move(index)
        }
        changes += added
        if let late = future, uptime(late.known) <= late.beginning {
            // It was the present clock that was wrong.
            if let row = late.removed, row.endedAt != nil { changes.append(.close(row)) }
            add(from: recorded(late.known), to: .measured(late.beginning), Self.starting)
            future = nil
        }
    }

    /// Removes the row of a gap that is over, if its times are others now.
    ///
    /// - Returns: The row that takes its place; it must be written after all that are removed.
    mutating func move(_ index: Int) -> [GapChange] {
        let row = closed[index].row
        let start = wall(closed[index].from)
        let end = closed[index].to.map(wall) ?? start
        guard row.startedAt != start || row.endedAt != end else { return [] }
        remove(row)
        closed[index].row.startedAt = start
        closed[index].row.endedAt = end
        return start < end ? [.close(closed[index].row)] : []
    }

    mutating func remove(_ row: Gap) {
        changes.append(.remove(stream, epoch: epoch, startedAt: row.startedAt))
    }
}
