import Crypto
import HTTPClient
import Lifecycle
import Logging
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import System
import TestSupport
import Testing

/// The catalogue in the bucket: manifests, and a database that comes back from them.
@Suite(.enabled(if: TestEnvironment.has(.database) && TestEnvironment.has(.s3)), .timeLimit(.minutes(5)))
struct CatalogueTests {
    /// Recordings of all states, gaps, switches and holds.
    private func fill(_ fixture: CatalogueFixture) throws {
        let (gate, yard) = (fixture.cameras[0], fixture.cameras[1])
        try fixture.record(yard, hoursAgo: 60, count: 2, .expired)
        try fixture.record(yard, hoursAgo: 50, count: 2, .expiring)
        try fixture.record(yard, hoursAgo: 30, count: 2, .lost)
        try fixture.record(yard, hoursAgo: 5, count: 3, .failed)
        try fixture.record(gate, hoursAgo: 26, count: 40)
        try fixture.record(gate, .sub, hoursAgo: 26, count: 5)
        try fixture.record(gate, hoursAgo: 2, count: 30)
        try fixture.record(gate, hoursAgo: 1, count: 4, .spooled)
        try fixture.gap(gate, hoursAgo: 25, seconds: 5000)
        try fixture.gap(yard, hoursAgo: 3, seconds: nil)
        _ = try CameraStore(fixture.connection).setActive(gate, true)
        _ = try CameraStore(fixture.connection).setActive(gate, false)
        let holds = HoldStore(fixture.connection)
        let hold = try holds.create(
            camera: gate,
            from: fixture.hour.advanced(bySeconds: -100_000),
            to: fixture.hour,
            reason: "burglary",
            by: .observerctl
        )
        _ = try holds.create(
            camera: yard,
            from: fixture.hour.advanced(bySeconds: -100_000),
            to: fixture.hour,
            reason: "insurance",
            by: .observerctl
        )
        _ = try holds.release(hold.id, reason: "settled", by: .observerctl)
    }

    @Test func `an empty database gets all its rows back from the bucket`() throws {
        let fixture = try CatalogueFixture()
        try fill(fixture)
        try fixture.writeManifests()
        let before = try CatalogueFixture.rows(fixture.connection)
        #expect(before.count > 100)

        let empty = try TestDatabase()
        defer { withExtendedLifetime(empty) {} }
        let connection = empty.connect()
        let rebuild = CatalogueRebuild(fixture.bucket, connection)
        let report = try rebuild.run(by: "observerctl") { _, _ in }
        #expect(report["objects_asked_for"] == 0 && report["objects_unknown"] == 0 && report["manifests_damaged"] == 0)
        let after = try CatalogueFixture.rows(connection)
        #expect(Set(before).subtracting(after).sorted() == [] && Set(after).subtracting(before).sorted() == [])
        let camera = try #require(try CameraStore(connection).get(fixture.cameras[0]))
        #expect(!camera.camera.isActive && camera.camera.settings.url.contains(".invalid"))

        // Numbers go on where they were, and nothing that is recorded from now on passes for something older.
        let next = try CameraStore(connection).create(Sample.camera("New")).camera.id
        #expect(next > fixture.cameras[1])
        let epochs = try connection.rows("select epoch from assignments order by camera_id", as: (Int64).self)
        #expect(epochs == [4, 4])
        // A second one changes nothing.
        let again = try rebuild.run(by: "observerctl") { _, _ in }
        #expect(again["segments_added"] == 0 && again["gaps_added"] == 0)
        #expect(try Set(CatalogueFixture.rows(connection)).isSuperset(of: before))
        let status = try CatalogueStatusStore(connection).read()
        #expect(status.head == (try fixture.bucket.head()))
    }

    @Test func `what no manifest has is asked for, and what tells nothing is counted`() throws {
        let fixture = try CatalogueFixture()
        let gate = fixture.cameras[0]
        let written = try fixture.record(gate, hoursAgo: 10, count: 3)
        try fixture.writeManifests()
        let late = try fixture.record(gate, hoursAgo: 10, count: 2, hasRows: false)
        let newest = try fixture.record(gate, hoursAgo: 1, count: 5, hasRows: false)
        let silent = try fixture.record(gate, hoursAgo: 20, count: 2, hasRows: false, hasMetadata: false)
        let stranger = S3Upload(
            key: fixture.bucket.path.recordings(CatalogueDay(silent[0].header.stream, at: silent[0].startedAt))
                + "x.txt",
            body: .bytes([1]),
            sha256: SHA256.hex([1]),
            contentType: "text/plain"
        )
        try fixture.bucket.client.put(stranger)

        let empty = try TestDatabase()
        defer { withExtendedLifetime(empty) {} }
        let connection = empty.connect()
        let report = try CatalogueRebuild(fixture.bucket, connection).run(by: "observerctl") { _, _ in }
        #expect(report["objects_asked_for"] == 9 && report["objects_unknown"] == 3)
        #expect(report["segments_added"] == 10 && report["objects"] == 12)
        let all = written + late + newest
        let states = try SegmentStore(connection).states(of: all.map(\.id))
        #expect(states.count == 10 && Set(states.values) == [.stored])
        let record = try #require(try SegmentStore(connection).get(newest[0].id))
        #expect(record.segment == newest[0] && record.storedAt != nil)
    }

    @Test func `a rebuild that was ended goes on where it was`() throws {
        let fixture = try CatalogueFixture()
        for hours in stride(from: Int64(2), to: 100, by: 24) {
            try fixture.record(fixture.cameras[0], hoursAgo: hours, count: 2)
        }
        try fixture.writeManifests()
        let before = try CatalogueFixture.rows(fixture.connection)
        let empty = try TestDatabase()
        defer { withExtendedLifetime(empty) {} }
        let connection = empty.connect()
        let runs = CatalogueRunStore(connection)
        let days = try fixture.bucket.days(of: StreamID(fixture.cameras[0], .main))
        #expect(days.count >= 4 && days == days.sorted(by: >))
        // The first two days are done.
        var run = try runs.begin(.rebuild, by: "observerctl")
        let restorer = CatalogueRestorer(fixture.bucket, connection)
        try restorer.restore(fixture.cameras[0], &run.report)
        for day in days.prefix(2) { try restorer.restore(day, &run.report) }
        run.place = days[1].path
        try runs.save(run)
        var seen: [CatalogueDay] = []
        _ = try CatalogueRebuild(fixture.bucket, connection).run(by: "observerctl") { day, _ in seen.append(day) }
        #expect(seen == Array(days.dropFirst(2)))
        #expect(try Set(CatalogueFixture.rows(connection)) == Set(before))
    }

    @Test func `an hour that has expired leaves no manifest, and a change while it is written is not lost`() throws {
        let fixture = try CatalogueFixture()
        let (gate, store) = (fixture.cameras[0], CatalogueStore(fixture.connection))
        try fixture.record(gate, hoursAgo: 50, count: 2)
        try fixture.writeManifests()
        let hour = CatalogueHour(of: StreamID(gate, .main), at: fixture.hour.advanced(bySeconds: -50 * 3600))
        #expect(try fixture.bucket.read(fixture.bucket.path.manifest(hour)) != nil)
        #expect(try store.due(ManifestDue(at: fixture.hour.advanced(bySeconds: 100_000)), limit: 10).isEmpty)

        let late = try fixture.record(gate, hoursAgo: 50, count: 1)
        let seen = try #require(
            try store.due(ManifestDue(at: fixture.hour.advanced(bySeconds: 100_000)), limit: 10).first
        )
        #expect(seen.hour == hour)
        try SegmentStore(fixture.connection).write([.init(late[0], .lost, error: "no change: it is stored")])
        try fixture.record(gate, hoursAgo: 50, count: 1)
        try store.written(seen)
        #expect(try store.due(ManifestDue(at: fixture.hour.advanced(bySeconds: 100_000)), limit: 10).count == 1)

        try fixture.connection.execute(
            "with w as (update segments set state = 'expiring' returning 1) select count(*) from w"
        )
        let ids = try fixture.connection.rows("select id from segments", as: (SegmentID).self)
        try ExpiryStore(fixture.connection).markExpired(ids)
        try fixture.writeManifests()
        #expect(try fixture.bucket.read(fixture.bucket.path.manifest(hour)) == nil)
    }

    // MARK: A database that was restored

    @Test func `a database restored to an earlier backup is noticed and healed, and deletes nothing before`() throws {
        let fixture = try CatalogueFixture()
        let (gate, yard) = (fixture.cameras[0], fixture.cameras[1])
        try fixture.record(gate, hoursAgo: 30, count: 10)
        let waiting = try fixture.record(gate, hoursAgo: 20, count: 2, .spooled)
        try fixture.gap(yard, hoursAgo: 3, seconds: nil)
        try fixture.writeManifests()
        // The backup, of a time two hours ago.
        let backup = try TestDatabase(copying: fixture.database)
        let restored = backup.connect()
        try restored.execute("update catalogue_status set numbered_at = now() - interval '2 hours'")

        // Life goes on: recordings, a backlog, a gap that ends, another camera, a new name, a hold.
        for segment in waiting { try fixture.put(segment) }
        try SegmentStore(fixture.connection).write(waiting.map { .init($0, .stored, etag: "\"e\"") })
        try fixture.record(gate, hoursAgo: 25, count: 3)
        try fixture.record(gate, hoursAgo: 1, count: 20)
        try fixture.gap(yard, hoursAgo: 3, seconds: 100)
        let third = try CameraStore(fixture.connection).create(Sample.camera("Third")).camera.id
        try fixture.record(third, hoursAgo: 1, count: 2)
        var changes = CameraChanges()
        changes[\.name] = "Main gate"
        _ = try CameraStore(fixture.connection).patch(gate, changes)
        _ = try HoldStore(fixture.connection).create(
            camera: gate,
            from: fixture.hour.advanced(bySeconds: -7200),
            to: fixture.hour,
            reason: "theft",
            by: .observerctl
        )
        try fixture.writeManifests()
        // And the newest is not in a manifest yet.
        let newest = try fixture.record(gate, hoursAgo: 0, count: 3)
        let expected = try CatalogueFixture.rows(fixture.connection)

        let gateOfDeletion = CatalogueGate()
        let worker = CatalogueWorker(
            database: try CatalogueFixture.limited(backup),
            bucket: fixture.bucket,
            gate: gateOfDeletion,
            logger: Logger(label: "catalogue", level: .error)
        )
        #expect(gateOfDeletion.reason != nil)
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "catalogue") { worker.run(until: stop) }
        defer {
            stop.stop()
            thread.join()
            #expect(throws: Never.self) { try CatalogueFixture.dropRights(backup) }
        }
        let isHealed = poll(for: .seconds(60)) { gateOfDeletion.reason == nil }
        #expect(isHealed)
        let actual = try CatalogueFixture.rows(restored)
        let missing = Set(expected).subtracting(actual).filter { row in
            // What no manifest has is as its object says: stored when the object was.
            !newest.contains { row.contains($0.id.description) }
        }
        #expect(missing.sorted() == [])
        let states = try SegmentStore(restored).states(of: newest.map(\.id))
        #expect(states.count == 3 && Set(states.values) == [.stored])
        #expect(try CatalogueRunStore(restored).latest(.heal)?.report["segments_changed"] == 2)
        let isAdvanced = poll(for: .seconds(10)) {
            try CatalogueStatusStore(restored).number() == fixture.bucket.head()?.number
        }
        #expect(isAdvanced)
    }

    @Test func `what keeps the catalogue needs the rights of its file and no others`() throws {
        let fixture = try CatalogueFixture()
        try fill(fixture)
        try fixture.connection.execute("update catalogue_hours set changed_at = changed_at - interval '2 days'")
        let shell = fixture.shell(PostgresConnection(try CatalogueFixture.limited(fixture.database)))
        #expect(shell.perform(.compare) == .compared(.current))
        #expect(shell.perform(.lease) == .leased(true) && shell.perform(.advance) == .advanced)
        #expect(shell.perform(.writeCameras) == .wroteCameras && shell.perform(.watch) == .watched(isEnd: false))
        guard case .found(let changes) = shell.perform(.find) else {
            Issue.record("it finds nothing")
            return
        }
        #expect(changes.count > 5)
        for change in changes { #expect(shell.perform(.write(change)) == .written) }
        try shell.note("trouble")
        shell.release()
        try CatalogueFixture.dropRights(fixture.database)
    }

    @Test func `while the database is behind its bucket nothing is planned and nothing deleted`() throws {
        let fixture = try CatalogueFixture()
        try fixture.record(fixture.cameras[0], hoursAgo: 24 * 100, count: 3)
        let gate = CatalogueGate()
        let shell = fixture.shell(gate: gate)
        #expect(shell.perform(.lease) == .leased(true))
        for _ in 0..<3 { #expect(shell.perform(.advance) == .advanced) }
        #expect(shell.perform(.compare) == .compared(.current) && gate.reason == nil)
        let retention = RetentionShell(
            holder: "test",
            connection: fixture.database.connect(),
            buckets: [.home: S3RetentionBucket(fixture.bucket.client)],
            gate: gate,
            logger: Logger(label: "retention", level: .error)
        )
        #expect(retention.perform(.plan) == .planned)
        // Restored while everything runs.
        try fixture.connection.execute("update catalogue_status set number = 1")
        guard case .databaseFailed(let problem) = retention.perform(.decide(limit: 100)) else {
            Issue.record("it decides")
            return
        }
        #expect(problem.contains("earlier state"))
        #expect(gate.waitForSuspicion(until: .now()))
        #expect(shell.perform(.compare) == .compared(.behind) && gate.reason != nil)
        #expect(shell.perform(.heal) == .healed)
        #expect(shell.perform(.compare) == .compared(.current) && gate.reason == nil)
        guard case .decided = retention.perform(.decide(limit: 100)) else {
            Issue.record("it does not decide")
            return
        }
    }

    @Test func `the bucket of another database is left alone until a rebuild has brought it in`() throws {
        let fixture = try CatalogueFixture()
        try fixture.record(fixture.cameras[0], hoursAgo: 3, count: 3)
        try fixture.writeManifests()
        let other = try TestDatabase()
        defer { withExtendedLifetime(other) {} }
        let connection = other.connect()
        try connection.execute("update catalogue_status set catalogue = gen_random_uuid()")
        let gate = CatalogueGate()
        let shell = fixture.shell(connection, gate: gate)
        #expect(shell.perform(.compare) == .compared(.foreign) && gate.reason?.contains("rebuild") == true)
        _ = try CatalogueRebuild(fixture.bucket, connection).run(by: "observerctl") { _, _ in }
        #expect(shell.perform(.compare) == .compared(.current) && gate.reason == nil)
    }
}
