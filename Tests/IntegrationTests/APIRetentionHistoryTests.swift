import Encodings
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// The history of rules and holds, and what the pages say of the bucket.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct APIRetentionHistoryTests {
    private let harness: WebHarness
    private let camera: CameraID

    init() throws {
        harness = try WebHarness()
        camera = CameraID(rawValue: try harness.addCamera("Gate", #", "retention_days": 30"#))
    }

    @Test func `each change of a rule or a hold is written down, with what was before, and pages follow each other`()
        throws
    {
        let rule = try #require(harness.call("POST", "/retention/policies", #"{"tag": "yard", "longest_days": 10}"#).id)
        _ = harness.call("POST", "/retention/policies", #"{"tag": "yard", "most_bytes": 5000000000}"#, as: .operator)
        // The same once more is no change.
        _ = harness.call("POST", "/retention/policies", #"{"tag": "yard", "most_bytes": 5000000000}"#)
        #expect(harness.call("DELETE", "/retention/policies/\(rule)").status == 204)
        let range = #""from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z""#
        let body = #"{"camera_id": \#(camera), \#(range), "reason": "theft"}"#
        let hold = try #require(harness.call("POST", "/holds", body).id)
        #expect(harness.call("POST", "/holds/\(hold)/release", #"{"reason": "closed"}"#).status == 200)
        #expect(
            harness.call("POST", "/holds/\(hold)/release", #"{"reason": "again"}"#)["release_reason"]?.text == "closed"
        )
        let changes = try #require(harness.call("GET", "/retention/history", as: .viewer).json?.elements)
        let events = ["released", "held", "rule_deleted", "rule_written", "rule_written"]
        #expect(changes.map { $0["event"]?.text } == events)
        #expect(changes[0]["reason"]?.text == "closed" && changes[1]["hold_id"] == .int(hold))
        #expect(changes[2]["old"]?["most_bytes"] == .int(5_000_000_000) && changes[2]["new"] == .null)
        #expect(changes[3]["old"]?["longest_days"] == .int(10) && changes[3]["actor"]?.text == "token:operator")
        #expect(changes[4]["old"] == .null && changes[4]["tag"]?.text == "yard")
        let first = try #require(harness.call("GET", "/retention/history?limit=3").json?.elements)
        guard case .int(let last)? = first.last?["id"] else {
            Issue.record("a change has a number")
            return
        }
        let rest = harness.call("GET", "/retention/history?limit=3&after=\(last)").json?.elements ?? []
        #expect(first + rest == changes)
        #expect(harness.call("GET", "/retention/history?camera_id=\(camera)").json?.elements.count == 2)
        #expect(harness.call("GET", "/retention/history?limit=0").status == 422)
        let page = harness.call("GET", "/controller/storage", as: .viewer).text
        #expect(page.contains("Rule deleted") && page.contains("at most 10 days") && page.contains("closed"))
    }

    @Test func `a change of a rule or of a camera's days asks for a plan`() throws {
        let status = RetentionStatusStore(harness.context.database)
        let changes: [(String, String, String)] = [
            ("POST", "/retention/policies", #"{"longest_days": 10}"#),
            ("PATCH", "/cameras/\(camera)", #"{"retention_days": 40}"#),
        ]
        for (method, path, body) in changes {
            try status.notePlan()
            let answer = harness.call(method, path, body)
            #expect((200..<300).contains(answer.status), "\(path): \(answer.text)")
            #expect(try status.isPlanWanted(), "\(path)")
        }
    }

    @Test func `storage tells of versions that are kept and of what the store locks`() throws {
        let database = harness.context.database
        let status = RetentionStatusStore(database)
        #expect(harness.call("GET", "/storage")["retention"]?["versions"] == .null)
        try status.note(RetentionBucketState(versions: .kept, hasObjectLock: true))
        _ = try status.lease("a", seconds: 60)
        let start = try status.now().advanced(bySeconds: -86_400 * 40)
        let segment = Segment.sample(of: camera, at: start)
        try SegmentStore(database).write([SegmentStore.Outcome(segment, .stored)])
        try database.execute("update segments set state = 'expiring'")
        let until = Timestamp(rfc3339: "2031-01-02T03:04:05Z")
        try LockedSegmentStore(database).note([.init(of: segment.id, until: until)])
        let storage = harness.call("GET", "/storage", as: .viewer)
        #expect(storage["retention"]?["versions"]?.text == "kept")
        #expect(storage["retention"]?["has_object_lock"] == .bool(true))
        #expect(storage["locked"]?["segments"] == .int(1))
        #expect(storage["locked"]?["last_until"]?.text == until?.rfc3339)
        let page = harness.call("GET", "/controller/storage", as: .viewer).text
        #expect(page.contains("The bucket keeps versions") && page.contains("past their time"))
    }
}
