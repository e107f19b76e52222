package import ObserverCore
package import Postgres

/// The rows from which a camera's timeline follows.
package struct TimelineStore {
    private let connection: PostgresConnection
    /// The stretch of segments that one statement reads: it bounds the memory of an answer and the time of a call.
    private static let stride: Int64 = 86_400_000
    /// The milliseconds before and after the stretch that the timeline looks at as well.
    private static let margin: Int64 = 1000

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Computes the timeline of a camera's main stream; nil when there never was such a camera.
    ///
    /// A camera that is deleted keeps its timeline.
    ///
    /// - Parameters:
    ///   - camera: The camera.
    ///   - asked: The stretch of time.
    ///   - now: The present.
    ///   - resolution: As in ``CameraTimeline``.
    /// - Returns: The timeline.
    /// - Throws: The error that the database reports.
    package func timeline(
        of camera: CameraID,
        _ asked: TimeSpan,
        now: Timestamp,
        resolution: Int64 = 0
    ) throws(PostgresError) -> CameraTimeline? {
        let statement: SQL = "select created_at, is_active, segment_seconds from cameras where id = \(camera)"
        let known = try connection.rows(statement, as: (Timestamp, Bool, Int).self).first
        guard let (createdAt, isActive, segmentSeconds) = known else { return nil }
        let now = now.milliseconds
        let latest = CameraTimeline.latest(segmentSeconds: segmentSeconds)
        // The last row decides how much is told of the present.
        let reachesPresent = asked.end > now - latest
        let span = TimeSpan(
            from: (reachesPresent ? min(asked.start, now - latest) : asked.start) - Self.margin,
            to: (reachesPresent ? max(asked.end, now) : asked.end) + Self.margin
        )
        var facts = TimelineFacts(span: span, createdAt: createdAt, isActive: isActive)
        facts.switches = try switches(of: camera, span)
        facts.gaps = try gaps(of: StreamID(camera, .main), span)
        facts.held = try held(of: camera, span)
        facts.deletedBefore = try deletedBefore(of: camera)
        // What is not told of is not read.
        try readSegments(of: camera, TimeSpan(from: span.start, to: min(span.end, now)), into: &facts)
        return CameraTimeline(facts, of: asked, now: now, latest: latest, resolution: resolution)
    }

    private func switches(of camera: CameraID, _ span: TimeSpan) throws(PostgresError) -> [TimelineFacts.Switch] {
        let (start, end) = (span.startedAt, span.endedAt)
        let statement: SQL = """
            (select at, is_active from camera_switches where camera_id = \(camera) and at <= \(start)
                order by at desc limit 1)
            union all
            (select at, is_active from camera_switches where camera_id = \(camera) and at > \(start) and at < \(end))
            union all
            (select at, is_active from camera_switches where camera_id = \(camera) and at >= \(end) order by at limit 1)
            """
        return try connection.rows(statement, as: (Timestamp, Bool).self).map(TimelineFacts.Switch.init(at:isActive:))
    }

    private func held(of camera: CameraID, _ span: TimeSpan) throws(PostgresError) -> [TimeSpan] {
        let statement: SQL = """
            select from_at, to_at from holds
            where camera_id = \(camera) and released_at is null and from_at < \(span.endedAt) and to_at > \(span.startedAt)
            """
        return try connection.rows(statement, as: (Timestamp, Timestamp).self).map { TimeSpan(from: $0.0, to: $0.1) }
    }

    private func deletedBefore(of camera: CameraID) throws(PostgresError) -> Timestamp? {
        let statement: SQL = """
            select max(before) from deletions where camera_id = \(camera) and stream = 0 and segments > 0
            """
        return try connection.rows(statement, as: (Timestamp?).self).first ?? nil
    }

    private func gaps(of stream: StreamID, _ span: TimeSpan) throws(PostgresError) -> [Gap] {
        let store = GapStore(connection)
        var gaps: [Gap] = []
        while true {
            let page = try store.list(stream, from: gaps.last?.startedAt ?? span.startedAt, to: span.endedAt)
            let known = gaps.last?.startedAt
            let more = page.filter { gap in known.map { gap.startedAt > $0 } ?? true }
            gaps += more
            if page.count < GapStore.longestPage || more.isEmpty { return gaps }
        }
    }

    private func readSegments(
        of camera: CameraID,
        _ span: TimeSpan,
        into facts: inout TimelineFacts
    ) throws(PostgresError) {
        var start = span.start
        while start < span.end {
            let part = TimeSpan(from: start, to: min(span.end, start + Self.stride))
            let statement = SegmentStore.stretches(of: camera, part)
            try connection.forEachRow(statement) { row throws(PostgresError) in
                let began = try row.next(Timestamp.self).milliseconds
                let stretch = TimeSpan(from: began, to: began.addingSaturated(try row.next(Int64.self)))
                Self.append(stretch, to: &facts.recorded)
                if try row.next(SegmentState.self) == .spooled { Self.append(stretch, to: &facts.waiting) }
            }
            start = part.end
        }
    }

    /// Adds a stretch, or prolongs the last one, so that there is no element for each of many segments.
    private static func append(_ stretch: TimeSpan, to stretches: inout [TimeSpan]) {
        if let last = stretches.last, (last.start...last.end).contains(stretch.start) {
            stretches[stretches.count - 1].end = max(last.end, stretch.end)
        } else {
            stretches.append(stretch)
        }
    }
}

extension SegmentStore {
    /// The start, length and state of what can be played of a camera's main stream within a stretch of time.
    static func stretches(of camera: CameraID, _ span: TimeSpan) -> SQL {
        let (start, end) = (span.startedAt, span.endedAt)
        return """
            select started_at, duration_ms::bigint, state from segments
            where camera_id = \(camera) and stream = 0 and \(unsafe: playable)
                and id >= segment_id_at(\(start)::timestamptz - \(unsafe: before))
                and id < segment_id_at(\(end)::timestamptz + \(unsafe: after))
                and started_at < \(end) and started_at + duration_ms * interval '1 ms' > \(start)
            order by id
            """
    }
}
