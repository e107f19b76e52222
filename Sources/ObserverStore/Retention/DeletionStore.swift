package import ObserverCore
package import Postgres

/// The deletions that retention plans, and how far they are.
package struct DeletionStore {
    private let connection: PostgresConnection

    /// The number of the advisory lock of planning: "obsd" in ASCII.
    private static let lock: Int64 = 0x6F62_7364
    /// The days over which it is remembered what is usual.
    private static let usualDays: Int32 = 30
    /// The days for which finished deletions are remembered.
    private static let rememberedDays: Int32 = 400

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Reading

    /// The deletions, newest first, those that are not done before all others.
    package func list(camera: CameraID? = nil, limit: Int = 500) throws(PostgresError) -> [DeletionRecord] {
        let statement: SQL = """
            \(unsafe: DeletionRecord.selection) where \(camera)::bigint is null or camera_id = \(camera)
            order by (state = 'done'), id desc limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try DeletionRecord(reading: &row) }
    }

    /// One deletion; nil when there is none of that number.
    package func get(_ id: Int64) throws(PostgresError) -> DeletionRecord? {
        try connection.first("\(unsafe: DeletionRecord.selection) where id = \(id)") { row throws(PostgresError) in
            try DeletionRecord(reading: &row)
        }
    }

    /// The most bytes that were deleted of each camera in one of the last thirty days without an approval.
    package func usual() throws(PostgresError) -> [CameraID: Int64] {
        let statement: SQL = """
            select camera_id, max(bytes)::bigint from (
                select camera_id, planned_on, sum(bytes) as bytes from deletions
                where planned_on > (now() at time zone 'UTC')::date - \(Self.usualDays) and reason <> 'camera' and actor is null
                group by camera_id, planned_on
            ) days group by camera_id
            """
        return Dictionary(try connection.rows(statement, as: (CameraID, Int64).self)) { first, _ in first }
    }

    // MARK: Planning

    /// Takes a plan over: what is no longer in it ends, what is new begins or waits for its approval, and what runs goes on
    /// with the new bounds.
    ///
    /// An approval counts until the deletion is done; one that is paused stays so.
    package func take(_ plan: [RetentionDecision]) throws(PostgresError) {
        let streams = plan.map(\.deletion.stream)
        let statement: SQL = """
            with plan as (
                select * from unnest(\(streams.map(\.camera)), \(streams.map(\.kind)), \(plan.map(\.deletion.reason.rawValue)),
                    \(plan.map(\.deletion.before)), \(plan.map(\.deletion.due.segments)), \(plan.map(\.deletion.due.bytes)),
                    \(plan.map(\.objection))) as p (camera_id, stream, reason, before, segments, bytes, objection)
            ), ended as (
                update deletions d set state = 'done', updated_at = now()
                where state <> 'done' and not exists (
                    select from plan p where p.camera_id = d.camera_id and p.stream = d.stream)
            ), target as (
                select distinct on (d.camera_id, d.stream) d.id, d.state, d.actor, p.*
                from plan p join deletions d on d.camera_id = p.camera_id and d.stream = p.stream
                where d.state <> 'done' or d.planned_on = (now() at time zone 'UTC')::date
                order by d.camera_id, d.stream, (d.state = 'done'), d.id desc
            ), updated as (
                update deletions d set reason = t.reason, before = t.before, due_segments = t.segments,
                    due_bytes = t.bytes, objection = t.objection, cursor_id = null, updated_at = now(),
                    actor = case when t.state <> 'done' then t.actor end,
                    state = case when t.state = 'paused' then 'paused'
                        when t.objection is null or (t.state = 'running' and t.actor is not null) then 'running'
                        else 'waiting' end
                from target t where d.id = t.id
                returning d.camera_id, d.stream
            )
            insert into deletions (camera_id, stream, reason, before, due_segments, due_bytes, objection, state)
            select camera_id, stream, reason, before, segments, bytes, objection,
                case when objection is null then 'running' else 'waiting' end
            from plan p where not exists (
                select from updated u where u.camera_id = p.camera_id and u.stream = p.stream)
            """
        try connection.patiently { () throws(PostgresError) in
            try connection.execute("select pg_advisory_xact_lock(\(Self.lock))")
            try connection.execute(statement, within: .seconds(60))
            try connection.execute(
                """
                delete from deletions
                where state = 'done' and planned_on < (now() at time zone 'UTC')::date - \(Self.rememberedDays)
                """,
                within: .seconds(60)
            )
        }
    }

    /// Approves deletions that wait, or resumes those that are paused.
    ///
    /// - Parameters:
    ///   - ids: The deletions; nil: all that wait for their approval.
    ///   - actor: The originator.
    /// - Returns: How many of them go on.
    /// - Throws: The error that the database reports.
    @discardableResult
    package func approve(_ ids: [Int64]?, by actor: Actor) throws(PostgresError) -> Int {
        let statement: SQL = """
            update deletions set state = 'running', actor = \(actor.description.limited(to: 80)), updated_at = now()
            where (state = 'waiting' or state = 'paused' and \(ids)::bigint[] is not null)
                and (\(ids)::bigint[] is null or id = any(\(ids)))
            """
        return try connection.execute(statement)
    }

    /// Pauses a deletion that runs or waits; what is decided stays decided.
    ///
    /// - Returns: True if it was not done.
    /// - Throws: The error that the database reports.
    package func pause(_ id: Int64, by actor: Actor) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update deletions set state = 'paused', actor = \(actor.description.limited(to: 80)), updated_at = now()
            where id = \(id) and state <> 'done'
            """
        return try connection.execute(statement) == 1
    }
}
