package import ObserverCore
package import Postgres

/// The stretches of time that were not recorded.
///
/// A stream has at most one open gap. What is written carries the epoch of the assignment under which it was reported, and
/// an older one never touches what a newer one has opened or closed.
package struct GapStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Writing

    /// Applies a change; one that was applied before changes nothing.
    ///
    /// - Returns: True if a row was changed.
    /// - Throws: The error that the database reports.
    @discardableResult
    package func apply(_ change: GapChange, recorder: String) throws(PostgresError) -> Bool {
        switch change {
        case .open(let gap): try open(gap, recorder: recorder)
        case .close(let gap): try close(gap, recorder: recorder)
        case .remove(let stream, let epoch, let start): try remove(stream, epoch: epoch, startedAt: start)
        }
    }

    /// Opens a gap.
    ///
    /// One that is open already stays as it is, and belongs to this epoch from then on. Nothing is opened when the camera
    /// has another recorder by now.
    private func open(_ gap: Gap, recorder: String) throws(PostgresError) -> Bool {
        let (camera, kind) = (gap.stream.camera, gap.stream.kind)
        let statement: SQL = """
            with adopted as (
                update gaps set epoch = \(gap.epoch)
                where camera_id = \(camera) and stream = \(kind) and ended_at is null and epoch < \(gap.epoch)
                returning camera_id, stream, started_at
            ), opened as (
                insert into gaps (camera_id, stream, epoch, started_at, cause, detail, recorder)
                select \(camera), \(kind), \(gap.epoch), \(gap.startedAt), \(gap.cause), \(gap.detail?.limited(to: 1000)),
                    \(recorder.limited(to: 63))
                where not exists (select from assignments where camera_id = \(camera) and epoch > \(gap.epoch))
                on conflict do nothing
                returning camera_id, stream, started_at
            ), changed as (
                select * from adopted union all select * from opened
            ), \(unsafe: CatalogueMarks.gaps(of: "changed"))
            select count(*) from opened
            """
        return try connection.rows(statement, as: (Int).self).first ?? 0 > 0
    }

    /// Closes a gap, which may have been opened before, and adds it to the sums of its hours.
    ///
    /// It is history: it counts whoever has the camera by now, unless a row covers its time already. A gap that is open since
    /// before ends where this one begins, unless it is of a newer epoch: a recorder that began without the database did not
    /// know of it, and has accounted for all that came after.
    private func close(_ gap: Gap, recorder: String) throws(PostgresError) -> Bool {
        guard let end = gap.endedAt, gap.startedAt < end else { return false }
        let (camera, kind) = (gap.stream.camera, gap.stream.kind)
        let statement: SQL = """
            with ended as (
                update gaps set ended_at = \(gap.startedAt), epoch = \(gap.epoch)
                where camera_id = \(camera) and stream = \(kind) and ended_at is null and started_at < \(gap.startedAt)
                    and epoch <= \(gap.epoch)
                returning camera_id, stream, started_at, ended_at
            ), closed as (
                insert into gaps as g (camera_id, stream, epoch, started_at, ended_at, cause, detail, recorder)
                select \(camera), \(kind), \(gap.epoch), \(gap.startedAt), \(end)::timestamptz, \(gap.cause),
                    \(gap.detail?.limited(to: 1000)), \(recorder.limited(to: 63))
                where not exists (
                    select from gaps where camera_id = \(camera) and stream = \(kind)
                        and started_at < \(gap.startedAt) and coalesce(ended_at, 'infinity') >= \(end)
                        and (ended_at is not null or epoch > \(gap.epoch)))
                on conflict (camera_id, stream, started_at) do update set ended_at = excluded.ended_at, epoch = excluded.epoch
                    where g.ended_at is null and g.epoch <= excluded.epoch
                returning camera_id, stream, started_at, ended_at
            ), changed as (
                select * from ended union all select * from closed
            ), \(unsafe: Self.hours(of: "changed")), summed as (
                insert into camera_hours as h (camera_id, stream, hour, gap_ms)
                select camera_id, stream, hour, sum(gap_ms) from parts group by camera_id, stream, hour
                order by camera_id, stream, hour
                on conflict (camera_id, stream, hour) do update set gap_ms = h.gap_ms + excluded.gap_ms
                returning 1
            ), \(unsafe: CatalogueMarks.gaps(of: "changed, (select count(*) from summed) hours_first"))
            select count(*) from closed
            """
        return try connection.rows(statement, as: (Int).self).first ?? 0 > 0
    }

    /// Removes the gap that began at a moment, and takes it out of the sums of its hours.
    private func remove(_ stream: StreamID, epoch: Int64, startedAt start: Timestamp) throws(PostgresError) -> Bool {
        let statement: SQL = """
            with removed as (
                delete from gaps
                where camera_id = \(stream.camera) and stream = \(stream.kind) and started_at = \(start)
                    and epoch <= \(epoch)
                returning camera_id, stream, started_at, ended_at
            ), \(unsafe: Self.hours(of: "removed")), summed as (
                update camera_hours h set gap_ms = greatest(h.gap_ms - p.gap_ms, 0)
                from parts p where (h.camera_id, h.stream, h.hour) = (p.camera_id, p.stream, p.hour)
                returning 1
            ), \(unsafe: CatalogueMarks.gaps(of: "removed, (select count(*) from summed) hours_first"))
            select count(*) from removed
            """
        return try connection.rows(statement, as: (Int).self).first ?? 0 > 0
    }

    /// The parts of rows by the hour.
    ///
    /// Of a gap that is longer than 400 days only the last ones are summed: it comes from a clock that was wrong.
    static func hours(of rows: String) -> String {
        """
        parts as (
            select camera_id, stream, hour, round(1000 * extract(epoch from
                least(ended_at, hour + interval '1 hour') - greatest(started_at, hour)))::bigint as gap_ms
            from \(rows) cross join lateral generate_series(
                date_trunc('hour', greatest(started_at, ended_at - interval '400 days'), 'UTC'),
                ended_at - interval '1 microsecond', interval '1 hour') hour
        )
        """
    }

    // MARK: Reading

    /// The number of gaps that are listed at once.
    package static let longestPage = 1000

    /// Returns the gaps of a stream that touch a stretch of time, oldest first, at most ``longestPage``.
    ///
    /// Those that began within it or in the hour before are found by their start, those that are longer by their end: however
    /// many there were before, they are not looked at.
    package func list(
        _ stream: StreamID,
        from start: Timestamp,
        to end: Timestamp
    ) throws(PostgresError) -> [Gap] {
        try connection.query(Self.statement(stream, from: start, to: end)) { row throws(PostgresError) in
            try Self.read(&row)
        }
    }

    static func read(_ row: inout PostgresRow) throws(PostgresError) -> Gap {
        Gap(
            stream: StreamID(try row.next(), try row.next()),
            epoch: try row.next(),
            startedAt: try row.next(),
            endedAt: try row.next(),
            cause: try row.next(),
            detail: try row.next()
        )
    }

    /// The newest gaps of a stream, newest first, at most eight.
    package func newest(_ stream: StreamID) throws(PostgresError) -> [Gap] {
        let statement: SQL = """
            select \(unsafe: Self.columns) from gaps g
            where g.camera_id = \(stream.camera) and g.stream = \(stream.kind) order by g.started_at desc limit 8
            """
        return try connection.query(statement) { row throws(PostgresError) in try Self.read(&row) }
    }

    /// The text and values of ``list(_:from:to:)``.
    package static func statement(_ stream: StreamID, from start: Timestamp, to end: Timestamp) -> SQL {
        statement(stream, from: start, to: end, columns, "limit \(longestPage)")
    }

    /// The start, end and cause of all gaps of a stream that touch a stretch of time, oldest first.
    static func allStatement(_ stream: StreamID, from start: Timestamp, to end: Timestamp) -> SQL {
        statement(stream, from: start, to: end, "g.started_at, g.ended_at, g.cause", "")
    }

    private static func statement(
        _ stream: StreamID,
        from start: Timestamp,
        to end: Timestamp,
        _ columns: String,
        _ limit: String
    ) -> SQL {
        """
        with wanted as (
            select \(stream.camera)::bigint as camera_id, \(stream.kind)::smallint as stream,
                \(start)::timestamptz as start, \(end)::timestamptz as finish
        )
        select \(unsafe: columns) from wanted w join gaps g using (camera_id, stream)
        where g.started_at > w.start - interval '1 hour' and g.started_at < w.finish
            and coalesce(g.ended_at, 'infinity') > w.start
        union all
        select \(unsafe: columns) from wanted w join gaps g using (camera_id, stream)
        where g.ended_at - g.started_at > interval '1 hour' and g.ended_at > w.start
            and g.started_at <= w.start - interval '1 hour' and g.started_at < w.finish
        union all
        select \(unsafe: columns) from wanted w join gaps g using (camera_id, stream)
        where g.ended_at is null and g.started_at <= w.start - interval '1 hour' and g.started_at < w.finish
        order by started_at \(unsafe: limit)
        """
    }

    static let columns = "g.camera_id, g.stream, g.epoch, g.started_at, g.ended_at, g.cause, g.detail"
}
