package import ObserverCore
package import Postgres

/// Rows that come back from the bucket.
///
/// All of it may be repeated. A row that is there is changed only where what comes is further: an object that is there makes a
/// segment `stored`, an end closes a gap, a higher version makes a camera another one.
package struct CatalogueImport {
    let connection: PostgresConnection

    /// The segments of one statement.
    package static let mostInBatch = 500

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// A segment to be entered.
    package struct Row: Hashable, Sendable {
        package var outcome: SegmentStore.Outcome
        /// When it was first entered; nil: now.
        package var createdAt: Timestamp?

        package init(_ outcome: SegmentStore.Outcome, createdAt: Timestamp?) {
            (self.outcome, self.createdAt) = (outcome, createdAt)
        }
    }

    /// The number of rows that came, and of those that changed.
    package struct Sum: Hashable, Sendable {
        package var added = 0
        package var changed = 0

        package static func + (left: Sum, right: Sum) -> Sum {
            var sum = left
            sum.added += right.added
            sum.changed += right.changed
            return sum
        }
    }

    // MARK: Segments

    /// Enters segments, and the sums that follow from them.
    package func write(_ rows: [Row]) throws(PostgresError) -> Sum {
        let latest = Dictionary(rows.map { ($0.outcome.segment.id, $0) }) { _, last in last }
        let sorted = latest.values.sorted { $0.outcome.segment.id < $1.outcome.segment.id }
        var sum = Sum()
        for start in stride(from: 0, to: sorted.count, by: Self.mostInBatch) {
            let batch = Array(sorted[start..<min(start + Self.mostInBatch, sorted.count)])
            let isNew = try connection.patiently { () throws(PostgresError) in
                try connection.rows(Self.statement(batch), as: (Bool).self, within: .seconds(60))
            }
            sum = sum + Sum(added: isNew.count { $0 }, changed: isNew.count { !$0 })
        }
        return sum
    }

    private static func statement(_ rows: [Row]) -> SQL {
        let outcomes = rows.map(\.outcome)
        let headers = outcomes.map(\.segment.header)
        let media = outcomes.map(\.segment.media)
        let ends = outcomes.map(\.segment.end)
        return """
            with written as (
                insert into segments as s (\(unsafe: SegmentStore.columns), created_at)
                select n.id, n.camera_id, n.stream, n.epoch, n.run, n.sequence, n.spool_id, n.recorder, n.started_at,
                    n.duration_ms, n.bytes, decode(n.sha256, 'hex'), n.init_bytes, decode(n.init_sha256, 'hex'),
                    n.media_start_90k, n.media_duration_90k, n.frames, n.codecs, n.width, n.height, n.has_audio,
                    n.end_reason, string_to_array(n.flags, ','), n.object_key, n.state, n.tries, n.error, n.etag,
                    case when n.state in ('stored', 'expiring') then coalesce(n.stored_at, now()) else n.stored_at end,
                    n.destinations, coalesce(n.created_at, now())
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
                    \(outcomes.map(\.storedAt)), \(outcomes.map(\.destinations)), \(rows.map(\.createdAt)))
                    as n (\(unsafe: SegmentStore.columns), created_at)
                order by n.id
                on conflict (id) do update set state = 'stored', previous_state = s.state, error = null,
                    etag = coalesce(excluded.etag, s.etag), stored_at = coalesce(s.stored_at, excluded.stored_at),
                    destinations = excluded.destinations
                where excluded.state = 'stored' and s.state in ('spooled', 'failed', 'lost')
                returning s.id, s.camera_id, s.stream, s.started_at, s.duration_ms, s.bytes, s.state, s.previous_state,
                    s.created_at
            ), \(unsafe: SegmentStore.sums)
            select w.previous_state is null from written w, (select count(*) from waiting) done
            """
    }

    // MARK: Gaps

    /// Enters gaps, and closes those that are open and were not.
    package func write(_ gaps: [CatalogueStore.GapRecord]) throws(PostgresError) -> Sum {
        var sum = Sum()
        // An open gap yields to whatever is open now.
        let ended = gaps.filter { $0.gap.endedAt != nil }.sorted { $0.gap.startedAt < $1.gap.startedAt }
        let open = gaps.filter { $0.gap.endedAt == nil }
        for batch in [ended, open] where !batch.isEmpty {
            let isNew = try connection.patiently { () throws(PostgresError) in
                try connection.rows(Self.statement(batch), as: (Bool).self, within: .seconds(60))
            }
            sum = sum + Sum(added: isNew.count { $0 }, changed: isNew.count { !$0 })
        }
        return sum
    }

    private static func statement(_ records: [CatalogueStore.GapRecord]) -> SQL {
        let gaps = records.map(\.gap)
        return """
            with given as (
                select n.* from unnest(\(gaps.map(\.stream.camera)), \(gaps.map(\.stream.kind)), \(gaps.map(\.epoch)),
                    \(gaps.map(\.startedAt)), \(gaps.map(\.endedAt)), \(gaps.map(\.cause)),
                    \(gaps.map { $0.detail?.limited(to: 1000) }), \(records.map { $0.recorder?.limited(to: 63) }))
                    as n (camera_id, stream, epoch, started_at, ended_at, cause, detail, recorder)
            ), closed as (
                update gaps g set ended_at = n.ended_at, epoch = greatest(g.epoch, n.epoch), cause = n.cause,
                    detail = n.detail
                from given n where g.camera_id = n.camera_id and g.stream = n.stream and g.started_at = n.started_at
                    and g.ended_at is null and n.ended_at is not null
                returning g.camera_id, g.stream, g.started_at, g.ended_at
            ), added as (
                insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause, detail, recorder)
                select n.* from given n where n.ended_at is not null or not exists (
                    select from gaps g where g.camera_id = n.camera_id and g.stream = n.stream
                        and (g.ended_at is null or g.started_at > n.started_at))
                order by n.camera_id, n.stream, n.started_at
                on conflict do nothing
                returning camera_id, stream, started_at, ended_at
            ), changed as (
                select *, false as is_new from closed union all select *, true as is_new from added
            ), counted as (
                select * from changed where ended_at is not null
            ), \(unsafe: GapStore.hours(of: "counted")), summed as (
                insert into camera_hours as h (camera_id, stream, hour, gap_ms)
                select camera_id, stream, hour, sum(gap_ms) from parts group by camera_id, stream, hour
                order by camera_id, stream, hour
                on conflict (camera_id, stream, hour) do update set gap_ms = h.gap_ms + excluded.gap_ms
                returning 1
            ), \(unsafe: CatalogueMarks.gaps(of: "changed, (select count(*) from summed) hours_first"))
            select is_new from changed
            """
    }

    // MARK: Cameras

    /// Enters a camera that is not there, switched off and without an address; takes a newer version of one that is.
    ///
    /// - Returns: True if the camera was not there.
    /// - Throws: The error that the database reports.
    package func write(_ record: CatalogueCameraRecord) throws(PostgresError) -> Bool {
        let camera = record.camera
        let deletedAt = camera.deletedAt.map { Timestamp(microseconds: $0) }
        let isThere = try hasCamera(CameraID(rawValue: camera.id))
        try connection.execute(
            """
            insert into cameras as c (id, name, location, location_details, url, tags, retention_days, segment_seconds, priority,
                audio, version, created_at, deleted_at, discards_recordings)
            values (\(camera.id), \(camera.name), \(camera.location), \(camera.locationDetails), \(Self.noAddress),
                \(camera.tags), \(camera.retentionDays), \(camera.segmentSeconds), \(camera.priority), \(camera.audio),
                \(camera.version), \(Timestamp(microseconds: camera.createdAt)), \(deletedAt),
                \(camera.discardsRecordings))
            on conflict (id) do update set name = excluded.name, location = excluded.location,
                location_details = excluded.location_details, tags = excluded.tags,
                retention_days = excluded.retention_days, segment_seconds = excluded.segment_seconds,
                priority = excluded.priority, audio = excluded.audio, version = excluded.version,
                deleted_at = excluded.deleted_at, discards_recordings = excluded.discards_recordings,
                is_active = \(camera.isActive) and excluded.deleted_at is null, updated_at = now()
            where c.version < excluded.version
            """
        )
        try writeHistory(of: record)
        return !isThere
    }

    /// Returns true if there is a row of the camera.
    package func hasCamera(_ id: CameraID) throws(PostgresError) -> Bool {
        try connection.rows("select exists (select from cameras where id = \(id))", as: (Bool).self).first ?? false
    }

    /// The address of a camera whose own is not in the bucket; by RFC 6761 no such name exists.
    package static let noAddress = "rtsp://address-not-in-the-bucket.invalid/"

    private func writeHistory(of record: CatalogueCameraRecord) throws(PostgresError) {
        let switches = record.switches
        try connection.execute(
            """
            insert into camera_switches (camera_id, at, is_active, actor)
            select \(record.camera.id), s.at, s.is_active, s.actor
            from unnest(\(switches.map { Timestamp(microseconds: $0.at) }), \(switches.map(\.isActive)),
                \(switches.map(\.actor))) as s (at, is_active, actor)
            on conflict do nothing
            """
        )
        let holds = record.holds
        try connection.execute(
            """
            insert into holds (id, camera_id, from_at, to_at, reason, actor, created_at, released_at, released_by,
                release_reason)
            select n.* from unnest(\(holds.map(\.id)), \(holds.map(\.camera)), \(holds.map(\.from)), \(holds.map(\.to)),
                \(holds.map(\.reason)), \(holds.map(\.actor)), \(holds.map(\.createdAt)), \(holds.map { $0.release?.at }),
                \(holds.map { $0.release?.actor }), \(holds.map { $0.release?.reason })) as n
            on conflict (id) do update set released_at = excluded.released_at, released_by = excluded.released_by,
                release_reason = excluded.release_reason
            where holds.released_at is null and excluded.released_at is not null
            """
        )
    }

    /// Raises the numbers that are given out next above all that there are.
    package func raiseNumbers() throws(PostgresError) {
        for table in ["cameras", "holds"] {
            try connection.execute(
                """
                select setval(pg_get_serial_sequence(\(table), 'id'), greatest(
                    (select max(id) from \(unsafe: table)), nextval(pg_get_serial_sequence(\(table), 'id'))))
                """
            )
        }
    }

    /// Raises the epoch of cameras above those that the bucket has, so that nothing that is recorded from now on is taken for
    /// something older.
    package func raiseEpochs(_ epochs: [CameraID: Int64]) throws(PostgresError) {
        let cameras = epochs.keys.sorted()
        try connection.execute(
            """
            insert into assignments (camera_id, epoch)
            select c.id, least(n.epoch, 9007199254740990) + 1
            from unnest(\(cameras), \(cameras.map { epochs[$0] ?? 0 })) as n (id, epoch)
            join cameras c on c.id = n.id order by c.id
            on conflict (camera_id) do update set epoch = excluded.epoch where assignments.epoch < excluded.epoch
            """
        )
    }

    // MARK: Mending

    /// Takes back that segments are stored, because their objects are gone.
    ///
    /// - Returns: How many rows changed.
    /// - Throws: The error that the database reports.
    package func markLost(_ ids: [SegmentID], from states: [SegmentState], reason: String) throws(PostgresError) -> Int
    {
        guard let least = ids.min(), let greatest = ids.max() else { return 0 }
        let statement: SQL = """
            with written as (
                update segments s set state = 'lost', previous_state = s.state, error = \(reason.limited(to: 1000))
                where s.id = any(\(ids)) and s.id between \(least) and \(greatest)
                    and s.state = any(\(states.map(\.rawValue)))
                returning s.id, s.camera_id, s.stream, s.started_at, s.duration_ms, s.bytes, s.state, s.previous_state,
                    s.created_at
            ), \(unsafe: SegmentStore.sums)
            select count(*) from written w, (select count(*) from waiting) done
            """
        return try connection.patiently { () throws(PostgresError) in
            try connection.rows(statement, as: (Int).self, within: .seconds(60)).first ?? 0
        }
    }
}
