extension CoverageLedger {
    /// Takes over what earlier recorders left behind.
    mutating func start(_ known: KnownCoverage, at now: Int64) {
        var known = known
        known.recorded += known.measured.map { .init(from: wall($0.from), to: wall($0.to)) }
        let gapEnd = known.isGapMeasured ? known.gap?.endedAt.map { uptime($0) } : nil
        let measured = (known.measured.map(\.to) + [gapEnd].compactMap { $0 }).filter { $0 <= now }
        let ownEnds = [frontier].compactMap { $0 } + (measured + [lastFrame].compactMap { $0 }).map(Point.measured)
        let own = open
        open = nil
        reason = nil
        beginning = now
        let adopted = adopt(known, own: own, now: now)
        let ends = known.recorded.map(\.to) + (known.gap?.endedAt.map { [$0] } ?? [])
        let last = (ends + [known.wantedSince] + (known.gap.map { [$0.startedAt] } ?? [])).max()
        let until = known.measured.map(\.from).min().map { min($0, now) } ?? now
        future = last.flatMap { uptime($0) > now ? ($0, now, until, adopted.removed) : nil }
        let latest = ends.filter { uptime($0) <= now }.max()
        if ended == nil, open == nil { settle(known, after: [latest, adopted.end].compactMap { $0 }.max()) }
        frontier = open?.from ?? beginning(known, after: latest, own: ownEnds, now: now)
        coveredUntil = known.isHandedOver && open == nil ? now.addingSaturated(Coverage.handOverTime) : nil
        ended = nil
    }

    /// Counts the time up to a moment as recorded by the recorder before, which handed the camera over.
    mutating func takeOver(at moment: Int64) {
        guard let limit = coveredUntil else { return }
        coveredUntil = nil
        guard let from = frontier, uptime(from) < moment else { return }
        frontier = .measured(min(moment, limit))
        beginning = nil
    }

    /// The moment from which on a wanted stream is not accounted for.
    func beginning(_ known: KnownCoverage, after latest: Timestamp?, own: [Point], now: Int64) -> Point {
        let wantedSince = uptime(known.wantedSince)
        // The clock of the database, or this one, is wrong.
        guard wantedSince <= now else {
            return .measured(known.measured.map(\.to).filter { $0 <= now }.max() ?? now)
        }
        if let ended { return .measured(wantedSince < ended ? now : wantedSince) }
        let candidates = own + [recorded(known.wantedSince)] + (latest.map { [recorded($0)] } ?? [])
        return candidates.max { uptime($0) < uptime($1) } ?? .measured(now)
    }

    /// Accounts for earlier times for which the camera was wanted, if no recorder was there to do it.
    mutating func settle(_ known: KnownCoverage, after latest: Timestamp?) {
        for wanted in known.wantedBefore {
            let from = max(wanted.from, latest ?? wanted.from)
            guard uptime(wanted.to) - uptime(from) > Coverage.tolerance else { continue }
            add(from: recorded(from), to: recorded(wanted.to), Self.starting)
        }
    }

    /// Settles a camera that is off: the time up to the switching off is accounted for.
    mutating func rest(_ known: KnownCoverage) {
        guard let off = known.switchedOffAt else { return }
        start(known, at: uptime(off))
        end(at: uptime(off))
    }

    /// Adopts the gap that is open, and ends one that should have ended.
    ///
    /// - Returns: A row that is removed, because it lies in the future, and the end of a gap that is ended.
    mutating func adopt(
        _ known: KnownCoverage,
        own: Entry?,
        now: Int64
    ) -> (removed: Gap?, end: Timestamp?) {
        guard let gap = known.gap ?? own?.row else { return (nil, nil) }
        let isOwn = own?.row.startedAt == gap.startedAt
        let start = known.isGapMeasured ? .measured(uptime(gap.startedAt)) : recorded(gap.startedAt)
        let from = isOwn ? own?.from ?? start : start
        guard isOwn || uptime(gap.startedAt) <= now else {
            remove(gap)
            return (gap, nil)
        }
        guard gap.endedAt.map({ uptime($0) > now }) ?? true else { return (nil, nil) }
        var row = gap
        row.epoch = epoch
        let end = end(of: gap, known, now: now)
        if gap.endedAt != nil {
            // It ended by a clock that was wrong.
            remove(gap)
            row.endedAt = end ?? wall(now)
            if row.startedAt < wall(now) { changes.append(.close(row)) }
            return (gap, row.endedAt)
        }
        if let end {
            finish(row, at: end)
        } else {
            open = Entry(from: from, to: nil, since: now, row: row)
            // Of this epoch from now on.
            if gap.epoch != epoch, known.switchedOffAt == nil { changes.append(.open(row)) }
        }
        return (nil, end)
    }

    /// The moment at which a gap must have ended, by what came after it; nil if it may last.
    func end(of gap: Gap, _ known: KnownCoverage, now: Int64) -> Timestamp? {
        let later = known.recorded.filter { $0.from >= gap.startedAt && uptime($0.from) <= now }
        let next = later.filter { $0.to > gap.startedAt.advanced(byMilliseconds: 100) }.map(\.from).min()
        let off = known.wantedBefore.map(\.to).filter { $0 >= gap.startedAt }.min()
        return [next, off].compactMap { $0 }.min()
    }
}
