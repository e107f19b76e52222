import System
import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct CameraStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: CameraStore

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = CameraStore(connection)
    }

    @Test func `a camera is created with defaults and read back`() throws {
        let created = try store.create(Sample.camera())
        #expect(created.camera.name == "Gate" && created.camera.url == "rtsp://cam.example/stream1")
        #expect((created.camera.version, created.camera.segmentSeconds, created.camera.retentionDays) == (1, 10, 30))
        #expect((created.camera.transport, created.camera.audio, created.camera.hasPassword) == (.tcp, .off, false))
        #expect((created.status.state, created.status.since) == (.off, created.camera.updatedAt))
        #expect((created.backlogSeconds, created.owner, created.lastRecording) == (0, nil, nil))
        #expect(try store.get(created.camera.id) == created)
        #expect(try store.get(CameraID(rawValue: 999)) == nil)
        #expect(try store.list(CameraQuery(includesRecordings: true)) == [created])
    }

    @Test func `a password is sealed for a number that is reserved first`() throws {
        let id = try store.reserveID()
        let created = try store.create(Sample.camera(), id: id, sealedPassword: [1, 2, 3])
        #expect(created.camera.id == id && created.camera.hasPassword)
        let cleared = try store.patch(id, CameraChanges(), sealedPassword: .clear)
        #expect(cleared.listing?.camera.hasPassword == false && cleared.isChanged == true)
    }

    @Test func `a patch changes what it names and raises the version`() throws {
        let id = try store.create(Sample.camera { $0.locationDetails = "Stretford End" }).camera.id
        var changes = CameraChanges()
        changes[\.name] = "North gate"
        changes[\.segmentSeconds] = 30
        changes[\.audio] = .copy
        changes[\.tags] = ["outdoor", "north"]
        changes[\.locationDetails] = .some(nil)
        changes[\.username] = "viewer"
        let patched = try store.patch(id, changes)
        let camera = try #require(patched.listing?.camera)
        #expect((camera.name, camera.segmentSeconds, camera.audio, camera.version) == ("North gate", 30, .copy, 2))
        #expect((camera.tags, camera.locationDetails, camera.username) == (["outdoor", "north"], nil, "viewer"))
        #expect((camera.location, camera.retentionDays) == ("Old Trafford", 30))
        #expect(try store.get(id)?.camera == camera)
    }

    @Test func `a patch that changes nothing keeps the version`() throws {
        let created = try store.create(Sample.camera())
        var changes = CameraChanges()
        changes[\.name] = created.camera.name
        changes[\.url] = created.camera.url
        changes[\.username] = .some(nil)
        let same = try store.patch(created.camera.id, changes)
        #expect(same.isChanged == false && same.listing == created)
    }

    @Test func `a patch of a version that is past changes nothing`() throws {
        let id = try store.create(Sample.camera()).camera.id
        var changes = CameraChanges()
        changes[\.name] = "First"
        #expect(try store.patch(id, changes, expecting: 1).isChanged == true)
        changes[\.name] = "Second"
        #expect(try store.patch(id, changes, expecting: 1) == .conflict(version: 2))
        #expect(try store.get(id)?.camera.name == "First")
        #expect(try store.patch(CameraID(rawValue: 999), changes, expecting: 1) == .notFound)
    }

    @Test func `of two patches of the same version one wins`() throws {
        let id = try store.create(Sample.camera()).camera.id
        let wins = Lock(0)
        let threads = (0..<8).map { number in
            DedicatedThread.start(name: "patch") { [database] in
                var changes = CameraChanges()
                changes[\.name] = "Name \(number)"
                let result = try? CameraStore(database.connect()).patch(id, changes, expecting: 1)
                if result?.isChanged == true { wins.withLock { $0 += 1 } }
            }
        }
        threads.forEach { $0.join() }
        #expect(wins.withLock { $0 } == 1)
        #expect(try store.get(id)?.camera.version == 2)
    }

    @Test func `the switch is idempotent and raises the version only when it moves`() throws {
        let id = try store.create(Sample.camera()).camera.id
        let on = try store.setActive(id, true)
        #expect((on.isChanged, on.listing?.camera.version, on.listing?.status.state) == (true, 2, .pending))
        let again = try store.setActive(id, true)
        #expect((again.isChanged, again.listing?.camera.version) == (false, 2))
        #expect(try store.setActive(CameraID(rawValue: 999), true) == .notFound)
    }

    @Test func `the times for which a camera was wanted follow from its switches`() throws {
        let id = try store.create(Sample.camera()).camera.id
        #expect(try store.wanted(id).isEmpty)
        for isActive in [true, false, true] { _ = try store.setActive(id, isActive) }
        let wanted = try store.wanted(id)
        let end = try #require(wanted.first?.to)
        #expect(wanted.count == 2 && wanted[0].from < end && end < wanted[1].from && wanted[1].to == nil)
        for index in 0..<80 { _ = try store.setActive(id, index % 2 == 1) }
        let newest = try store.wanted(id)
        #expect(newest.count == 32 && newest.last?.to == nil && newest.dropLast().allSatisfy { $0.to != nil })
    }

    @Test func `a deleted camera is gone for people and keeps its row`() throws {
        let id = try store.create(Sample.camera { $0.isActive = true }, sealedPassword: [1]).camera.id
        #expect(try store.delete(id, expecting: 7) == .conflict(version: 1))
        #expect(try store.delete(id).listing?.camera.isActive == false)
        #expect(try store.delete(id) == .notFound)
        #expect(try store.get(id) == nil && store.list(CameraQuery()).isEmpty)
        #expect(try store.setActive(id, true) == .notFound)
        let kept = "select count(*) from cameras where deleted_at is not null and password_sealed is null"
        #expect(try connection.rows("\(unsafe: kept)", as: (Int).self) == [1])
    }

    @Test func `every switching on and off is kept with its actor, in order`() throws {
        let on = try store.create(Sample.camera { $0.isActive = true }, by: .user("admin")).camera.id
        let off = try store.create(Sample.camera("Yard"), by: .user("admin")).camera.id
        _ = try store.setActive(off, true, by: .token("script"))
        _ = try store.setActive(off, true, by: .token("again"))
        var changes = CameraChanges()
        changes[\.name] = "Yard 2"
        _ = try store.patch(off, changes, by: .user("eve"))
        changes[\.isActive] = false
        _ = try store.patch(off, changes, expecting: 99, by: .user("late"))
        _ = try store.patch(off, changes, by: .user("eve"))
        _ = try store.delete(on, by: .observerctl)
        _ = try store.delete(off, by: .observerctl)
        let statement: SQL = "select camera_id, is_active, actor from camera_switches order by camera_id, at"
        let switches = try connection.rows(statement, as: (Int64, Bool, String).self)
        #expect(switches.map(\.0) == [on, on, off, off].map(\.rawValue))
        #expect(switches.map(\.1) == [true, false, true, false])
        #expect(switches.map(\.2) == ["user:admin", "observerctl", "token:script", "user:eve"])
    }

    @Test func `cameras are found by text, tag and state, page by page`() throws {
        for number in 1...25 {
            _ = try store.create(
                Sample.camera("Camera \(number)") {
                    $0.tags = number.isMultiple(of: 5) ? ["fifth"] : []
                    $0.isActive = number.isMultiple(of: 2)
                }
            )
        }
        let first = try store.list(CameraQuery(limit: 10))
        let second = try store.list(CameraQuery(limit: 10, after: first.last?.camera.id))
        let third = try store.list(CameraQuery(limit: 10, after: second.last?.camera.id))
        #expect([first.count, second.count, third.count] == [10, 10, 5])
        #expect(Set((first + second + third).map(\.camera.id)).count == 25)
        #expect(try store.list(CameraQuery(text: "camera 2")).count == 7)
        #expect(try store.list(CameraQuery(text: "FIFTH")).count == 5)
        #expect(try store.list(CameraQuery(text: "%")).isEmpty)
        #expect(try store.list(CameraQuery(tag: "fifth")).count == 5)
        #expect(try store.list(CameraQuery(state: .pending)).count == 12)
        #expect(try store.list(CameraQuery(tag: "fifth", state: .off)).count == 3)
        #expect(try store.count() == (25, 12))
    }

    @Test func `the rows of a page can be read by column`() throws {
        _ = try store.create(Sample.camera { $0.tags = ["a", "b"] })
        var text: [UInt8] = []
        let count = try store.forEachRow(CameraQuery()) { row throws(PostgresError) in
            #expect(row.columnCount == Int32(CameraColumn.allCases.count))
            try row.appendText(.name, to: &text)
            try row.appendText(.state, to: &text)
            try row.forEachText(at: CameraColumn.tags.rawValue) { text.append(contentsOf: $0) }
            #expect(try row.value(.backlogMilliseconds, as: Int64.self) == 0)
        }
        #expect(count == 1)
        #expect(String(decoding: text, as: UTF8.self) == "Gateoffab")
    }

    @Test func `the backlog is what waits for S3, and the last recording the newest`() throws {
        let id = try store.create(Sample.camera()).camera.id
        let segments = (0..<3).map { Segment.sample(of: id, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
        try SegmentStore(connection).upsertSpooled(segments)
        try SegmentStore(connection).markStored(segments[0], etag: "e")
        let listing = try #require(try store.get(id))
        #expect(listing.backlogSeconds == 20)
        #expect(listing.lastRecording?.id == segments[2].id)
        #expect(listing.lastRecording?.startedAt == segments[2].startedAt)
    }
}
