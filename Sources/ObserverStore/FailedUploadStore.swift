package import ObserverCore
package import Postgres

/// Failed uploads: their list, and the wish that they be tried anew.
package struct FailedUploadStore {
    private let connection: PostgresConnection

    /// The wishes that one call writes, at most.
    package static let mostRetries = 100_000

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// A failed upload.
    package struct Entry: Hashable, Sendable {
        package var record: SegmentRecord
        /// When somebody asked for a new try that has not begun yet.
        package var retryAskedAt: Timestamp?

        package init(record: SegmentRecord, retryAskedAt: Timestamp?) {
            self.record = record
            self.retryAskedAt = retryAskedAt
        }
    }

    /// The failed uploads, newest first.
    ///
    /// - Parameters:
    ///   - camera: Of one camera alone.
    ///   - after: Only those that follow this one: the last of the page before.
    ///   - limit: The most of them.
    /// - Returns: The failed uploads of the page.
    /// - Throws: The error that the database reports.
    package func list(
        camera: CameraID? = nil,
        after: SegmentID? = nil,
        limit: Int = SegmentStore.Query.longestPage
    ) throws(PostgresError) -> [Entry] {
        let statement: SQL = """
            \(unsafe: SegmentStore.selection)
            where state = 'failed' and (\(camera)::bigint is null or camera_id = \(camera))
                and (\(after)::uuid is null or id < \(after)) order by id desc limit \(limit)
            """
        let records = try connection.query(statement) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
        let ids = records.map(\.segment.id)
        let asked = try connection.rows(
            "select segment_id, asked_at from upload_retries where segment_id = any(\(ids))",
            as: (SegmentID, Timestamp).self
        )
        let times = Dictionary(asked) { first, _ in first }
        return records.map { Entry(record: $0, retryAskedAt: times[$0.segment.id]) }
    }

    /// How many there are, by camera.
    package func counts() throws(PostgresError) -> [CameraID: Int64] {
        let rows = try connection.rows(
            "select camera_id, count(*) from segments where state = 'failed' group by camera_id",
            as: (CameraID, Int64).self
        )
        return Dictionary(rows) { first, _ in first }
    }

    /// The names of cameras, also of deleted ones.
    package func names(of cameras: some Collection<CameraID>) throws(PostgresError) -> [CameraID: String] {
        let rows = try connection.rows(
            "select id, name from cameras where id = any(\(Array(cameras)))",
            as: (CameraID, String).self
        )
        return Dictionary(rows) { first, _ in first }
    }

    /// The number of them.
    package func count() throws(PostgresError) -> Int64 {
        try connection.rows("select count(*) from segments where state = 'failed'", as: (Int64).self).first ?? 0
    }

    /// Asks the uploader of a segment to try it anew; one that is not failed is left alone.
    ///
    /// - Returns: The spool whose uploader is to be told; nil if the segment is not failed.
    /// - Throws: The error that the database reports.
    package func retry(_ id: SegmentID, by actor: Actor) throws(PostgresError) -> SpoolID? {
        let statement: SQL = """
            insert into upload_retries (segment_id, spool_id, actor)
            select id, spool_id, \(actor.description.limited(to: 80)) from segments where id = \(id) and state = 'failed'
            on conflict (segment_id) do update set actor = excluded.actor, asked_at = now()
            returning spool_id
            """
        return try connection.rows(statement, as: (SpoolID).self).first
    }

    /// Asks for all failed uploads to be tried anew, or for those of a camera; the newest ones, where there are very many.
    ///
    /// - Returns: How many there are in each spool.
    /// - Throws: The error that the database reports.
    package func retryAll(of camera: CameraID? = nil, by actor: Actor) throws(PostgresError) -> [SpoolID: Int64] {
        let statement: SQL = """
            with asked as (
                insert into upload_retries (segment_id, spool_id, actor)
                select id, spool_id, \(actor.description.limited(to: 80)) from segments
                where state = 'failed' and (\(camera)::bigint is null or camera_id = \(camera))
                order by id desc limit \(Self.mostRetries)
                on conflict (segment_id) do update set actor = excluded.actor, asked_at = now()
                returning spool_id
            )
            select spool_id, count(*) from asked group by spool_id
            """
        return Dictionary(try connection.rows(statement, as: (SpoolID, Int64).self)) { first, _ in first }
    }

    /// Takes the wishes about a spool, which are thereby fulfilled: whoever takes them tries the segments at once, and a start
    /// tries everything.
    ///
    /// - Parameters:
    ///   - spool: The spool.
    ///   - limit: The most of them.
    /// - Returns: The segments.
    /// - Throws: The error that the database reports.
    package func takeRetries(of spool: SpoolID, limit: Int = 1000) throws(PostgresError) -> [SegmentID] {
        let statement: SQL = """
            delete from upload_retries where segment_id in (
                select segment_id from upload_retries where spool_id = \(spool) order by segment_id desc limit \(limit)
                for update skip locked
            ) returning segment_id
            """
        return try connection.rows(statement, as: (SegmentID).self)
    }
}
