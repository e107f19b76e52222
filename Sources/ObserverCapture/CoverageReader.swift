import ObserverCore
import ObserverStore
import Postgres
import Spool

/// Finds out what earlier recorders left behind of streams: rows, the spool, the journal.
struct CoverageReader: Sendable {
    let recovery: SpoolRecovery
    let journal: GapJournal
    let clock: SharedClock

    /// Reads the facts about cameras, in a few statements for all of them; one that was never wanted is left out.
    func known(
        _ cameras: [Camera],
        _ connection: PostgresConnection
    ) throws(PostgresError) -> [CameraID: KnownCoverage] {
        guard !cameras.isEmpty else { return [:] }
        let store = CoverageStore(connection)
        let ids = cameras.map(\.id)
        let (wanted, gaps) = (try store.wanted(ids), try store.newestGaps(ids))
        var newest: [CameraID: (gap: Gap, isMeasured: Bool)] = [:]
        for id in ids { newest[id] = gap(of: StreamID(id, .main), over: gaps[id] ?? []) }
        var moments: [CameraID: Timestamp?] = [:]
        for id in ids { moments[id] = newest[id].flatMap { $0.gap.endedAt == nil ? $0.gap.startedAt : nil } }
        let segments = try store.segments(moments)
        var found: [CameraID: KnownCoverage] = [:]
        for camera in cameras {
            var periods = wanted[camera.id] ?? []
            guard let last = periods.popLast() else {
                if camera.isActive { found[camera.id] = KnownCoverage(wantedSince: camera.updatedAt) }
                continue
            }
            found[camera.id] = KnownCoverage(
                wantedSince: last.from,
                switchedOffAt: last.to,
                wantedBefore: periods.compactMap { period in period.to.map { .init(from: period.from, to: $0) } },
                recorded: (segments[camera.id] ?? []) + recovery.periods(of: StreamID(camera.id, .main)),
                measured: recovery.stretches(of: StreamID(camera.id, .main)),
                gap: newest[camera.id]?.gap
            )
            found[camera.id]?.isGapMeasured = newest[camera.id]?.isMeasured ?? false
        }
        return found
    }

    /// The facts about a camera as far as the spool has them.
    ///
    /// - Parameters:
    ///   - camera: A camera that was recorded, or should have been.
    ///   - moment: The last moment at which its recorder is known to have accounted for it.
    /// - Returns: The facts.
    func knownAlone(_ camera: CameraID, wantedSince moment: Timestamp) -> KnownCoverage {
        let stream = StreamID(camera, .main)
        let gap = gap(of: stream, over: [])
        var known = KnownCoverage(
            wantedSince: moment,
            recorded: recovery.periods(of: stream),
            measured: recovery.stretches(of: stream),
            gap: gap?.gap
        )
        known.isGapMeasured = gap?.isMeasured ?? false
        return known
    }

    /// The newest gap, and whether this boot's own clock has measured it.
    private func gap(of stream: StreamID, over rows: [Gap]) -> (gap: Gap, isMeasured: Bool)? {
        let (gaps, measured) = journal.gaps(of: stream, over: rows, time: clock.spoolTime)
        return gaps.max { $0.startedAt < $1.startedAt }.map { ($0, measured.contains($0.startedAt)) }
    }
}
