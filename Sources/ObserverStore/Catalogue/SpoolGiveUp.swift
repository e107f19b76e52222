package import ObserverCore
package import Postgres

/// The end of hope for the files of a spool whose disk is gone.
package struct SpoolGiveUp {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The last sign of life of whoever uses a spool, in seconds ago; nil when there is none.
    package func secondsSinceSign(of spool: SpoolID) throws(PostgresError) -> Int64? {
        try connection.rows(
            """
            select extract(epoch from now() - max(at))::bigint from (
                select heartbeat_at as at from recorders where spool_id = \(spool)
                union all select reported_at from uploaders where spool_id = \(spool)) signs
            """,
            as: (Int64?).self
        ).first ?? nil
    }

    /// The streams that have something on its way.
    package func waitingStreams() throws(PostgresError) -> [StreamID] {
        let statement: SQL = """
            select camera_id, stream from camera_backlog where waiting_ms > 0
            union select camera_id, stream from segments where state = 'failed' order by 1, 2
            """
        return try connection.rows(statement, as: (CameraID, StreamKind).self, within: .seconds(30)).map {
            StreamID($0.0, $0.1)
        }
    }

    /// The next segments of a stream that only this spool has.
    package func segments(
        of stream: StreamID,
        in spool: SpoolID,
        after cursor: SegmentID?,
        limit: Int = 1000
    ) throws(PostgresError) -> [SegmentRecord] {
        let statement: SQL = """
            \(unsafe: SegmentStore.selection)
            where camera_id = \(stream.camera) and stream = \(stream.kind) and state in ('spooled', 'failed')
                and spool_id = \(spool) and id > coalesce(\(cursor), '00000000-0000-0000-0000-000000000000')
            order by id limit \(limit)
            """
        return try connection.patiently { () throws(PostgresError) in
            try connection.query(statement, within: .seconds(60)) { row throws(PostgresError) in
                try SegmentRecord(reading: &row)
            }
        }
    }
}

extension SpoolGiveUp {
    /// A spool that rows wait for.
    package struct Waiting: Hashable, Sendable {
        package var id: SpoolID
        /// The recorder that wrote the newest of them.
        package var recorder: String
        package var segments: Int64
        package var bytes: Int64
        /// The seconds since somebody used it; nil: nobody is known.
        package var secondsSinceSign: Int64?
    }

    /// The spools that rows wait for, those with the most segments first.
    package func spools() throws(PostgresError) -> [Waiting] {
        var found: [SpoolID: Waiting] = [:]
        for stream in try waitingStreams() {
            let statement: SQL = """
                select spool_id, max(recorder), count(*), sum(bytes)::bigint from segments
                where camera_id = \(stream.camera) and stream = \(stream.kind) and state in ('spooled', 'failed')
                group by spool_id
                """
            let rows = try connection.rows(statement, as: (SpoolID, String, Int64, Int64).self, within: .seconds(30))
            for (id, recorder, segments, bytes) in rows {
                var waiting = found[id] ?? Waiting(id: id, recorder: recorder, segments: 0, bytes: 0)
                waiting.segments += segments
                waiting.bytes += bytes
                found[id] = waiting
            }
        }
        for id in found.keys { found[id]?.secondsSinceSign = try secondsSinceSign(of: id) }
        return found.values.sorted { ($0.segments, $0.id) > ($1.segments, $1.id) }
    }

    /// Gives up all that only this spool has, in batches, and keeps that it was done.
    ///
    /// - Parameters:
    ///   - spool: The identity of the spool.
    ///   - reason: The error of the rows from then on.
    ///   - actor: The originator.
    ///   - progress: Called after each batch with the number so far.
    /// - Returns: The number of segments.
    /// - Throws: The error that the database reports; calling again goes on.
    package func giveUp(
        _ spool: SpoolID,
        reason: String,
        by actor: String,
        progress: (Int) -> Void = { _ in }
    ) throws(PostgresError) -> Int {
        let runs = CatalogueRunStore(connection)
        var run = try runs.begin(.giveUp, by: actor, reason: reason)
        run.place = spool.description
        let store = CatalogueImport(connection)
        var count = 0
        for stream in try waitingStreams() {
            var cursor: SegmentID?
            while true {
                let batch = try segments(of: stream, in: spool, after: cursor, limit: CatalogueImport.mostInBatch)
                guard let last = batch.last else { break }
                cursor = last.segment.id
                let lost = try store.markLost(
                    batch.map(\.segment.id),
                    from: [.spooled, .failed],
                    reason: "the disk of its spool was given up: \(reason)"
                )
                count += lost
                run.report.add("segments_lost", lost)
                try runs.save(run)
                progress(count)
            }
        }
        try runs.save(run, isEnd: true)
        return count
    }
}
