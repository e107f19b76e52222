package import ObserverCore
package import Postgres

/// The progress with which the store is told of holds, for buckets with Object Lock.
///
/// Each hold is gone through again and again, from its first segment to its last: the first time all of its objects are put
/// under protection, later those that were stored since. After its release the protection is taken off, from what no other
/// hold covers.
package struct LegalHoldStore {
    private let connection: PostgresConnection

    /// The segments of one step.
    package static let mostInStep = 200
    /// The seconds after which a hold of these days is gone through again, because recordings are still being stored.
    private static let youngSeconds: Int64 = 60
    /// The same for one whose time is long over, and where something was refused.
    private static let oldSeconds: Int64 = 3600
    /// The seconds after the end of its time for which a hold is young.
    private static let lateSeconds: Int64 = 2 * 86_400

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// A part of the work on a hold.
    package struct Step: Hashable, Sendable {
        package var hold: Int64
        /// True to put protection on, false to take it off.
        package var isOn: Bool
        package var segments: [ExpiringSegment]
        /// True if this ends the round.
        package var isLast: Bool

        package init(hold: Int64, isOn: Bool, segments: [ExpiringSegment], isLast: Bool) {
            (self.hold, self.isOn, self.segments, self.isLast) = (hold, isOn, segments, isLast)
        }
    }

    /// The outcome of a step.
    package struct Outcome: Hashable, Sendable {
        /// The segments whose objects are as they should be.
        package var done: [SegmentID]
        /// The number of those for which the store refused it.
        package var refused: Int
        /// The store's words about one of those.
        package var error: String?

        package init(done: [SegmentID], refused: Int = 0, error: String? = nil) {
            self.done = done
            self.refused = refused
            self.error = error
        }
    }

    /// The next step; nil when all holds were gone through.
    package func next(limit: Int = mostInStep) throws(PostgresError) -> Step? {
        try connection.patiently { () throws(PostgresError) in
            try begin()
            let statement: SQL = """
                select h.id, h.camera_id, h.from_at, h.to_at, h.released_at is null, l.cursor_id
                from legal_holds l join holds h on h.id = l.hold_id
                where not l.is_done and (l.cursor_id is not null or l.looked_at is null or l.looked_at < now()
                    - case when l.refused = 0 and h.released_at is null
                        and h.to_at > now() - \(Self.lateSeconds) * interval '1 second'
                        then \(Self.youngSeconds) else \(Self.oldSeconds) end * interval '1 second')
                order by l.cursor_id is null, h.released_at is not null, l.looked_at nulls first, h.id limit 1
                """
            let found = try connection.first(statement) { row throws(PostgresError) in
                (
                    id: try row.next(Int64.self), camera: try row.next(CameraID.self),
                    from: try row.next(Timestamp.self),
                    to: try row.next(Timestamp.self), isOn: try row.next(Bool.self),
                    cursor: try row.next(SegmentID?.self)
                )
            }
            guard let found else { return nil }
            let rest = found.isOn ? Self.unprotected : Self.released
            let segments = try segments(found.camera, found.from, found.to, after: found.cursor, rest, limit: limit)
            return Step(hold: found.id, isOn: found.isOn, segments: segments, isLast: segments.count < limit)
        }
    }

    private static let unprotected = "s.state = 'stored' and s.legal_hold is not true"
    private static let released = """
        s.legal_hold and not exists (select from holds h
            where h.camera_id = s.camera_id and h.released_at is null and \(RetentionFactStore.isHeld))
        """

    /// Takes up holds that are new, and begins those anew that were released meanwhile.
    private func begin() throws(PostgresError) {
        try connection.execute(
            """
            insert into legal_holds (hold_id) select h.id from holds h
            where h.released_at is null and not exists (select from legal_holds l where l.hold_id = h.id)
            """
        )
        try connection.execute(
            """
            update legal_holds l set is_release = true, cursor_id = null, looked_at = null, refused = 0, error = null
            from holds h where h.id = l.hold_id and not l.is_release and h.released_at is not null
            """
        )
    }

    private func segments(
        _ camera: CameraID,
        _ start: Timestamp,
        _ end: Timestamp,
        after cursor: SegmentID?,
        _ rest: String,
        limit: Int
    ) throws(PostgresError) -> [ExpiringSegment] {
        let statement: SQL = """
            select \(unsafe: ExpiringSegment.columns) from segments s
            where s.camera_id = \(camera) and s.stream in (0, 1) and s.state <> 'expired'
                and s.id >= segment_id_at(\(start)::timestamptz - \(unsafe: SegmentStore.before))
                and s.id < segment_id_at(\(end)::timestamptz + \(unsafe: SegmentStore.after))
                and s.id > coalesce(\(cursor), '00000000-0000-0000-0000-000000000000')
                and s.started_at < \(end)
                and s.started_at + greatest(s.duration_ms, 1) * interval '1 ms' > \(start)
                and \(unsafe: rest)
            order by s.id limit \(limit)
            """
        return try connection.query(statement, within: .seconds(60)) { row throws(PostgresError) in
            try ExpiringSegment(reading: &row)
        }
    }

    /// Writes down what came of a step, and how far it is.
    package func finish(_ step: Step, _ outcome: Outcome) throws(PostgresError) {
        let ids = outcome.done.sorted()
        let refused = Int64(clamping: outcome.refused)
        try connection.patiently { () throws(PostgresError) in
            var count: Int64 = 0
            if let least = ids.first, let greatest = ids.last {
                let changed = try connection.execute(
                    """
                    update segments set legal_hold = case when \(step.isOn) then true end
                    where id = any(\(ids)) and id between \(least) and \(greatest)
                    """,
                    within: .seconds(60)
                )
                count = Int64(clamping: changed)
            }
            try connection.execute(
                """
                update legal_holds set objects = greatest(0, objects + \(step.isOn ? count : -count)),
                    refused = \(refused) + case when cursor_id is null then 0 else refused end,
                    error = coalesce(\(outcome.error?.limited(to: 1000)), case when cursor_id is not null then error end),
                    cursor_id = case when \(step.isLast) then null else \(step.segments.last?.id) end,
                    looked_at = case when \(step.isLast) then now() else looked_at end
                where hold_id = \(step.hold) and is_release = \(!step.isOn)
                """
            )
            if step.isLast, !step.isOn {
                try connection.execute(
                    """
                    update legal_holds set is_done = true, objects = 0
                    where hold_id = \(step.hold) and is_release and refused = 0
                    """
                )
            }
        }
    }
}
