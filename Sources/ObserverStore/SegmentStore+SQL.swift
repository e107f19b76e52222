package import ObserverCore
package import Postgres

extension SegmentStore {
    static let selection = """
        select id, camera_id, stream, epoch, run, sequence, recorder, spool_id, started_at, object_key, \
        codecs, width, height, has_audio, bytes, encode(sha256, 'hex'), init_bytes, encode(init_sha256, 'hex'), \
        media_start_90k, media_duration_90k, frames, end_reason, duration_ms, flags, \
        state, tries, error, etag, stored_at, created_at, destinations from segments
        """

    /// The condition for segments that retention has not decided to delete; it implies that of the index `segments_stream`.
    static let alive = "state <> 'expired' and state <> 'expiring'"
    /// The condition for all others.
    static let expired = "state in ('expired', 'expiring')"
    /// The condition for segments that can be played.
    static let playable = "\(alive) and state <> 'lost'"

    /// The bounds of identifiers within which everything lies that overlaps a stretch of time.
    ///
    /// A segment is no longer than 61 minutes, and its identifier is less than an hour from its start (``SegmentLimits``). All
    /// partitions of other times are left out.
    static let before = "interval '121 minutes'"
    static let after = "interval '1 hour'"

    /// The text and values of ``list(_:)``.
    package static func statement(_ query: Query) -> SQL {
        var sql = SQL.StringInterpolation(literalCapacity: 900, interpolationCount: 8)
        sql.appendLiteral(selection)
        sql.appendLiteral(" where \(query.isExpired ? expired : alive) and camera_id = ")
        sql.appendInterpolation(query.camera)
        sql.appendLiteral(" and stream = ")
        sql.appendInterpolation(query.stream)
        if let from = query.from {
            sql.appendLiteral(" and id >= segment_id_at(")
            sql.appendInterpolation(from)
            sql.appendLiteral("::timestamptz - \(before)) and started_at + duration_ms * interval '1 ms' > ")
            sql.appendInterpolation(from)
        }
        if let to = query.to {
            sql.appendLiteral(" and id < segment_id_at(")
            sql.appendInterpolation(to)
            sql.appendLiteral("::timestamptz + \(after)) and started_at < ")
            sql.appendInterpolation(to)
        }
        if let after = query.after {
            sql.appendLiteral(" and id \(query.isNewestFirst ? "<" : ">") ")
            sql.appendInterpolation(after)
        }
        sql.appendLiteral(" order by id \(query.isNewestFirst ? "desc" : "asc") limit ")
        sql.appendInterpolation(query.limit)
        return SQL(stringInterpolation: sql)
    }

    /// The text and values of ``newest(of:_:)``.
    package static func newestStatement(of camera: CameraID, _ kind: StreamKind) -> SQL {
        """
        \(unsafe: selection)
        where camera_id = \(camera) and stream = \(kind) and \(unsafe: playable)
        order by id desc limit 1
        """
    }

    // MARK: Writing

    /// The states that a state may take the place of.
    private static let forward = """
        (excluded.state = 'stored' and s.state in ('spooled', 'failed', 'lost'))
        or (excluded.state = 'stored' and s.state = 'stored' and excluded.destinations & ~s.destinations <> 0)
        or (excluded.state = 'failed' and s.state in ('spooled', 'failed'))
        or (excluded.state = 'lost' and s.state in ('spooled', 'failed'))
        or (excluded.state = 'expired' and s.state in ('spooled', 'failed', 'stored', 'expiring'))
        """

    /// Where the object is, after a write: it stays where it was, and is nowhere before it is stored.
    private static let destinations = """
        case when excluded.state <> 'stored' then s.destinations
            when s.state = 'stored' then s.destinations | excluded.destinations
            else excluded.destinations end
        """

    /// The states in which there is something to play.
    private static let counted = "('spooled', 'stored', 'failed')"

    /// Writes rows and the sums that follow from them.
    ///
    /// An update keeps the state before it in the row, so that what is returned tells under the lock of the row what a
    /// statement has changed: `counted` is 1 for a segment that came, -1 for one that went and 0 for one that was there
    /// before, however often and in whatever order its states are written. Rows are locked by identifier, then hours in
    /// order, then backlogs in order, so that two writers never wait for each other in a circle.
    ///
    /// A spooled segment that has a row is left out before it locks that row.
    static func writeStatement(_ outcomes: [Outcome]) -> SQL {
        let headers = outcomes.map(\.segment.header)
        let media = outcomes.map(\.segment.media)
        let ends = outcomes.map(\.segment.end)
        return """
            with written as (
                insert into segments as s (\(unsafe: columns))
                select n.id, n.camera_id, n.stream, n.epoch, n.run, n.sequence, n.spool_id, n.recorder, n.started_at,
                    n.duration_ms, n.bytes, decode(n.sha256, 'hex'), n.init_bytes, decode(n.init_sha256, 'hex'),
                    n.media_start_90k, n.media_duration_90k, n.frames, n.codecs, n.width, n.height, n.has_audio,
                    n.end_reason, string_to_array(n.flags, ','), n.object_key, n.state, n.tries, n.error, n.etag,
                    case when n.state = 'stored' then coalesce(n.stored_at, now()) end, n.destinations
                from unnest(\(headers.map(\.id)), \(headers.map(\.cameraID)), \(headers.map(\.stream.kind)),
                    \(headers.map(\.epoch)), \(headers.map(\.run)), \(headers.map(\.sequence)),
                    \(headers.map(\.origin.spoolID)), \(headers.map { $0.origin.recorder.limited(to: 63) }),
                    \(headers.map(\.startedAt)), \(ends.map(\.durationMilliseconds)), \(media.map(\.bytes)),
                    \(media.map(\.sha256)), \(media.map(\.initBytes)), \(media.map(\.initSHA256)),
                    \(media.map(\.start90k)), \(media.map(\.duration90k)), \(media.map(\.frames)),
                    \(media.map { $0.codecs.limited(to: 128) }), \(media.map(\.width)), \(media.map(\.height)),
                    \(media.map(\.hasAudio)), \(ends.map(\.reason.rawValue)),
                    \(ends.map { SegmentFlag.names($0.flags).joined(separator: ",") }), \(headers.map(\.objectKey)),
                    \(outcomes.map(\.state.rawValue)), \(outcomes.map { Int16(clamping: $0.tries) }),
                    \(outcomes.map { $0.error?.limited(to: 1000) }), \(outcomes.map { $0.etag?.limited(to: 128) }),
                    \(outcomes.map(\.storedAt)), \(outcomes.map(\.destinations))) as n (\(unsafe: columns))
                where n.state <> 'spooled' or (select p.state from segments p where p.id = n.id) is null
                order by n.id
                on conflict (id) do update set state = excluded.state, previous_state = s.state,
                    tries = greatest(s.tries, excluded.tries), error = excluded.error,
                    etag = coalesce(excluded.etag, s.etag), stored_at = coalesce(s.stored_at, excluded.stored_at),
                    destinations = \(unsafe: destinations),
                    -- A further copy is put under holds as well.
                    legal_hold = case when s.state <> 'stored' then s.legal_hold end
                where \(unsafe: forward)
                returning s.id, s.camera_id, s.stream, s.started_at, s.duration_ms, s.bytes, s.state, s.previous_state,
                    s.created_at
            ), \(unsafe: sums)
            select w.id, w.state from written w, (select count(*) from waiting) done
            """
    }

    static let columns = """
        id, camera_id, stream, epoch, run, sequence, spool_id, recorder, started_at, duration_ms, bytes, sha256, init_bytes, \
        init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height, has_audio, end_reason, flags, \
        object_key, state, tries, error, etag, stored_at, destinations
        """

    /// Adds what has changed to `camera_hours`, `camera_backlog` and `catalogue_hours`.
    ///
    /// A segment across a full hour is split there. Its bytes go with its time, each part up to a point less the part up to
    /// the point before, so that the parts are the whole and what was added once is exactly what is taken away again.
    ///
    /// The cover of an hour is a union, from which nothing can be taken that others may have as well: where a segment
    /// goes, `counted_ms` is no longer `covered_ms`, until ``HourStore`` has made the union anew.
    ///
    /// It follows a query `written` that returns the columns named here, each row after its change.
    static let sums = """
        changed as (
            select *, (state in \(counted))::int - coalesce((previous_state in \(counted))::int, 0) as counted,
                (state = 'spooled')::int - coalesce((previous_state = 'spooled')::int, 0) as waiting
            from written
        ), parts as (
            select camera_id, stream, counted, hour, upto - since as ms,
                case when duration_ms = 0 then bytes
                    else bytes * upto / duration_ms - bytes * since / duration_ms end as bytes,
                (hour <= started_at)::int as beginnings, created_at, segment_cover(started_at, duration_ms, hour) as cover
            from changed cross join lateral generate_series(
                date_trunc('hour', started_at, 'UTC'),
                greatest(started_at, started_at + (duration_ms - 1) * interval '1 ms'), interval '1 hour') hour
            cross join lateral (
                select greatest(0, floor(1000 * extract(epoch from hour - started_at))::bigint) as since,
                    least(duration_ms, floor(1000 * extract(epoch from hour + interval '1 hour' - started_at))::bigint) as upto
            ) part
            where counted <> 0
        ), summed as (
            insert into camera_hours as h
                (camera_id, stream, hour, covered_ms, bytes, segments, entered_at, covered, counted_ms)
            select camera_id, stream, hour, sum(counted * ms), sum(counted * bytes), sum(counted * beginnings),
                max(created_at) filter (where counted * beginnings > 0),
                coalesce(range_agg(cover) filter (where counted > 0), '{}'),
                case when bool_or(counted < 0) then -1 else sum(counted * ms) end
            from parts group by camera_id, stream, hour order by camera_id, stream, hour
            on conflict (camera_id, stream, hour) do update set covered_ms = h.covered_ms + excluded.covered_ms,
                bytes = h.bytes + excluded.bytes, segments = h.segments + excluded.segments,
                entered_at = greatest(h.entered_at, excluded.entered_at),
                covered = case when h.covered_ms + excluded.covered_ms = 0 then '{}' else h.covered + excluded.covered end,
                counted_ms = case when excluded.counted_ms >= 0 then h.counted_ms + excluded.counted_ms
                    when h.covered_ms + excluded.covered_ms = 0 then 0 else -1 end
            returning 1
        ), waiting as (
            insert into camera_backlog as b (camera_id, stream, waiting_ms)
            select camera_id, stream, sum(waiting * duration_ms::bigint)
            from changed, (select count(*) from summed) hours_first
            where waiting <> 0 group by camera_id, stream order by camera_id, stream
            on conflict (camera_id, stream) do update set waiting_ms = b.waiting_ms + excluded.waiting_ms
            returning 1
        ), \(CatalogueMarks.segments(of: "written, (select count(*) from waiting) backlogs_first"))
        """
}

extension SegmentRecord {
    init(reading row: inout PostgresRow) throws(PostgresError) {
        segment = Segment(
            header: try SegmentHeader(reading: &row),
            media: try SegmentMedia(reading: &row),
            end: try SegmentEnd(reading: &row)
        )
        state = try row.next()
        tries = try row.next()
        error = try row.next()
        etag = try row.next()
        storedAt = try row.next()
        createdAt = try row.next()
        destinations = try row.next()
    }
}

extension SegmentHeader {
    fileprivate init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.next(),
            stream: StreamID(try row.next(), try row.next()),
            epoch: try row.next(),
            run: try row.next(),
            sequence: try row.next(),
            origin: SegmentOrigin(recorder: try row.next(), spoolID: try row.next()),
            startedAt: try row.next(),
            objectKey: try row.next()
        )
    }
}

extension SegmentMedia {
    fileprivate init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            codecs: try row.next(),
            width: try row.next(),
            height: try row.next(),
            hasAudio: try row.next()
        )
        bytes = try row.next()
        sha256 = try row.next()
        initBytes = try row.next()
        initSHA256 = try row.next()
        start90k = try row.next()
        duration90k = try row.next()
        frames = try row.next()
    }
}

extension SegmentEnd {
    fileprivate init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            try row.next(),
            durationMilliseconds: try row.next(),
            flags: SegmentFlag.set(try row.next() as [String])
        )
    }
}
