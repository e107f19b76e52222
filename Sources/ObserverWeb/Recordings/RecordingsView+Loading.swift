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
        if let hour = place.hour { query.to = day.hour(hour + 1) }
        if let segment, query.after == nil, place.hour == nil, Day(of: segment.startedAt) == day {
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
        self.init(
            camera: camera,
            place: place,
            hours: try OverviewStore(database).hours(of: camera, from: day.start),
            segments: segments,
            timeline: try TimelineStore(database).timeline(of: camera, window, now: now)
                ?? CameraTimeline(nothingIn: window),
            hasOlder: query.isNewestFirst ? hasMore : true,
            hasNewer: hasNewer
        )
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
