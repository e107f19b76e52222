import ObserverCore
import Postgres

extension SegmentStore {
    static let selection = """
        select id, camera_id, stream, epoch, run, sequence, recorder, spool_id, started_at, object_key, \
        codecs, width, height, has_audio, bytes, encode(sha256, 'hex'), init_bytes, encode(init_sha256, 'hex'), \
        media_start_90k, media_duration_90k, frames, end_reason, duration_ms, flags, \
        state, tries, error, etag, stored_at, created_at from segments
        """

    /// No segment is longer than this (5 minutes, and what a camera takes to send its next key frame), which lets the
    /// index on the start answer what overlaps a stretch of time.
    private static let longestSegment = "interval '1 hour'"

    static func statement(_ query: Query) -> SQL {
        var sql = SQL.StringInterpolation(literalCapacity: 800, interpolationCount: 6)
        sql.appendLiteral(selection)
        sql.appendLiteral(" where camera_id = ")
        sql.appendInterpolation(query.camera)
        if let from = query.from {
            sql.appendLiteral(" and started_at > ")
            sql.appendInterpolation(from)
            sql.appendLiteral("::timestamptz - \(longestSegment) and started_at + duration_ms * interval '1 ms' > ")
            sql.appendInterpolation(from)
        }
        if let to = query.to {
            sql.appendLiteral(" and started_at < ")
            sql.appendInterpolation(to)
        }
        if let after = query.after {
            sql.appendLiteral(
                " and (started_at, id) \(query.isNewestFirst ? "<" : ">") (select started_at, id from segments where id = "
            )
            sql.appendInterpolation(after)
            sql.appendLiteral(")")
        }
        let direction = query.isNewestFirst ? "desc" : "asc"
        sql.appendLiteral(" order by started_at \(direction), id \(direction) limit ")
        sql.appendInterpolation(query.limit)
        return SQL(stringInterpolation: sql)
    }

    /// The states that a state may take the place of.
    private static let forward = """
        (excluded.state = 'stored' and segments.state in ('spooled', 'failed'))
        or (excluded.state = 'failed' and segments.state in ('spooled', 'failed'))
        or (excluded.state = 'lost' and segments.state in ('spooled', 'failed'))
        or (excluded.state = 'expired' and segments.state in ('spooled', 'failed', 'stored'))
        """

    static func writeStatement(_ outcomes: [Outcome]) -> SQL {
        let headers = outcomes.map(\.segment.header)
        let media = outcomes.map(\.segment.media)
        let ends = outcomes.map(\.segment.end)
        return """
            insert into segments (id, camera_id, stream, epoch, run, sequence, spool_id, recorder, started_at, duration_ms, bytes,
                sha256, init_bytes, init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height,
                has_audio, end_reason, flags, object_key, state, tries, error, etag, stored_at)
            select n.id, n.camera_id, n.stream, n.epoch, n.run, n.sequence, n.spool_id, n.recorder, n.started_at, n.duration_ms, n.bytes,
                decode(n.sha256, 'hex'), n.init_bytes, decode(n.init_sha256, 'hex'), n.media_start_90k,
                n.media_duration_90k, n.frames, n.codecs, n.width, n.height, n.has_audio, n.end_reason,
                string_to_array(n.flags, ','), n.object_key, n.state, n.tries, n.error, n.etag,
                case when n.state = 'stored' then coalesce(n.stored_at, now()) end
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
                \(outcomes.map(\.storedAt)))
            as n (id, camera_id, stream, epoch, run, sequence, spool_id, recorder, started_at, duration_ms, bytes, sha256, init_bytes,
                init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height, has_audio, end_reason,
                flags, object_key, state, tries, error, etag, stored_at)
            on conflict (id) do update set state = excluded.state, tries = greatest(segments.tries, excluded.tries),
                error = excluded.error, etag = coalesce(excluded.etag, segments.etag),
                stored_at = coalesce(segments.stored_at, excluded.stored_at)
            where \(unsafe: forward)
            """
    }
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
