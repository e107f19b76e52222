import Crypto
import Encodings
import FoundationEssentials
import HTTPClient
import Logging
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import System
import TestSupport
import Testing

/// A database, a bucket below a prefix of its own, and recordings in both.
struct CatalogueFixture {
    let database: TestDatabase
    let connection: PostgresConnection
    let bucket: CatalogueBucket
    let prefix: String
    let cameras: [CameraID]
    /// The present hour, by the database's clock.
    let hour: Timestamp
    static let body = [UInt8](repeating: 7, count: 1000)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        prefix = String(Store.scratch().dropLast())
        let store = try #require(Store.all.first)
        bucket = CatalogueBucket(try store.client(), prefix: prefix)
        let cameras = CameraStore(connection)
        self.cameras = try ["Gate", "Yard"].map { name in
            try cameras.create(
                Sample.camera(name) {
                    $0.tags = ["outdoor"]
                    $0.retentionDays = 90
                }
            ).camera.id
        }
        hour = try RetentionStatusStore(connection).now().startOfHour
    }

    /// Segments one after the other, with objects in the bucket where they are stored.
    @discardableResult
    func record(
        _ camera: CameraID,
        _ kind: StreamKind = .main,
        hoursAgo hours: Int64,
        count: Int,
        _ state: SegmentState = .stored,
        hasObjects: Bool? = nil,
        hasRows: Bool = true,
        hasMetadata: Bool = true,
        origin: SegmentOrigin = SegmentOrigin(recorder: "node-a", spoolID: Sample.spoolID)
    ) throws -> [Segment] {
        let start = hour.advanced(bySeconds: -3600 * hours)
        let segments = (0..<count).map { index in
            var segment = Segment.sample(
                of: camera,
                kind,
                at: start.advanced(bySeconds: Int64(index) * 10),
                origin: origin,
                prefix: prefix
            )
            segment.media.bytes = Int64(Self.body.count)
            segment.media.sha256 = SHA256.hex(Self.body)
            segment.end.flags = index == 0 ? [.recovered] : []
            return segment
        }
        if hasObjects ?? (state == .stored || state == .expiring) {
            for segment in segments { try put(segment, hasMetadata: hasMetadata) }
        }
        guard hasRows else { return segments }
        let first = state == .expiring || state == .expired ? SegmentState.stored : state
        let store = SegmentStore(connection)
        try store.write(
            segments.map {
                SegmentStore.Outcome($0, first, tries: 1, error: state == .lost ? "gone" : nil, etag: "\"e\"")
            }
        )
        if state == .expiring || state == .expired { try expire(segments, of: StreamID(camera, kind)) }
        if state == .expired { try ExpiryStore(connection).markExpired(segments.map(\.id)) }
        return segments
    }

    /// Decides about segments as retention does, which are the oldest of their stream; each decision counts as
    /// planned on a day of its own.
    private func expire(_ segments: [Segment], of stream: StreamID) throws {
        let ids = segments.map(\.id)
        try connection.execute(
            "update segments set created_at = started_at + interval '15 seconds' where id = any(\(ids))"
        )
        let before = hour.advanced(bySeconds: 0)
        let end = try #require(segments.map(\.endedAt).max()).startOfHour.advanced(bySeconds: 3600)
        try connection.execute(
            """
            insert into deletions (camera_id, stream, reason, before, state, due_segments, due_bytes, planned_on)
            select \(stream.camera), \(stream.kind), 'age', \(min(before, end)), 'running', 0, 0,
                date '2020-01-01' + count(*)::int
            from deletions
            """
        )
        while try ExpiryStore(connection).decide().map({ !$0.segments.isEmpty }) ?? false {}
    }

    func put(_ segment: Segment, hasMetadata: Bool = true, in client: S3Client? = nil) throws {
        var upload = S3Upload(
            key: segment.header.objectKey,
            body: .bytes(Self.body),
            sha256: segment.media.sha256,
            contentType: "video/mp4"
        )
        if hasMetadata {
            let json = String(decoding: try JSONEncoder().encode(segment), as: UTF8.self)
            upload.metadata = [("sha256", segment.media.sha256), ("segment", json)]
        }
        try (client ?? bucket.client).put(upload)
    }

    func gap(_ camera: CameraID, hoursAgo hours: Int64, seconds: Int64?, epoch: Int64 = 3) throws {
        let start = Timestamp(microseconds: hour.advanced(bySeconds: -3600 * hours).microseconds + 1_500_123)
        var gap = Gap(
            stream: StreamID(camera, .main),
            epoch: epoch,
            startedAt: start,
            cause: .unreachable,
            detail: "no answer"
        )
        let store = GapStore(connection)
        try store.apply(.open(gap), recorder: "node-a")
        guard let seconds else { return }
        gap.endedAt = start.advanced(bySeconds: seconds)
        try store.apply(.close(gap), recorder: "node-a")
    }

    func shell(_ connection: PostgresConnection? = nil, gate: CatalogueGate = CatalogueGate()) -> CatalogueShell {
        CatalogueShell(
            holder: "test",
            connection: connection ?? self.connection,
            bucket: bucket,
            gate: gate,
            logger: Logger(label: "catalogue", level: .error)
        )
    }

    /// The way in of observer-retention, with its rights alone; they are dropped by ``dropRights(_:)``.
    static func limited(_ database: TestDatabase) throws -> PostgresConfiguration {
        let owner = database.connect()
        // Roles belong to the whole server: another suite may just be changing this one.
        let isReady = poll {
            try owner.executeScript(
                unsafe: """
                    do $$ begin create role observer_retention login;
                    exception when duplicate_object or unique_violation then null; end $$;
                    alter role observer_retention password 'retention'
                    """
            )
            return true
        }
        #expect(isReady)
        try owner.executeScript(unsafe: try TestEnvironment.text(of: "sql/roles/retention.sql"))
        let place = try #require(database.url.split(separator: "@").last)
        return try PostgresConfiguration(
            url: "postgresql://observer_retention:retention@\(place)",
            applicationName: "observer-retention"
        )
    }

    static func dropRights(_ database: TestDatabase) throws {
        try database.connect().executeScript(unsafe: "drop owned by observer_retention")
    }

    /// The settings of `observerctl` for a database and this bucket.
    func environment(_ database: TestDatabase) throws -> String {
        let store = try #require(Store.all.first)
        let credentials = try store.credentials()
        return """
            OBSERVER_DATABASE_URL='\(database.url)' OBSERVER_S3_BUCKET=observer-tests OBSERVER_S3_PREFIX=\(prefix) \
            AWS_ENDPOINT_URL_S3=\(try TestEnvironment.address(of: store.server)) AWS_REGION=us-east-1 \
            AWS_ACCESS_KEY_ID=\(credentials.accessKeyID) AWS_SECRET_ACCESS_KEY=\(credentials.secretAccessKey.expose()) \
            OBSERVER_SPOOL=/nonexistent
            """
    }

    /// Writes all that has changed, as if two days had passed.
    func writeManifests() throws {
        try connection.execute("update catalogue_hours set changed_at = changed_at - interval '2 days'")
        let shell = shell()
        #expect(shell.perform(.lease) == .leased(true))
        #expect(shell.perform(.writeCameras) == .wroteCameras)
        while case .found(let changes) = shell.perform(.find), !changes.isEmpty {
            for change in changes { try #require(shell.perform(.write(change)) == .written) }
        }
        #expect(shell.perform(.advance) == .advanced)
        shell.release()
    }

    /// All rows of which a promise is made, as text.
    static func rows(_ connection: PostgresConnection) throws -> [String] {
        let queries: [SQL] = [
            """
            select 's' || (to_jsonb(s) - 'previous_state')::text from segments s where state <> 'expired' order by id
            """,
            "select 'g' || (to_jsonb(g) - 'id')::text from gaps g order by camera_id, stream, started_at",
            "select 'h' || to_jsonb(h)::text from holds h order by id",
            "select 'w' || to_jsonb(w)::text from camera_switches w order by camera_id, at",
            """
            select 'c' || (to_jsonb(c) - array['url', 'sub_url', 'username', 'password_sealed', 'is_active', 'transport', 'tls',
                'updated_at'])::text from cameras c order by id
            """,
            """
            select 'm' || (to_jsonb(m) - 'entered_at')::text from camera_hours m
            where segments <> 0 or gap_ms <> 0 order by camera_id, stream, hour
            """,
            "select 'b' || to_jsonb(b)::text from camera_backlog b where waiting_ms <> 0 order by camera_id, stream",
        ]
        return try queries.flatMap { query in
            try connection.query(query) { row throws(PostgresError) in try row.next(String.self) }
        }
    }
}
