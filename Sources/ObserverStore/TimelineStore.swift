package import ObserverCore
package import Postgres

/// The rows from which a camera's timeline follows.
package struct TimelineStore {
    private let connection: PostgresConnection
    /// The stretch of segments that one statement reads: it bounds the memory of an answer and the time of a call.
    private static let readAtOnce: Int64 = 86_400_000
    /// The milliseconds before and after the stretch that the timeline looks at as well.
    private static let margin: Int64 = 1000
    /// The longest stretch in milliseconds that is read from segments; a longer one is read from the hours.
    private static let longestOfSegments: Int64 = 10_800_000
    private static let hour: Int64 = 3_600_000
    /// The number of segments that are marked one by one; more are marked by the hour.
    package static let mostMarked = 2000

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
    /// - Returns: The timeline.
    /// - Throws: The error that the database reports.
    package func timeline(
        of camera: CameraID,
        _ asked: TimeSpan,
        now: Timestamp
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
        let read = TimeSpan(from: span.start, to: min(span.end, now))
        if read.milliseconds <= Self.longestOfSegments {
            try readSegments(of: camera, read, into: &facts, isMarking: true)
        } else {
            try readHours(of: camera, read, into: &facts)
            try readMarked(of: camera, read, into: &facts)
        }
        return CameraTimeline(facts, of: asked, now: now, latest: latest)
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

    /// Of many gaps the details are not read: there is no room for them in an answer.
    private func gaps(of stream: StreamID, _ span: TimeSpan) throws(PostgresError) -> [Gap] {
        let gaps = try GapStore(connection).list(stream, from: span.startedAt, to: span.endedAt)
        guard gaps.count == GapStore.longestPage else { return gaps }
        let (start, end) = (span.startedAt, span.endedAt)
        return try connection.query(GapStore.allStatement(stream, from: start, to: end)) { row throws(PostgresError) in
            Gap(
                stream: stream,
                epoch: 0,
                startedAt: try row.next(),
                endedAt: try row.next(),
                cause: try row.next(),
                detail: nil
            )
        }
    }

    // MARK: Segments

    private func readSegments(
        of camera: CameraID,
        _ span: TimeSpan,
        into facts: inout TimelineFacts,
        isMarking: Bool
    ) throws(PostgresError) {
        var start = span.start
        while start < span.end {
            let part = TimeSpan(from: start, to: min(span.end, start + Self.readAtOnce))
            let statement = SegmentStore.stretches(of: camera, part)
            try connection.forEachRow(statement) { row throws(PostgresError) in
                let began = try row.next(Timestamp.self).milliseconds
                let stretch = TimeSpan(from: began, to: began.addingSaturated(try row.next(Int64.self)))
                let state = try row.next(SegmentState.self)
                if state != .lost { Self.append(stretch, to: &facts.recorded) }
                if isMarking, state == .lost { facts.lost.append(stretch) }
                if isMarking, state == .spooled { Self.append(stretch, to: &facts.waiting) }
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

    // MARK: Hours

    /// Reads what is recorded from the hours; those of which a release wrote that knew nothing of it, from their segments.
    private func readHours(
        of camera: CameraID,
        _ span: TimeSpan,
        into facts: inout TimelineFacts
    ) throws(PostgresError) {
        let statement: SQL = """
            select hour, covered::text, counted_ms = covered_ms from camera_hours
            where camera_id = \(camera) and stream = 0 and hour > \(span.startedAt)::timestamptz - interval '1 hour'
                and hour < \(span.endedAt) and (covered <> '{}' or counted_ms <> covered_ms)
            order by hour
            """
        var untold: [TimeSpan] = []
        try connection.forEachRow(statement) { row throws(PostgresError) in
            let hour = try row.next(Timestamp.self).milliseconds
            let bounds = try row.withText(at: 1) { Self.numbers($0) }
            row.skip()
            guard try row.next(Bool.self) else {
                return Self.append(TimeSpan(from: hour, to: hour + Self.hour), to: &untold)
            }
            for index in stride(from: 0, to: bounds.count - 1, by: 2) {
                let end = min(bounds[index + 1] - CameraTimeline.seam, Self.hour)
                Self.append(TimeSpan(from: hour + bounds[index], to: hour + end), to: &facts.recorded)
            }
        }
        for hours in untold { try readSegments(of: camera, hours, into: &facts, isMarking: false) }
    }

    /// Reads the numbers of a multirange: `{[0,3600050)}`.
    private static func numbers(_ text: UnsafeRawBufferPointer?) -> [Int64] {
        var result: [Int64] = []
        var number: Int64?
        for byte in text ?? UnsafeRawBufferPointer(start: nil, count: 0) {
            if (48...57).contains(byte) {
                number = (number ?? 0).multipliedSaturated(by: 10).addingSaturated(Int64(byte) - 48)
            } else if let known = number {
                result.append(known)
                number = nil
            }
        }
        return result
    }

    /// Reads what waits and what is lost, one by one or, of many, by the hour from the first to the last of it.
    private func readMarked(
        of camera: CameraID,
        _ span: TimeSpan,
        into facts: inout TimelineFacts
    ) throws(PostgresError) {
        let single = Self.marked(
            of: camera,
            span,
            "started_at, started_at + duration_ms * interval '1 ms'",
            "limit \(Self.mostMarked + 1)"
        )
        var rows = try connection.rows(single, as: (SegmentState, Timestamp, Timestamp).self)
        if rows.count > Self.mostMarked {
            let byHour = Self.marked(
                of: camera,
                span,
                "min(started_at), max(started_at + duration_ms * interval '1 ms')",
                "group by state, date_trunc('hour', started_at, 'UTC')"
            )
            rows = try connection.rows(byHour, as: (SegmentState, Timestamp, Timestamp).self)
        }
        for (state, start, end) in rows {
            let stretch = TimeSpan(from: start, to: end)
            if state == .spooled { facts.waiting.append(stretch) } else { facts.lost.append(stretch) }
        }
    }

    private static func marked(
        of camera: CameraID,
        _ span: TimeSpan,
        _ columns: String,
        _ ending: String
    ) -> SQL {
        let (start, end) = (span.startedAt, span.endedAt)
        return """
            select state, \(unsafe: columns)
            from segments where camera_id = \(camera) and stream = 0 and state in ('spooled', 'lost')
                and id >= segment_id_at(\(start)::timestamptz - \(unsafe: SegmentStore.before))
                and id < segment_id_at(\(end)::timestamptz + \(unsafe: SegmentStore.after))
                and started_at < \(end) and started_at + duration_ms * interval '1 ms' > \(start)
            \(unsafe: ending)
            """
    }
}

extension SegmentStore {
    /// The start, length and state of what a camera's main stream has within a stretch of time, deleted segments left out.
    static func stretches(of camera: CameraID, _ span: TimeSpan) -> SQL {
        let (start, end) = (span.startedAt, span.endedAt)
        return """
            select started_at, duration_ms::bigint, state from segments
            where camera_id = \(camera) and stream = 0 and \(unsafe: alive)
                and id >= segment_id_at(\(start)::timestamptz - \(unsafe: before))
                and id < segment_id_at(\(end)::timestamptz + \(unsafe: after))
                and started_at < \(end) and started_at + duration_ms * interval '1 ms' > \(start)
            order by id
            """
    }
}
