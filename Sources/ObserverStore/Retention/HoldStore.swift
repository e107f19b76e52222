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
    private static let selection = """
        select \(columns), l.objects, l.refused, l.error, l.looked_at is not null or l.is_done
        from holds h left join legal_holds l on l.hold_id = h.id
        """

    /// Protects a time of a camera; when this returns, no decision to delete any of it can follow.
    ///
    /// Recordings that retention has decided to delete before are taken back where their objects are still there, within
    /// minutes; ``facts(of:)`` tells of them.
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
            try RetentionHistoryStore(connection).note(hold, .held, reason: reason, by: actor)
            try RetentionStatusStore(connection).askForPlan()
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
            \(unsafe: Self.selection)
            where (\(camera)::bigint is null or camera_id = \(camera)) and (released_at is null or \(includesReleased))
                and id < coalesce(\(after), 9223372036854775807) order by id desc limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try Hold(withStore: &row) }
    }

    /// Returns true if there is such a hold, of a camera where one is given.
    package func has(_ id: Int64, of camera: CameraID? = nil) throws(PostgresError) -> Bool {
        let statement: SQL = """
            select id from holds where id = \(id) and (\(camera)::bigint is null or camera_id = \(camera))
            """
        return try !connection.rows(statement, as: (Int64).self).isEmpty
    }

    /// One hold; nil when there is none of that number.
    package func get(_ id: Int64) throws(PostgresError) -> Hold? {
        let statement: SQL = "\(unsafe: Self.selection) where id = \(id)"
        return try connection.first(statement) { row throws(PostgresError) in try Hold(withStore: &row) }
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
        return try connection.transaction { () throws(PostgresError) in
            let isReleased = try connection.execute(statement) == 1
            let hold = try get(id)
            if isReleased, let hold {
                try RetentionHistoryStore(connection).note(hold, .released, reason: reason, by: actor)
                try RetentionStatusStore(connection).askForPlan()
            }
            return hold
        }
    }

    /// The recordings in the time of a hold.
    package struct Facts: Hashable, Sendable {
        /// Those that it protects and that can be played now.
        package var sum = RetentionSum.zero
        /// Those about which it was decided before, and whose objects the store may still have.
        package var decided: Int64 = 0
        /// Nothing that began before this moment is complete: retention has deleted of it; nil: it has not.
        package var deletedBefore: Timestamp?
    }

    /// Looks at the recordings in the time of a hold.
    package func facts(of hold: Hold) throws(PostgresError) -> Facts {
        var facts = Facts()
        facts.sum = try sum(of: hold)
        let decided: SQL = """
            select count(*) from segments
            where state = 'expiring' and camera_id = \(hold.camera)
                and id >= segment_id_at(\(hold.from)::timestamptz - \(unsafe: SegmentStore.before))
                and id < segment_id_at(\(hold.to)::timestamptz + \(unsafe: SegmentStore.after))
                and started_at < \(hold.to) and started_at + greatest(duration_ms, 1) * interval '1 ms' > \(hold.from)
            """
        facts.decided = try connection.rows(decided, as: (Int64).self).first ?? 0
        let before: SQL = """
            select max(before) from deletions
            where camera_id = \(hold.camera) and segments > 0 and created_at < \(hold.createdAt) and before > \(hold.from)
            """
        facts.deletedBefore = try connection.rows(before, as: (Timestamp?).self).first ?? nil
        return facts
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
    /// Reads a row with the progress of the store beside it.
    fileprivate init(withStore row: inout PostgresRow) throws(PostgresError) {
        try self.init(reading: &row)
        let objects = try row.next(Int64?.self)
        let refused = try row.next(Int64?.self)
        let error = try row.next(String?.self)
        let isComplete = try row.next(Bool?.self)
        guard let objects else { return }
        protection = Protection(objects: objects, refused: refused ?? 0, error: error, isComplete: isComplete ?? false)
    }

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
