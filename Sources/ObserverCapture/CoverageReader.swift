import ObserverCore
import ObserverStore
import Postgres
import Spool

/// Finds out what earlier recorders left behind of a stream: rows, the spool, the journal.
struct CoverageReader: Sendable {
    /// The number of segments that are looked at after the newest gap began.
    private static let segments = 20

    let recovery: SpoolRecovery
    let journal: GapJournal

    /// Reads the facts about a camera; nil if it was never wanted.
    func known(_ camera: Camera, _ connection: PostgresConnection) throws(PostgresError) -> KnownCoverage? {
        let stream = StreamID(camera.id, .main)
        var wanted = try CameraStore(connection).wanted(camera.id)
        guard let last = wanted.popLast() else {
            return camera.isActive ? KnownCoverage(wantedSince: camera.updatedAt) : nil
        }
        let gap = journal.gaps(of: stream, over: try GapStore(connection).newest(stream)).max {
            $0.startedAt < $1.startedAt
        }
        let store = SegmentStore(connection)
        var segments = try store.newest(of: camera.id).map { [$0] } ?? []
        if let gap, gap.endedAt == nil {
            segments += try store.list(.init(camera: camera.id, from: gap.startedAt, limit: Self.segments))
        }
        let rows = segments.map { KnownCoverage.Period(from: $0.segment.startedAt, to: $0.segment.endedAt) }
        return KnownCoverage(
            wantedSince: last.from,
            switchedOffAt: last.to,
            wantedBefore: wanted.compactMap { period in period.to.map { .init(from: period.from, to: $0) } },
            recorded: rows + recovery.periods(of: stream),
            gap: gap
        )
    }
}
