package import ObserverCore
package import Postgres

/// The rows from which it follows what retention deletes.
package struct RetentionFactStore {
    private let connection: PostgresConnection

    /// The hours that one plan looks at, the oldest first: what remains is for the next one.
    private static let mostHours = 200_000

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Reads the facts.
    ///
    /// - Parameters:
    ///   - policies: The rules; those of the database, or others to see what they would do.
    ///   - days: Other days than their own for cameras.
    ///   - now: The present.
    /// - Returns: All totals, and the hours that these rules may reach.
    /// - Throws: The error that the database reports.
    package func facts(
        _ policies: [RetentionPolicy],
        days: [CameraID: Int] = [:],
        at now: Timestamp
    ) throws(PostgresError) -> RetentionPlan.Facts {
        var cameras = try cameras()
        for index in cameras.indices { cameras[index].days = days[cameras[index].id] ?? cameras[index].days }
        let totals = try totals()
        var facts = RetentionPlan.Facts(policies: policies, cameras: cameras, totals: totals, hours: [])
        let exceeded = policies.filter { Self.isExceeded($0, facts) }
        let reach = cameras.map { camera in
            camera.isDiscarded || exceeded.contains { $0.scope.includes(camera) }
                ? now.startOfHour.advanced(bySeconds: 3600)
                : RetentionPlan.horizon(longestDays: RetentionDays(of: camera, policies).longest, at: now)
        }
        facts.hours = try hours(of: cameras.map(\.id), before: reach)
        try keep(before: facts.hours.map(\.hour).max(), in: &facts.hours)
        return facts
    }

    private static func isExceeded(_ policy: RetentionPolicy, _ facts: RetentionPlan.Facts) -> Bool {
        guard let most = policy.limits.mostBytes else { return false }
        let members = Set(facts.cameras.filter { policy.scope.includes($0) }.map(\.id))
        return facts.totals.filter { members.contains($0.key.camera) }.values.reduce(.zero, +).bytes > most
    }

    /// All cameras, also those that are deleted.
    package func cameras() throws(PostgresError) -> [RetentionCamera] {
        let statement: SQL = "select id, tags, retention_days, discards_recordings from cameras order by id"
        let rows = try connection.rows(statement, as: (CameraID, [String], Int, Bool).self)
        return rows.map { RetentionCamera($0.0, tags: Set($0.1), days: $0.2, isDiscarded: $0.3) }
    }

    /// The sum of all recordings of each stream.
    package func totals() throws(PostgresError) -> [StreamID: RetentionSum] {
        let statement: SQL = """
            select camera_id, stream, sum(segments)::bigint, sum(bytes)::bigint from camera_hours
            group by camera_id, stream
            """
        let rows = try connection.rows(statement, as: (CameraID, StreamKind, Int64, Int64).self, within: .seconds(60))
        let sums = rows.map { (StreamID($0.0, $0.1), RetentionSum(segments: $0.2, bytes: $0.3)) }
        return Dictionary(sums) { first, _ in first }
    }

    private func hours(
        of cameras: [CameraID],
        before reach: [Timestamp]
    ) throws(PostgresError) -> [RetentionHour] {
        let statement: SQL = """
            select h.camera_id, h.stream, h.hour, h.segments::bigint, h.bytes, h.entered_at
            from unnest(\(cameras), \(reach)) as c (id, reach)
            join camera_hours h on h.camera_id = c.id and h.hour < c.reach
            where h.segments > 0 order by h.hour limit \(Self.mostHours)
            """
        return try connection.query(statement, within: .seconds(60)) { row throws(PostgresError) in
            RetentionHour(
                of: StreamID(try row.next(), try row.next()),
                hour: try row.next(),
                sum: RetentionSum(segments: try row.next(), bytes: try row.next()),
                enteredAt: try row.next()
            )
        }
    }

    /// Adds to the hours what no rule deletes of them.
    private func keep(before last: Timestamp?, in hours: inout [RetentionHour]) throws(PostgresError) {
        guard let last else { return }
        let end = last.advanced(bySeconds: 3600)
        let cameras = Array(Set(hours.map(\.stream.camera))).sorted()
        let statement: SQL = """
            with kept as (
                select s.id, s.camera_id, s.stream, s.started_at, s.bytes from holds h
                join segments s on s.camera_id = h.camera_id and s.stream in (0, 1)
                    and s.id >= segment_id_at(h.from_at - \(unsafe: SegmentStore.before))
                    and s.id < segment_id_at(least(h.to_at, \(end)) + \(unsafe: SegmentStore.after))
                    and \(unsafe: Self.isHeld)
                where h.released_at is null and h.camera_id = any(\(cameras)) and \(unsafe: Self.isCounted)
                union
                select s.id, s.camera_id, s.stream, s.started_at, s.bytes from camera_backlog b
                join segments s on s.camera_id = b.camera_id and s.stream = b.stream
                    and s.id < segment_id_at(\(end)::timestamptz + \(unsafe: SegmentStore.after)) and s.state = 'spooled'
                where b.waiting_ms > 0 and b.camera_id = any(\(cameras))
                union
                select s.id, s.camera_id, s.stream, s.started_at, s.bytes from segments s where s.state = 'failed'
            )
            select camera_id, stream, date_trunc('hour', started_at, 'UTC'), count(*), sum(bytes)::bigint
            from kept group by 1, 2, 3
            """
        var kept: [StreamID: [Timestamp: RetentionSum]] = [:]
        try connection.forEachRow(statement, within: .seconds(60)) { row throws(PostgresError) in
            let (stream, hour) = (StreamID(try row.next(), try row.next()), try row.next(Timestamp.self))
            kept[stream, default: [:]][hour] = RetentionSum(segments: try row.next(), bytes: try row.next())
        }
        guard !kept.isEmpty else { return }
        for index in hours.indices {
            if let sum = kept[hours[index].stream]?[hours[index].hour] { hours[index].kept = sum }
        }
    }

    /// The condition for a segment `s` that a hold `h` protects, one without a length where it begins.
    static let isHeld = """
        h.from_at < s.started_at + greatest(s.duration_ms, 1) * interval '1 ms' and h.to_at > s.started_at
        """
    private static let isCounted = "s.state in ('spooled', 'stored', 'failed')"
}
