import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct SegmentStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: SegmentStore
    let camera = CameraID(rawValue: 7)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = SegmentStore(connection)
    }

    @Test func `a segment is registered as it is and read back the same`() throws {
        var segment = Segment.sample(of: camera, .sub)
        segment.end.flags = [.clockArrival, .recovered]
        try store.upsertSpooled([segment, Segment.sample(of: camera)])
        let record = try #require(try store.get(segment.id))
        #expect(record.segment == segment)
        #expect(
            (record.state, record.tries, record.error, record.etag, record.storedAt) == (.spooled, 0, nil, nil, nil)
        )
        #expect(try store.get(SegmentID.makeRandom()) == nil)
    }

    @Test func `a segment without flags has none`() throws {
        let segment = Segment.sample(of: camera)
        try store.upsertSpooled([segment])
        #expect(try store.get(segment.id)?.segment.end.flags == [])
    }

    @Test(arguments: [
        (SegmentState.spooled, SegmentState.spooled, SegmentState.spooled),
        (.spooled, .stored, .stored), (.spooled, .failed, .failed), (.spooled, .lost, .lost),
        (.spooled, .expired, .expired), (.failed, .stored, .stored), (.failed, .failed, .failed),
        (.failed, .spooled, .failed), (.failed, .lost, .lost), (.stored, .spooled, .stored),
        (.stored, .failed, .stored),
        (.stored, .lost, .stored), (.stored, .expired, .expired), (.expired, .spooled, .expired),
        (.expired, .stored, .expired), (.lost, .spooled, .lost), (.lost, .stored, .lost), (.lost, .failed, .lost),
    ])
    func `states move forward only`(first: SegmentState, second: SegmentState, result: SegmentState) throws {
        let segment = Segment.sample(of: camera)
        try store.write([SegmentStore.Outcome(segment, first)])
        try store.write([SegmentStore.Outcome(segment, second)])
        #expect(try store.get(segment.id)?.state == result)
    }

    @Test func `a failed upload keeps its reason until it succeeds`() throws {
        let segment = Segment.sample(of: camera)
        try store.markFailed(segment, tries: 3, error: "403 AccessDenied")
        let failed = try #require(try store.get(segment.id))
        #expect((failed.state, failed.tries, failed.error) == (.failed, 3, "403 AccessDenied"))
        #expect(try store.failed().map(\.segment.id) == [segment.id])
        try store.markStored(segment, etag: "abc", storedAt: Sample.start)
        try store.markStored(segment, etag: "abc")
        let stored = try #require(try store.get(segment.id))
        #expect((stored.state, stored.tries, stored.error, stored.etag) == (.stored, 3, nil, "abc"))
        #expect(stored.storedAt == Sample.start)
        #expect(try store.failed().isEmpty)
        #expect(try store.states(of: [segment.id, SegmentID.makeRandom()]) == [segment.id: .stored])
    }

    @Test func `pages by key hold each segment once, also while others are recorded`() throws {
        // Several with the same start, so that the identifier has to decide.
        let segments = (0..<25).map {
            Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0 / 3) * 10))
        }
        try store.upsertSpooled(segments)
        for isNewestFirst in [false, true] {
            var seen: [SegmentID] = []
            while true {
                let page = try store.list(
                    SegmentStore.Query(camera: camera, after: seen.last, limit: 7, isNewestFirst: isNewestFirst)
                )
                guard !page.isEmpty else { break }
                #expect(page.count <= 7)
                seen += page.map(\.segment.id)
                if seen.count == 7 {
                    try store.upsertSpooled([Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: -100))])
                    try store.upsertSpooled([Segment.sample(of: CameraID(rawValue: 8))])
                }
            }
            let ofOurs = seen.filter { id in segments.contains { $0.id == id } }
            #expect(Set(seen).count == seen.count && Set(ofOurs).count == 25)
        }
    }

    @Test func `a stretch of time has what overlaps it`() throws {
        let segments = (0..<6).map { Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
        try store.upsertSpooled(segments)
        func ids(from: Int64?, to: Int64?) throws -> [SegmentID] {
            try store.list(
                SegmentStore.Query(
                    camera: camera,
                    from: from.map { Sample.start.advanced(bySeconds: $0) },
                    to: to.map { Sample.start.advanced(bySeconds: $0) }
                )
            ).map(\.segment.id)
        }
        #expect(try ids(from: 15, to: 35) == segments[1...3].map(\.id))
        #expect(try ids(from: 20, to: 30) == [segments[2].id])
        #expect(try ids(from: nil, to: 10) == [segments[0].id])
        #expect(try ids(from: 50, to: nil) == [segments[5].id])
        #expect(try store.newest(of: camera)?.segment == segments[5])
        #expect(try store.newest(of: CameraID(rawValue: 8)) == nil)
    }

    @Test func `a page is answered by its index, however many segments there are`() throws {
        try connection.execute(
            """
            insert into segments (id, camera_id, epoch, run, sequence, spool_id, recorder, started_at, duration_ms, bytes, sha256,
                init_bytes, init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height, has_audio,
                end_reason, object_key, state)
            select gen_random_uuid(), 1 + n % 20, 1, gen_random_uuid(), 0, gen_random_uuid(), 'w', now() - n * interval '1 s',
                10000, 1, sha256(''), 1, sha256(''), 0, 0, 1, 'avc1', 1, 1, false, 'duration', 'k' || n, 'stored'
            from generate_series(20, 20000) n
            """,
            within: .seconds(60)
        )
        try connection.execute("analyze segments")
        let plan = try connection.rows(
            """
            explain select * from segments where camera_id = 7 and started_at > now() - interval '1 hour'
            order by started_at, id limit 10
            """,
            as: (String).self
        )
        #expect(plan.contains { $0.contains("segments_camera_time") })
    }
}

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct UserStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: UserStore
    let hash = [UInt8](repeating: 7, count: 32)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = UserStore(connection)
    }

    private func administrator() throws -> UserStore.User {
        _ = try store.create(name: "Admin", role: .admin, passwordHash: "scrypt:1")
        return try #require(try store.find(name: "admin"))
    }

    @Test func `a user is created once and found in any case`() throws {
        let user = try administrator()
        #expect((user.name, user.role, user.passwordHash, user.isDisabled) == ("admin", .admin, "scrypt:1", false))
        #expect(try !store.create(name: "ADMIN", role: .viewer, passwordHash: nil))
        #expect(try store.find(name: "ADMIN") == user)
        #expect(try store.find(name: "nobody") == nil)
    }

    @Test func `a new password ends all sessions`() throws {
        let user = try administrator()
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: "x")
        #expect(try store.setPassword(name: "admin", hash: "scrypt:2"))
        #expect(try store.findSession(hash: hash) == nil)
        #expect(try !store.setPassword(name: "nobody", hash: "scrypt:2"))
        try store.rehash(user: user.id, from: "scrypt:1", to: "scrypt:3")
        #expect(try store.find(name: "admin")?.passwordHash == "scrypt:2")
        try store.rehash(user: user.id, from: "scrypt:2", to: "scrypt:3")
        #expect(try store.find(name: "admin")?.passwordHash == "scrypt:3")
    }

    @Test func `a session lives until it is deleted, unused or its user disabled`() throws {
        let user = try administrator()
        let agent = String(repeating: "a", count: 1000)
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: agent)
        let session = try #require(try store.findSession(hash: hash))
        #expect((session.userName, session.role, session.csrf) == ("admin", .admin, "0123456789abcdef"))
        #expect(try store.findSession(hash: [UInt8](repeating: 8, count: 32)) == nil)

        try connection.execute("update sessions set seen_at = now() - interval '20 minutes'")
        #expect(try store.findSession(hash: hash) != nil)
        let touched: SQL = "select count(*) from sessions where seen_at > now() - interval '1 minute'"
        #expect(try connection.rows(touched, as: (Int).self) == [1])

        try connection.execute("update users set disabled_at = now()")
        #expect(try store.findSession(hash: hash) == nil)
        try connection.execute("update users set disabled_at = null")
        try connection.execute("update sessions set seen_at = now() - interval '31 minutes'")
        #expect(try store.findSession(hash: hash) == nil)
        try store.prune()
        #expect(try connection.rows("select count(*) from sessions", as: (Int).self) == [0])
        try store.deleteSession(hash: hash)
    }

    @Test func `a token works until it is revoked or over`() throws {
        #expect(try store.createToken(name: "script", role: .operator, prefix: "obs_ab", hash: hash))
        #expect(
            try !store.createToken(
                name: "script",
                role: .admin,
                prefix: "obs_cd",
                hash: [UInt8](repeating: 1, count: 32)
            )
        )
        let token = try #require(try store.findToken(hash: hash))
        #expect((token.name, token.role) == ("script", .operator))
        let used: SQL = "select last_used_at from api_tokens"
        let first = try connection.rows(used, as: (SQLTimestamp?).self)
        #expect(first.first != .some(nil))
        _ = try store.findToken(hash: hash)
        #expect(try connection.rows(used, as: (SQLTimestamp?).self) == first)
        try connection.execute("update api_tokens set expires_at = now() - interval '1 second'")
        #expect(try store.findToken(hash: hash) == nil)
        try connection.execute("update api_tokens set expires_at = null")
        #expect(try store.revokeToken(name: "script"))
        #expect(try !store.revokeToken(name: "script"))
        #expect(try store.findToken(hash: hash) == nil)
    }

    @Test func `failed sign-ins are counted for the worst key`() throws {
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 0)
        try store.noteFailedLogin(for: ["user:a", "address:x"])
        try store.noteFailedLogin(for: ["user:b", "address:x"])
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 2)
        #expect(try store.failedLogins(for: ["user:a"], withinSeconds: 900) == 1)
        try store.clearFailedLogins(for: "address:x")
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 1)
        try connection.execute("update login_attempts set at = now() - interval '901 seconds'")
        #expect(try store.failedLogins(for: ["user:a"], withinSeconds: 900) == 0)
    }
}
