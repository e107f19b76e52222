import ObserverCore
import ObserverStore
import Postgres
import SeededNumbers
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(3)))
struct RetentionStoreTests {
    @Test func `what is older than the camera's days is decided, and gone for everybody who asks`() throws {
        let fixture = try RetentionFixture(days: 1)
        let old = try fixture.record(hoursAgo: 30)
        let young = try fixture.record(hoursAgo: 20)
        let plan = try fixture.takePlan()
        #expect(plan.deletions.map(\.due.segments) == [3])
        let decided = try fixture.decideAll()
        #expect(decided.map(\.id) == old.map(\.id))
        #expect(decided.map(\.objectKey) == old.map(\.header.objectKey))
        let store = SegmentStore(fixture.connection)
        #expect(try fixture.states(old) == [.expiring])
        #expect(try store.list(.init(camera: fixture.camera)).map(\.segment.id) == young.map(\.id))
        try ExpiryStore(fixture.connection).markExpired(old.map(\.id))
        #expect(try fixture.states(old) == [.expired] && fixture.states(young) == [.stored])
        #expect(try fixture.plan().deletions.isEmpty)
        let record = try #require(try DeletionStore(fixture.connection).list().first)
        #expect(record.state == .done && record.decided == RetentionSum(segments: 3, bytes: 7_500_000))
    }

    @Test func `the sums of the hours follow each decision, and stay when it is carried out`() throws {
        let fixture = try RetentionFixture(days: 1)
        let old = try fixture.record(hoursAgo: 30, count: 20, seconds: 200)
        try fixture.record(hoursAgo: 20)
        try fixture.takePlan()
        let sums: SQL = """
            select coalesce(sum(segments), 0)::bigint, coalesce(sum(bytes), 0)::bigint, coalesce(sum(covered_ms), 0)::bigint
            from camera_hours
            """
        func expectSums() throws {
            let counted: SQL = """
                select count(*), sum(bytes)::bigint, sum(duration_ms)::bigint from segments where state = 'stored'
                """
            let (left, right) = (
                try fixture.connection.rows(sums, as: (Int64, Int64, Int64).self),
                try fixture.connection.rows(counted, as: (Int64, Int64, Int64).self)
            )
            #expect(left.elementsEqual(right) { $0 == $1 })
        }
        while let step = try ExpiryStore(fixture.connection).decide(limit: 7), !step.segments.isEmpty {
            try expectSums()
        }
        try ExpiryStore(fixture.connection).markExpired(old.map(\.id))
        try expectSums()
        // A recorder that repeats itself brings nothing back.
        try SegmentStore(fixture.connection).write(old.map { SegmentStore.Outcome($0, .stored) })
        try expectSums()
    }

    @Test func `the statement takes what the value takes, whatever the rows are like`() throws {
        let fixture = try RetentionFixture(days: 1)
        var generator = SeededGenerator(seed: 7)
        let holds = try (0..<4).map { _ in
            let start = fixture.hour.advanced(bySeconds: -Int64.random(in: 0...400_000, using: &generator))
            let end = start.advanced(bySeconds: Int64.random(in: 1...20_000, using: &generator))
            return try HoldStore(fixture.connection)
                .create(camera: fixture.camera, from: start, to: end, reason: "theft", by: .observerctl)
        }
        for hours in stride(from: Int64(1), to: 110, by: 3) {
            let states: [SegmentState] = [.stored, .stored, .lost, .spooled, .failed]
            let state = states.randomElement(using: &generator) ?? .stored
            let late: Int64 = [15, 15, 7300, 200_000].randomElement(using: &generator) ?? 15
            try fixture.record(
                hoursAgo: hours,
                count: 4,
                state,
                late: late,
                seconds: [1, 900].randomElement(using: &generator) ?? 1
            )
        }
        let plan = try fixture.takePlan()
        let deletion = try #require(plan.deletions.first)
        let spans = holds.map { TimeSpan(from: $0.from, to: $0.to) }
        let rows = try SegmentStore(fixture.connection).list(.init(camera: fixture.camera))
        let expected = rows.filter { row in
            let start = row.segment.startedAt
            let end = start.advanced(byMilliseconds: row.segment.end.durationMilliseconds)
            let candidate = RetentionDeletion.Candidate(
                of: fixture.stream,
                TimeSpan(from: start, to: end),
                row.state,
                enteredAt: row.createdAt
            )
            return deletion.takes(candidate, holds: spans)
        }
        #expect(rows.count > 100 && expected.count > 10)
        #expect(try fixture.decideAll(limit: 9).map(\.id) == expected.map(\.segment.id))
    }

    @Test func `a plan counts what is held or waits, so that it announces exactly what goes`() throws {
        let fixture = try RetentionFixture(days: 1)
        try fixture.record(hoursAgo: 50, count: 6)
        try fixture.record(hoursAgo: 40, count: 2, .spooled)
        try fixture.record(hoursAgo: 30, count: 2, .failed)
        let start = fixture.hour.advanced(bySeconds: -50 * 3600)
        let hold = try HoldStore(fixture.connection).create(
            camera: fixture.camera,
            from: start.advanced(bySeconds: 15),
            to: start.advanced(bySeconds: 30),
            reason: "theft",
            by: .user("anna")
        )
        #expect(try HoldStore(fixture.connection).sum(of: hold) == RetentionSum(segments: 2, bytes: 5_000_000))
        #expect(try fixture.takePlan().deletions.map(\.due.segments) == [4])
        #expect(try fixture.decideAll().count == 4)
        let released = try HoldStore(fixture.connection).release(hold.id, reason: "case closed", by: .user("ben"))
        #expect(released?.release?.actor == "user:ben")
        #expect(try fixture.takePlan().deletions.map(\.due.segments) == [2])
        #expect(try fixture.decideAll().count == 2)
        #expect(try fixture.plan().deletions.isEmpty)
    }

    @Test func `a rule of a size takes the oldest of all its cameras`() throws {
        let fixture = try RetentionFixture(days: 3650, tags: ["yard"])
        for hours in [100, 90, 80, 70] as [Int64] { try fixture.record(hoursAgo: hours, count: 2) }
        let rule = RetentionPolicy(.tag("yard"), .init(mostBytes: 11_000_000))
        let plan = try fixture.takePlan([rule])
        #expect(plan.deletions.map(\.reason) == [.size] && plan.deletions.map(\.due.segments) == [4])
        #expect(try fixture.decideAll().count == 4)
        #expect(try fixture.plan([rule]).deletions.isEmpty)
        let other = RetentionPolicy(.tag("till"), .init(mostBytes: 1_000_000))
        #expect(try fixture.plan([other]).deletions.isEmpty)
    }

    @Test func `a camera that is deleted with its recordings loses what does not wait, the rest later`() throws {
        let fixture = try RetentionFixture(days: 30)
        let stored = try fixture.record(hoursAgo: 0, count: 1)
        let waiting = try fixture.record(hoursAgo: 2, count: 1, .spooled)
        try fixture.connection.execute("update cameras set discards_recordings = true where id = \(fixture.camera)")
        try fixture.takePlan()
        #expect(try fixture.decideAll().map(\.id) == stored.map(\.id))
        try SegmentStore(fixture.connection).write(waiting.map { SegmentStore.Outcome($0, .stored) })
        try fixture.takePlan()
        #expect(try fixture.decideAll().map(\.id) == waiting.map(\.id))
    }

    @Test func `what is unusual waits until it is approved, once`() throws {
        let fixture = try RetentionFixture(days: 1)
        try fixture.record(hoursAgo: 50, count: 8)
        try fixture.record(hoursAgo: 5, count: 2)
        let store = DeletionStore(fixture.connection)
        func take() throws -> DeletionRecord? {
            let facts = try RetentionFactStore(fixture.connection).facts([], at: fixture.hour)
            let plan = RetentionPlan(facts, at: fixture.hour)
            try store.take(plan.decisions(totals: facts.totals, usual: try store.usual()))
            let records = try store.list(limit: 1)
            return records.first
        }
        let waiting = try #require(try take())
        #expect(waiting.state == .waiting && waiting.objection?.contains("tenth") == true)
        #expect(try fixture.decideAll().isEmpty)
        #expect(try take()?.state == .waiting)
        #expect(try store.approve(nil, by: .user("anna")) == 1)
        #expect(try ExpiryStore(fixture.connection).decide(limit: 3)?.segments.count == 3)
        // The next plan of the same deletion is approved already.
        let running = try #require(try take())
        #expect(running.id == waiting.id && running.state == .running && running.actor == "user:anna")
        #expect(try fixture.decideAll().count == 5)
        #expect(try take()?.state == .done)
    }

    @Test func `a deletion that is paused stays so, and one that no rule wants any more ends`() throws {
        let fixture = try RetentionFixture(days: 1)
        try fixture.record(hoursAgo: 50, count: 8)
        let store = DeletionStore(fixture.connection)
        try fixture.takePlan()
        let id = try #require(try store.list().first?.id)
        #expect(try store.pause(id, by: .user("anna")))
        try fixture.takePlan()
        #expect(try store.get(id)?.state == .paused)
        #expect(try fixture.decideAll().isEmpty)
        #expect(try store.approve(nil, by: .observerctl) == 0)
        #expect(try store.approve([id], by: .observerctl) == 1)
        #expect(try store.get(id)?.state == .running)
        try fixture.connection.execute("update cameras set retention_days = 30")
        try fixture.takePlan()
        #expect(try store.get(id)?.state == .done)
        #expect(try fixture.decideAll().isEmpty)
        #expect(try !store.pause(id, by: .observerctl))
    }

    @Test func `rules are stored as they are, one for each scope`() throws {
        let fixture = try RetentionFixture()
        let store = RetentionPolicyStore(fixture.connection)
        let rules = [
            RetentionPolicy(.all, .init(mostBytes: 1 << 40)),
            RetentionPolicy(.tag("yard"), .init(longestDays: 10, shortestDays: 2)),
            RetentionPolicy(.camera(fixture.camera), .init(shortestDays: 7)),
        ]
        for rule in rules { #expect(try store.set(rule, by: .user("anna")).policy == rule) }
        let changed = RetentionPolicy(.all, .init(longestDays: 90))
        let stored = try store.set(changed, by: .user("ben"))
        #expect(stored.actor == "user:ben")
        #expect(try store.list().map(\.policy) == [changed] + rules[1...])
        #expect(try store.delete(stored.id, by: .observerctl) && !store.delete(stored.id, by: .observerctl))
        let unknown = RetentionPolicy(.camera(CameraID(rawValue: 99)), .init(longestDays: 1))
        let error = #expect(throws: PostgresError.self) { try store.set(unknown, by: .observerctl) }
        #expect(error?.kind == .foreignKeyViolation)
    }

    @Test func `one process has the lease, until it ends or falls silent`() throws {
        let fixture = try RetentionFixture()
        let store = RetentionStatusStore(fixture.connection)
        #expect(try store.lease("a", seconds: 60)?.wantsPlan == true)
        try store.notePlan()
        #expect(try store.lease("a", seconds: 60)?.wantsPlan == false)
        #expect(try store.lease("b", seconds: 60) == nil)
        try store.release("a")
        #expect(try store.lease("b", seconds: 0) != nil)
        try store.askForPlan()
        #expect(try store.lease("a", seconds: 60)?.wantsPlan == true)
        #expect(try store.read().holder == "a")
        try store.note("the store: away")
        let since = try #require(try store.read().failedSince)
        try store.note("the store: slow")
        #expect(try store.read().failedSince == since && store.read().error == "the store: slow")
        try store.note(nil)
        #expect(try store.read().failedSince == nil && store.read().error == nil)
    }
}
