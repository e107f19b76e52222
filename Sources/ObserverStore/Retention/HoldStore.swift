package import ObserverCore
package import Postgres

/// Times of cameras that are protected from deletion.
package struct HoldStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The number of the advisory lock that keeps a new hold and a decision to delete apart: "obsh" in ASCII.
    ///
    /// A decision that began before the hold was written would not see it, so that one waits for the other.
    static let lock: Int64 = 0x6F62_7368

    private static let columns = """
        id, camera_id, from_at, to_at, reason, actor, created_at, released_at, released_by, release_reason
        """

    /// Protects a time of a camera; when this returns, no decision to delete any of it can follow.
    ///
    /// Recordings that retention has decided to delete before are not brought back.
    package func create(
        camera: CameraID,
        from start: Timestamp,
        to end: Timestamp,
        reason: String,
        by actor: Actor
    ) throws(PostgresError) -> Hold {
        let statement: SQL = """
            insert into holds (camera_id, from_at, to_at, reason, actor)
            values (\(camera), \(start), \(end), \(reason), \(actor.description.limited(to: 80)))
            returning \(unsafe: Self.columns)
            """
        return try connection.transaction { () throws(PostgresError) in
            try connection.execute("select pg_advisory_xact_lock(\(Self.lock))")
            let hold = try connection.first(statement) { row throws(PostgresError) in try Hold(reading: &row) }
            guard let hold else { throw PostgresError(.decoding) }
            return hold
        }
    }

    /// The holds, newest first.
    ///
    /// - Parameters:
    ///   - camera: Of one camera alone.
    ///   - includesReleased: Also those that protect no more.
    ///   - after: Only those that follow this one: the last of the page before.
    ///   - limit: The most of them.
    /// - Returns: The holds of the page.
    /// - Throws: The error that the database reports.
    package func list(
        camera: CameraID? = nil,
        includesReleased: Bool = false,
        after: Int64? = nil,
        limit: Int = 500
    ) throws(PostgresError) -> [Hold] {
        let statement: SQL = """
            select \(unsafe: Self.columns) from holds
            where (\(camera)::bigint is null or camera_id = \(camera)) and (released_at is null or \(includesReleased))
                and id < coalesce(\(after), 9223372036854775807) order by id desc limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try Hold(reading: &row) }
    }

    /// One hold; nil when there is none of that number.
    package func get(_ id: Int64) throws(PostgresError) -> Hold? {
        let statement: SQL = "select \(unsafe: Self.columns) from holds where id = \(id)"
        return try connection.first(statement) { row throws(PostgresError) in try Hold(reading: &row) }
    }

    /// Ends the protection; one that was released before stays as it is.
    ///
    /// - Returns: The hold; nil when there is none of that number.
    /// - Throws: The error that the database reports.
    package func release(_ id: Int64, reason: String, by actor: Actor) throws(PostgresError) -> Hold? {
        let statement: SQL = """
            update holds set released_at = now(), released_by = \(actor.description.limited(to: 80)),
                release_reason = \(reason)
            where id = \(id) and released_at is null
            """
        try connection.execute(statement)
        return try get(id)
    }

    /// The recordings that a hold protects and that can be played now.
    package func sum(of hold: Hold) throws(PostgresError) -> RetentionSum {
        let statement: SQL = """
            select count(*), coalesce(sum(bytes), 0)::bigint from segments
            where camera_id = \(hold.camera) and \(unsafe: SegmentStore.playable)
                and id >= segment_id_at(\(hold.from)::timestamptz - \(unsafe: SegmentStore.before))
                and id < segment_id_at(\(hold.to)::timestamptz + \(unsafe: SegmentStore.after))
                and started_at < \(hold.to) and started_at + duration_ms * interval '1 ms' > \(hold.from)
            """
        let sums = try connection.rows(statement, as: (Int64, Int64).self)
        return sums.first.map { RetentionSum(segments: $0.0, bytes: $0.1) } ?? .zero
    }
}

extension Hold {
    fileprivate init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.next(),
            camera: try row.next(),
            from: try row.next(),
            to: try row.next(),
            reason: try row.next(),
            actor: try row.next(),
            createdAt: try row.next()
        )
        let at = try row.next(Timestamp?.self)
        let actor = try row.next(String?.self)
        let reason = try row.next(String?.self)
        if let at, let actor, let reason { release = Release(at: at, actor: actor, reason: reason) }
    }
}
