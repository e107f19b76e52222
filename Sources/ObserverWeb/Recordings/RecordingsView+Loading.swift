import ObserverCore
import ObserverStore
import Postgres

extension RecordingsView {
    /// Reads a page of the list.
    ///
    /// One more row is read in the direction of reading, which shows whether another page follows; the page in the
    /// other direction is the one the person came from.
    init(
        of camera: CameraID,
        place: Place,
        around segment: Segment?,
        now: Timestamp,
        from database: PostgresConnection
    ) throws(PostgresError) {
        let day = place.day
        let store = SegmentStore(database)
        var query = SegmentStore.Query(camera: camera, from: day.start, to: day.end, limit: Self.length + 1)
        query.isNewestFirst = place.newer == nil
        query.after = place.newer ?? place.older
        let hours = day.hours
        if let hour = place.hour, hours.indices.contains(hour) { query.to = hours[hour].endedAt }
        if let segment, query.after == nil, place.hour == nil, Day(of: segment.startedAt, in: day.zone) == day {
            // Centre the page on the segment that plays.
            let half = segment.end.durationMilliseconds.multipliedSaturated(by: Int64(Self.length / 2))
            query.to = min(day.end, segment.endedAt.advanced(byMilliseconds: half))
        }
        var segments = try store.list(query)
        let hasMore = segments.count > Self.length
        let beyond = segments.dropFirst(Self.length).first
        segments = Array(segments.prefix(Self.length))
        if !query.isNewestFirst { segments.reverse() }
        let isCut = query.to != day.end || place.older != nil
        var hasNewer = hasMore
        if query.isNewestFirst {
            hasNewer = isCut ? try Self.hasSegment(after: segments.first, of: camera, on: day, in: store) : false
        }
        // The page of the older segment shows what is missing before that one.
        var older = beyond
        if let newer = place.newer { older = try store.get(newer) }
        let window = TimeSpan(
            from: max(day.start, older?.segment.endedAt ?? day.start),
            to: hasNewer ? segments.first.map { min(day.end, $0.segment.endedAt) } ?? day.end : day.end
        )
        let timelines = TimelineStore(database)
        let ofDay = try timelines.timeline(of: camera, day.span, now: now) ?? CameraTimeline(nothingIn: day.span)
        let sums = try OverviewStore(database).hours(of: camera, from: day.start, to: day.end)
        self.init(
            camera: camera,
            place: place,
            hours: Self.hours(of: day, ofDay, sums),
            segments: segments,
            timeline: try timelines.timeline(of: camera, window, now: now) ?? CameraTimeline(nothingIn: window),
            ofDay: ofDay,
            hasOlder: query.isNewestFirst ? hasMore : true,
            hasNewer: hasNewer
        )
    }

    /// The recordings of each hour of the day: as they are summed where its hours are those of UTC, else by the timeline, with
    /// the bytes of the day shared out by time.
    private static func hours(of day: Day, _ timeline: CameraTimeline, _ sums: [RecordedHour]) -> [RecordedHour] {
        let hours = day.hours
        guard !hours.allSatisfy({ $0.start % 3_600_000 == 0 && $0.milliseconds == 3_600_000 }) else { return sums }
        let covered = TimeSpanSet(timeline.covered)
        let parts = hours.map { covered.intersection($0).milliseconds }
        let bytes = sums.reduce(Int64(0)) { $0.addingSaturated($1.bytes) }
        let total = max(Int64(1), parts.reduce(0, +))
        return zip(0..., parts).filter { $0.1 > 0 }.map { hour, milliseconds in
            let share = Double(bytes) * Double(milliseconds) / Double(total)
            return RecordedHour(hour: hour, milliseconds: milliseconds, bytes: Int64(share))
        }
    }

    /// Returns true if the day has a segment after this one.
    private static func hasSegment(
        after record: SegmentRecord?,
        of camera: CameraID,
        on day: Day,
        in store: SegmentStore
    ) throws(PostgresError) -> Bool {
        guard let record else { return false }
        let query = SegmentStore.Query(camera: camera, to: day.end, after: record.segment.id, limit: 1)
        return try !store.list(query).isEmpty
    }
}
