import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct CoverageStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: CoverageStore

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = CoverageStore(connection)
    }

    private func seconds(_ time: Timestamp) -> Int64 { (time.milliseconds - Sample.start.milliseconds) / 1000 }

    @Test func `each camera has its own newest segment, and those since a moment`() throws {
        let cameras = try (0..<3).map { try CameraStore(connection).create(Sample.camera("C\($0)")).camera.id }
        let segments = SegmentStore(connection)
        for camera in cameras.prefix(2) {
            try segments.upsertSpooled(
                (0..<30).map { .sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
            )
        }
        let since = Sample.start.advanced(bySeconds: 45)
        let found = try store.segments([cameras[0]: nil, cameras[1]: since, cameras[2]: since])
        #expect(found[cameras[0]]?.map { seconds($0.from) } == [290])
        // Twenty from the one that lies across that moment on, and the newest.
        #expect(found[cameras[1]]?.map { seconds($0.from) } == Array(stride(from: 40, through: 230, by: 10)) + [290])
        #expect(found[cameras[1]]?.first.map { seconds($0.to) } == 50)
        #expect(found[cameras[2]] == nil)
        #expect(try store.segments([:]).isEmpty)
    }

    @Test func `gaps and switches are those of each camera`() throws {
        let cameras = try (0..<3).map { try CameraStore(connection).create(Sample.camera("C\($0)")).camera.id }
        for (index, camera) in cameras.prefix(2).enumerated() {
            for number in 0..<10 {
                var gap = Gap(
                    stream: StreamID(camera, .main),
                    epoch: 1,
                    startedAt: Sample.start.advanced(bySeconds: Int64(number * 10 + index)),
                    cause: .stalled,
                    detail: nil
                )
                gap.endedAt = gap.startedAt.advanced(bySeconds: 5)
                try GapStore(connection).apply(.close(gap), recorder: "node-a")
            }
        }
        let gaps = try store.newestGaps(cameras)
        #expect(gaps[cameras[0]]?.map { seconds($0.startedAt) } == Array(stride(from: 90, through: 20, by: -10)))
        #expect(gaps[cameras[1]]?.map { seconds($0.startedAt) } == Array(stride(from: 91, through: 21, by: -10)))
        #expect(gaps[cameras[2]] == nil)

        _ = try CameraStore(connection).setActive(cameras[1], true)
        let wanted = try store.wanted(cameras)
        #expect(wanted[cameras[0]] == nil && wanted[cameras[1]]?.count == 1)
        #expect(try wanted[cameras[1]] == CameraStore(connection).wanted(cameras[1]))
    }
}
