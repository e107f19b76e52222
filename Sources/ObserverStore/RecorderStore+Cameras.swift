package import ObserverCore
package import Postgres

extension RecorderStore {
    /// A camera that a recorder got.
    package struct Claim: Hashable, Sendable {
        package var cameraID: CameraID
        package var epoch: Int64
        /// The recorder that ends in order and goes on with the camera until this one records; nil for an orphan.
        package var predecessor: String?

        package init(cameraID: CameraID, epoch: Int64, predecessor: String? = nil) {
            self.cameraID = cameraID
            self.epoch = epoch
            self.predecessor = predecessor
        }
    }

    /// Takes orphans, those of the highest priority first.
    ///
    /// Several recorders may claim at once: each passes over rows that another is just claiming, and the epoch is compared
    /// when the assignment is written, so that a camera claimed since this statement began is not taken from its owner.
    ///
    /// - Returns: The claims; empty when the recorder is not current, or is ending itself.
    package func claimOrphans(
        for recorder: String,
        incarnation: Int64,
        limit: Int = 8
    ) throws(PostgresError) -> [Claim] {
        let statement: SQL = """
            with free as (
                select c.id, coalesce(a.epoch, 0) as epoch, w.id as predecessor
                from cameras c
                left join assignments a on a.camera_id = c.id
                left join recorders w on w.id = a.recorder_id and w.incarnation = a.incarnation and not w.fenced
                where c.deleted_at is null and (w.id is null or w.draining) and exists (
                    select from recorders
                    where id = \(recorder) and incarnation = \(incarnation) and not fenced and not draining)
                order by c.priority desc, c.id
                limit \(limit)
                for no key update of c skip locked
            ), taken as (
                insert into assignments (camera_id, recorder_id, incarnation, epoch, since)
                select id, \(recorder), \(incarnation), epoch + 1, now() from free
                on conflict (camera_id) do update set recorder_id = excluded.recorder_id,
                    incarnation = excluded.incarnation, epoch = excluded.epoch, since = now()
                where assignments.epoch = excluded.epoch - 1
                returning camera_id, epoch
            )
            select t.camera_id, t.epoch, f.predecessor from taken t join free f on f.id = t.camera_id
            """
        return try connection.query(statement) { row throws(PostgresError) in
            Claim(cameraID: try row.next(), epoch: try row.next(), predecessor: try row.next())
        }
    }

    /// Gives a camera to another recorder that is current and stays.
    ///
    /// - Parameters:
    ///   - camera: The camera.
    ///   - owner: The caller, by name and incarnation.
    ///   - successor: The recorder that gets it, as it was seen last.
    /// - Returns: False if the camera is not the caller's any more, or the successor not what it was.
    /// - Throws: The error that the database reports.
    package func handOver(
        _ camera: CameraID,
        from owner: (id: String, incarnation: Int64),
        to successor: (id: String, incarnation: Int64)
    ) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update assignments set recorder_id = \(successor.id), incarnation = \(successor.incarnation), epoch = epoch + 1,
                since = now()
            where camera_id = \(camera) and recorder_id = \(owner.id) and incarnation = \(owner.incarnation) and exists (
                select from recorders
                where id = \(successor.id) and incarnation = \(successor.incarnation) and not fenced and not draining)
            """
        return try connection.execute(statement) == 1
    }

    /// Returns those of these cameras that another recorder has and has reported on: it records them, or cannot.
    package func taken(_ cameras: [CameraID], from recorder: String) throws(PostgresError) -> Set<CameraID> {
        let statement: SQL = """
            select a.camera_id from assignments a join recorders w on w.id = a.recorder_id and w.incarnation = a.incarnation
            join camera_status s on s.camera_id = a.camera_id and s.stream = 0 and s.epoch = a.epoch
            where a.camera_id = any(\(cameras)) and w.id <> \(recorder) and not w.fenced
                and s.state in ('recording', 'retrying', 'off')
            """
        return Set(try connection.rows(statement, as: (CameraID).self))
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
}
