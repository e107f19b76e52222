import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// The rights of the services' database roles on a real server: each does its work, and no other.
///
/// Beside these, the suites that run the programs sign in with the same roles.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct ServiceRoleTests {
    let database: TestDatabase
    let owner: PostgresConnection

    init() throws {
        database = try TestDatabase()
        owner = database.connect()
    }

    private func connection(_ service: String) throws -> PostgresConnection {
        PostgresConnection(try PostgresConfiguration(url: database.url(as: service), applicationName: service))
    }

    // MARK: Forbidden

    /// Statements that none of them may run.
    private static let forbidden: [SQL] = [
        "create table mine (id int)", "drop table segments", "alter table cameras add column mine int",
        "truncate segments", "create role mine", "set role postgres", "alter system set fsync = off",
        "copy (select 1) to program 'id'", "copy cameras to '/dev/null'",
        "select pg_read_file('/etc/passwd')", "create function mine() returns int language sql as 'select 1'",
        "create trigger mine before insert on segments for each row execute function suppress_redundant_updates_trigger()",
        "delete from segments", "delete from users", "delete from cameras", "delete from holds",
        "delete from retention_history", "update retention_history set actor = 'x'", "update segments set bytes = 0",
        "insert into schema_migrations (version, step, name, step_name, kind, checksum, compatible) values (9999, 0, '', '', '', '', true)",
        "delete from schema_migrations", "select passwd from pg_shadow", "grant observer_web to observer_capture",
    ]

    /// Statements that one of them may not run besides.
    private static let apart: [(service: String, statement: SQL)] =
        ["capture", "upload", "retention"].flatMap { service in
            [
                "select 1 from users", "select password_hash from users", "select 1 from sessions",
                "select hash from sessions",
                "select 1 from api_tokens", "select 1 from login_attempts",
                "insert into users (name, role) values ('x', 'admin')",
                "update users set role = 'admin'",
                "insert into api_tokens (name, role, prefix, hash) values ('x', 'admin', '', '')",
            ].map { (service, $0 as SQL) }
        } + [
            ("capture", "update cameras set url = 'rtsp://x/'"), ("capture", "update cameras set is_active = false"),
            ("capture", "delete from segments_default"), ("capture", "update holds set released_at = now()"),
            ("capture", "select remove_expired_segments(10)"), ("capture", "insert into deletions default values"),
            ("upload", "select url from cameras"), ("upload", "select password_sealed from cameras"),
            ("upload", "select username from cameras"), ("upload", "select 1 from recorders"),
            ("upload", "update uploaders set spool_id = null where false; delete from uploaders"),
            ("upload", "select create_segment_partition(date '2001-01-01')"), ("upload", "delete from gaps"),
            ("web", "update segments set state = 'expired'"), ("web", "insert into segments (id) values (null)"),
            ("web", "delete from gaps"), ("web", "select drop_expired_partition(date '2020-01-06')"),
            ("web", "delete from camera_hours"), ("web", "update recorders set fenced = true"),
            ("web", "update holds set reason = ''"), ("web", "delete from deletions"),
            ("retention", "select url from cameras"), ("retention", "select password_sealed from cameras"),
            ("retention", "update cameras set url = ''"),
            ("retention", "select drop_expired_partition(date '2020-01-06')"),
        ]

    @Test func `no service has the rights of another, of the owner or of the server`() throws {
        _ = try CameraStore(owner).create(Sample.camera())
        for service in ServiceRoles.names {
            let connection = try connection(service)
            let own = Self.apart.filter { $0.service == service }.map(\.statement)
            for statement in Self.forbidden + own {
                let error = #expect(throws: PostgresError.self, "\(service): \(statement.text)") {
                    try connection.executeScript(unsafe: statement.text)
                }
                #expect(error?.kind == .forbidden, "\(service): \(statement.text): \(String(describing: error))")
            }
        }
    }

    @Test func `every table is in the hands of a role, or of the owner alone on purpose`() throws {
        let tables = try owner.rows(
            """
            select c.relname::text from pg_class c
            where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
                and not has_table_privilege('observer_web', c.oid, 'select')
            """,
            as: (String).self
        )
        #expect(tables.isEmpty, "sql/roles/web.sql does not name \(tables)")
    }

    @Test func `rights are given anew each time, and what a role had besides is taken`() throws {
        try owner.execute("grant delete on segments to observer_web")
        try owner.execute("grant update (url) on cameras to observer_capture")
        let all = try ServiceRoles.load(from: "\(TestEnvironment.repository)/sql/roles")
        #expect(try ServiceRoles(owner).grant(all) == all.map(\.role))
        #expect(throws: PostgresError.self) { try connection("web").execute("delete from segments") }
        #expect(throws: PostgresError.self) {
            try connection("capture").execute("update cameras set url = 'rtsp://x/'")
        }
        #expect(try connection("web").rows("select count(*) from cameras", as: (Int).self) == [0])
    }

    // MARK: Work

    @Test func `a recorder registers, claims, reports, and writes recordings and gaps`() throws {
        let camera = try CameraStore(owner).create(Sample.camera { $0.isActive = true }, sealedPassword: [1, 2]).camera
            .id
        let connection = try connection("capture")
        let recorders = RecorderStore(connection)
        let incarnation = try recorders.register("node-a", spool: Sample.spoolID, version: "1")
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: incarnation).map(\.cameraID) == [camera])
        #expect(
            try recorders.assignedCameras(to: "node-a", incarnation: incarnation).map(\.sealedPassword) == [[1, 2]]
        )
        #expect(try recorders.heartbeat("node-a", incarnation: incarnation))
        #expect(try recorders.taken([camera], from: "node-b").isEmpty)
        let statuses = StatusStore(connection)
        #expect(
            try statuses.write([
                CameraStatus(stream: StreamID(camera, .main), epoch: 1, state: .recording, since: Sample.now)
            ]) == 1
        )
        try statuses.putSnapshot([1, 2, 3], takenAt: Sample.now, of: camera)
        try statuses.noteLooks(at: [camera])
        try SegmentStore(connection).upsertSpooled([Segment.sample(of: camera, at: Sample.now)])
        let coverage = CoverageStore(connection)
        #expect(try coverage.wanted([camera])[camera]?.count == 1)
        #expect(try coverage.segments([camera: nil])[camera]?.count == 1)
        #expect(try coverage.newestGaps([camera]).isEmpty)
        try recorders.release("node-a", incarnation: incarnation)
        #expect(try recorders.fence("node-a", incarnation: incarnation, heartbeat: 1))
    }

    @Test func `an uploader reports, stores, takes retries, and looks after partitions`() throws {
        let camera = try CameraStore(owner).create(Sample.camera()).camera.id
        let connection = try connection("upload")
        let (segments, uploaders) = (SegmentStore(connection), UploaderStore(connection))
        let claimant = UploaderStore.Claimant(
            spoolID: Sample.spoolID,
            name: "u",
            instance: .makeRandom(),
            place: "here"
        )
        #expect(try uploaders.report(UploaderReport(), by: claimant) == .granted(hasRetries: false))
        let segment = Segment.sample(of: camera, at: Sample.now)
        try segments.upsertSpooled([segment])
        try segments.markFailed(segment, tries: 3, error: "403")
        _ = try FailedUploadStore(self.connection("web")).retry(segment.id, by: .observerctl)
        #expect(try FailedUploadStore(connection).takeRetries(of: segment.header.origin.spoolID) == [segment.id])
        try segments.markStored(segment, etag: nil)
        #expect(try segments.states(of: [segment.id]) == [segment.id: .stored])
        #expect(try segments.elsewhere(lacking: .home, spool: Sample.spoolID).isEmpty)

        let week = SegmentWeek(of: Sample.now).advanced(by: 3)
        try owner.executeScript(unsafe: "drop table \(week.partition)")
        let partitions = PartitionStore(connection)
        #expect(try partitions.prepare() == [week])
        #expect(try partitions.condition().missing.isEmpty)
        let old = Segment.sample(
            of: camera,
            at: SegmentWeek(of: Sample.now).advanced(by: -6).start.advanced(bySeconds: 9)
        )
        try segments.upsertSpooled([old])
        #expect(try partitions.rehouseStrays().count == 1)
        #expect(try partitions.dropExpired(endedBefore: 2).isEmpty)
        try segments.write([SegmentStore.Outcome(old, .expired)])
        #expect(try partitions.dropExpired(endedBefore: 2).count == 1)
        #expect(try partitions.removeExpired() == 0)
        try uploaders.end(claimant)
    }

    @Test func `people are signed in, and tokens work, by the role of the pages`() throws {
        let hash = [UInt8](repeating: 7, count: 32)
        let store = UserStore(try connection("web"))
        #expect(try UserStore(owner).create(name: "admin", role: .admin, passwordHash: "scrypt:1"))
        let user = try #require(try store.find(name: "admin"))
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: "x")
        #expect(try store.findSession(hash: hash)?.userName == "admin")
        try store.rehash(user: user.id, from: "scrypt:1", to: "scrypt:2")
        #expect(try store.find(name: "admin")?.passwordHash == "scrypt:2")
    }
}
