import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct OverviewStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: OverviewStore

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = OverviewStore(connection)
    }

    @Test func `cameras are counted by what they do and tags are told once`() throws {
        #expect(try store.cameras() == CameraOverview())
        let cameras = CameraStore(connection)
        _ = try cameras.create(Sample.camera("On") { ($0.isActive, $0.tags) = (true, ["outdoor", "b"]) })
        _ = try cameras.create(Sample.camera("Off") { $0.tags = ["outdoor"] })
        let gone = try cameras.create(Sample.camera("Gone") { $0.tags = ["gone"] })
        _ = try cameras.delete(gone.camera.id)
        let overview = try store.cameras()
        #expect(overview.counts == [.pending: 1, .off: 1])
        #expect(overview.total == 2)
        #expect(overview.tags == ["b", "outdoor"])
    }

    @Test func `a day is summed by the hour, from midnight to midnight, without what is gone`() throws {
        let (camera, other) = (CameraID(rawValue: 7), CameraID(rawValue: 8))
        let midnight = try #require(Timestamp(rfc3339: "2026-11-23T00:00:00Z"))
        func segment(_ seconds: Int64, of camera: CameraID) -> Segment {
            Segment.sample(of: camera, at: midnight.advanced(bySeconds: seconds))
        }
        let lost = segment(7220, of: camera)
        let segments = SegmentStore(connection)
        try segments.upsertSpooled([
            segment(-10, of: camera), segment(0, of: camera), segment(3599, of: camera), segment(7200, of: camera),
            segment(86_400, of: camera), segment(7210, of: other), lost,
        ])
        try segments.markLost(lost, reason: "for the test")
        let hours = try store.hours(of: camera, from: midnight)
        #expect(
            hours == [
                RecordedHour(hour: 0, milliseconds: 11_000, bytes: 2_750_000),
                RecordedHour(hour: 1, milliseconds: 9000, bytes: 2_250_000),
                RecordedHour(hour: 2, milliseconds: 10_000, bytes: 2_500_000),
            ]
        )
    }
}
