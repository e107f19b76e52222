extension CoverageLedger {
    /// Takes over what is known of the time of day, and moves gaps where it is another than before.
    mutating func observe(_ now: Moment) {
        present = max(present, now.uptime)
        guard now.time != time else { return }
        let leap = now.time.leap(since: time)
        let isProvisional = time.isProvisional
        time = now.time
        clockWasSet(isProvisional)
        if let leap { account(for: leap) }
    }

    /// The wall time of a moment of this process, within what rows can hold.
    func wall(_ uptime: Int64) -> Timestamp { time.wall(uptime) }

    func wall(_ point: Point) -> Timestamp {
        switch point {
        case .recorded(let time, let measured): hasCome(time) ? Self.rowTime(time) : wall(min(measured, present))
        case .measured(let time): wall(time)
        }
    }

    func uptime(_ point: Point) -> Int64 {
        switch point {
        case .recorded(let time, let measured): hasCome(time) ? uptime(time) : min(measured, present)
        case .measured(let time): time
        }
    }

    /// False for a time that has not come yet by what is known of the time of day: that is wrong, or the other one is.
    private func hasCome(_ time: Timestamp) -> Bool { uptime(time) <= present }

    /// The moment of this process at a wall time, by what is known of the time now.
    func uptime(_ wall: Timestamp) -> Int64 { time.uptime(wall) }

    func recorded(_ time: Timestamp) -> Point {
        .recorded(time, uptime(time))
    }

    /// A time in whole milliseconds, like those of segments and of the journal: rows are found again by their start.
    static func rowTime(_ time: Timestamp) -> Timestamp {
        bounded(Timestamp(milliseconds: time.milliseconds))
    }

    static func bounded(_ time: Timestamp) -> Timestamp {
        min(max(time, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
    }

    /// Moves the rows of this process that have another time now; segments move in the same way.
    ///
    /// Those of a time that was provisional are still in the journal, which moves them itself.
    private mutating func clockWasSet(_ wasProvisional: Bool) {
        var added: [GapChange] = []
        let before = changes
        if var entry = open, wall(entry.from) != entry.row.startedAt {
            remove(entry.row)
            entry.row.startedAt = wall(entry.from)
            added.append(.open(entry.row))
            open = entry
        }
        for index in closed.indices { added += move(index) }
        changes = wasProvisional ? before : changes + added
        if let late = future, uptime(late.known) <= late.beginning {
            // It was the present clock that was wrong.
            if let row = late.removed, row.endedAt != nil { changes.append(.close(row)) }
            if uptime(late.known) < late.until {
                add(from: recorded(late.known), to: .measured(late.until), Self.starting)
            }
            future = nil
        }
    }

    /// Gives a row to a time of day that never was, because the clock was set forward over it.
    private mutating func account(for leap: (at: Int64, from: Timestamp)) {
        guard frontier != nil, time.wall(leap.at).microseconds - leap.from.microseconds > Coverage.tolerance else {
            return
        }
        let isKnown = ([open].compactMap { $0 } + closed).contains { entry in
            uptime(entry.from) <= leap.at && entry.to.map { uptime($0) >= leap.at } ?? true
        }
        if !isKnown { add(from: .recorded(leap.from, leap.at), to: .measured(leap.at), Self.leap) }
    }

    /// Removes the row of a gap that is over, if its times are others now.
    ///
    /// - Returns: The row that takes its place; it must be written after all that are removed.
    mutating func move(_ index: Int) -> [GapChange] {
        let row = closed[index].row
        let start = wall(closed[index].from)
        let end = closed[index].to.map(wall) ?? start
        guard row.startedAt != start || row.endedAt != end else { return [] }
        if row.endedAt.map({ $0 > row.startedAt }) ?? true { remove(row) }
        closed[index].row.startedAt = start
        closed[index].row.endedAt = end
        return start < end ? [.close(closed[index].row)] : []
    }

    mutating func remove(_ row: Gap) {
        changes.append(.remove(stream, epoch: epoch, startedAt: row.startedAt))
    }
}
