package import ObserverCore
package import Postgres

/// Recorders and their cameras.
///
/// A recorder is current while the row of its id has its incarnation. An assignment to anything else is an orphan, and any
/// current recorder may claim it; each claim raises the camera's epoch. No clock decides: a silent recorder is made obsolete
/// only by a compare-and-swap of one that has watched its heartbeat (``fence(_:incarnation:heartbeat:)``).
package struct RecorderStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Being a recorder

    /// Registers a recorder that starts, and orphans whatever an earlier life of it had.
    ///
    /// - Parameters:
    ///   - id: Its name, `[a-z0-9.-]{1,63}`.
    ///   - spool: Identity of its spool.
    ///   - version: Of the program.
    /// - Returns: Its incarnation.
    /// - Throws: The error that the database reports.
    package func register(
        _ id: String,
        spool: SpoolID,
        version: String
    ) throws(PostgresError) -> Int64 {
        let statement: SQL = """
            insert into recorders (id, spool_id, version)
            values (\(id), \(spool), \(version.limited(to: 64)))
            on conflict (id) do update set incarnation = recorders.incarnation + 1, heartbeat = 0, heartbeat_at = now(),
                spool_id = excluded.spool_id, version = excluded.version, draining = false, fenced = false,
                started_at = now()
            returning incarnation
            """
        guard let incarnation = try connection.rows(statement, as: (Int64).self).first else {
            throw PostgresError(.decoding)
        }
        return incarnation
    }

    /// Raises the heartbeat of a recorder.
    ///
    /// - Returns: False when it was fenced: it has to stop all recorders and register again.
    package func heartbeat(_ id: String, incarnation: Int64) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update recorders set heartbeat = heartbeat + 1, heartbeat_at = now()
            where id = \(id) and incarnation = \(incarnation) and not fenced
            """
        return try connection.execute(statement) == 1
    }

    /// Gives up all cameras of a recorder that ends in order, so that another can have them at once.
    package func release(_ id: String, incarnation: Int64) throws(PostgresError) {
        let statement: SQL = """
            with leaving as (
                update recorders set draining = true where id = \(id) and incarnation = \(incarnation) returning id
            )
            update assignments set recorder_id = null, incarnation = null, since = now()
            where recorder_id = (select id from leaving) and incarnation = \(incarnation)
            """
        try connection.execute(statement)
    }

    // MARK: Cameras

    /// A camera that a recorder got.
    package struct Claim: Hashable, Sendable {
        package var cameraID: CameraID
        package var epoch: Int64

        package init(cameraID: CameraID, epoch: Int64) {
            self.cameraID = cameraID
            self.epoch = epoch
        }
    }

    /// Takes orphans, those of the highest priority first.
    ///
    /// Several recorders may claim at once: each passes over rows that another is just claiming, and the epoch is compared
    /// when the assignment is written, so that a camera claimed since this statement began is not taken from its owner.
    ///
    /// - Returns: The claims; empty when the recorder is not current.
    package func claimOrphans(
        for recorder: String,
        incarnation: Int64,
        limit: Int = 8
    ) throws(PostgresError) -> [Claim] {
        let statement: SQL = """
            with free as (
                select c.id, coalesce(a.epoch, 0) as epoch
                from cameras c
                left join assignments a on a.camera_id = c.id
                left join recorders w on w.id = a.recorder_id and w.incarnation = a.incarnation and not w.fenced
                where c.deleted_at is null and w.id is null and exists (
                    select from recorders
                    where id = \(recorder) and incarnation = \(incarnation) and not fenced and not draining)
                order by c.priority desc, c.id
                limit \(limit)
                for no key update of c skip locked
            )
            insert into assignments (camera_id, recorder_id, incarnation, epoch, since)
            select id, \(recorder), \(incarnation), epoch + 1, now() from free
            on conflict (camera_id) do update
            set recorder_id = excluded.recorder_id, incarnation = excluded.incarnation, epoch = excluded.epoch, since = now()
            where assignments.epoch = excluded.epoch - 1
            returning camera_id, epoch
            """
        return try connection.query(statement) { row throws(PostgresError) in
            Claim(cameraID: try row.next(), epoch: try row.next())
        }
    }

    /// A camera as its recorder needs it.
    package struct AssignedCamera: Hashable, Sendable {
        /// `camera.isActive` is the switch; `camera.version` tells whether a running recorder is outdated.
        package var camera: Camera
        /// Seal of Crypto, associated data `camera:<id>:password`.
        package var sealedPassword: [UInt8]?
        package var epoch: Int64
        /// Gone for people, to be stopped; such a camera is listed for an hour more.
        package var isDeleted: Bool

        package init(camera: Camera, sealedPassword: [UInt8]?, epoch: Int64, isDeleted: Bool) {
            self.camera = camera
            self.sealedPassword = sealedPassword
            self.epoch = epoch
            self.isDeleted = isDeleted
        }
    }

    /// The cameras of a recorder, by number.
    package func assignedCameras(to recorder: String, incarnation: Int64) throws(PostgresError) -> [AssignedCamera] {
        let statement: SQL = """
            select \(unsafe: Camera.columns), c.password_sealed, a.epoch, c.deleted_at is not null
            from assignments a join cameras c on c.id = a.camera_id
            where a.recorder_id = \(recorder) and a.incarnation = \(incarnation)
                and (c.deleted_at is null or c.deleted_at > now() - interval '1 hour')
            order by c.id
            """
        return try connection.query(statement) { row throws(PostgresError) in
            AssignedCamera(
                camera: try Camera(reading: &row),
                sealedPassword: try row.next(),
                epoch: try row.next(),
                isDeleted: try row.next()
            )
        }
    }

    // MARK: Watching others

    /// All recorders, by name.
    package func list() throws(PostgresError) -> [RecorderListing] {
        try connection.query(RecorderListing.statement) { row throws(PostgresError) in
            try RecorderListing(reading: &row)
        }
    }

    /// Fences a recorder whose heartbeat has not changed for too long by the caller's own monotonic clock.
    ///
    /// - Returns: True if it was; false when it has beaten or started again in the meantime.
    package func fence(_ id: String, incarnation: Int64, heartbeat: Int64) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update recorders set incarnation = incarnation + 1, fenced = true
            where id = \(id) and incarnation = \(incarnation) and heartbeat = \(heartbeat)
            """
        return try connection.execute(statement) == 1
    }
}
