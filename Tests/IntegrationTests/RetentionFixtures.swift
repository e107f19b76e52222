import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// A database with a camera, and recordings of any age.
struct RetentionFixture {
    let database: TestDatabase
    let connection: PostgresConnection
    let camera: CameraID
    var stream: StreamID { StreamID(camera, .main) }
    /// The present hour, by the database's clock.
    let hour: Timestamp

    init(days: Int = 30, tags: [String] = []) throws {
        database = try TestDatabase()
        connection = database.connect()
        let settings = Sample.camera {
            $0.retentionDays = days
            $0.tags = tags
        }
        camera = try CameraStore(connection).create(settings).camera.id
        hour = try RetentionStatusStore(connection).now().startOfHour
    }

    /// Segments one after the other, each entered in the catalogue fifteen seconds after its start.
    ///
    /// - Parameters:
    ///   - hours: The beginning, so many hours before the present one.
    ///   - count: How many.
    ///   - state: The state of all.
    ///   - late: The seconds from a segment's start to its entry.
    ///   - seconds: The length of each.
    /// - Returns: The segments.
    /// - Throws: The error that the database reports.
    @discardableResult
    func record(
        hoursAgo hours: Int64,
        count: Int = 3,
        _ state: SegmentState = .stored,
        late: Int64 = 15,
        seconds: Int64 = 10
    ) throws -> [Segment] {
        let start = hour.advanced(bySeconds: -3600 * hours)
        let segments = (0..<count).map {
            Segment.sample(of: camera, at: start.advanced(bySeconds: Int64($0) * seconds), milliseconds: seconds * 1000)
        }
        try SegmentStore(connection).write(segments.map { SegmentStore.Outcome($0, state) })
        let ids = segments.map(\.id)
        try connection.execute(
            "update segments set created_at = started_at + \(late) * interval '1 second' where id = any(\(ids))"
        )
        try connection.execute(
            """
            update camera_hours h set entered_at = (
                select max(created_at) from segments s where s.camera_id = h.camera_id and s.stream = h.stream
                    and date_trunc('hour', s.started_at, 'UTC') = h.hour)
            """
        )
        return segments
    }

    func plan(_ policies: [RetentionPolicy] = []) throws -> RetentionPlan {
        let now = try RetentionStatusStore(connection).now()
        return RetentionPlan(try RetentionFactStore(connection).facts(policies, at: now), at: now)
    }

    /// Plans and takes over, without any approval.
    @discardableResult
    func takePlan(_ policies: [RetentionPolicy] = []) throws -> RetentionPlan {
        let plan = try plan(policies)
        try DeletionStore(connection).take(plan.deletions.map { RetentionDecision($0) })
        return plan
    }

    /// Decides about all that is planned.
    func decideAll(limit: Int = ExpiryStore.mostInBatch) throws -> [ExpiringSegment] {
        var decided: [ExpiringSegment] = []
        while let step = try ExpiryStore(connection).decide(limit: limit) { decided += step.segments }
        return decided
    }

    func states(_ segments: [Segment]) throws -> Set<SegmentState> {
        Set(try SegmentStore(connection).states(of: segments.map(\.id)).values)
    }
}
