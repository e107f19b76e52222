import Encodings
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// Rules, previews, deletions and holds, from requests to rows.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct APIRetentionTests {
    private let harness: WebHarness
    private let database: PostgresConnection
    private let camera: CameraID
    private let now: Timestamp

    init() throws {
        harness = try WebHarness()
        database = harness.context.database
        camera = CameraID(rawValue: try harness.addCamera("Gate", #", "retention_days": 30, "tags": ["yard"]"#))
        now = try RetentionStatusStore(database).now().startOfHour
    }

    /// Stored segments so many days old, entered in time.
    @discardableResult
    private func record(daysAgo days: Int64, count: Int = 3) throws -> [Segment] {
        let start = now.advanced(bySeconds: -86_400 * days)
        let segments = (0..<count).map { Segment.sample(of: camera, at: start.advanced(bySeconds: Int64($0) * 10)) }
        try SegmentStore(database).write(segments.map { SegmentStore.Outcome($0, .stored) })
        try database.execute("update segments set created_at = started_at + interval '15 s'")
        try database.execute("update camera_hours set entered_at = hour + interval '1 minute'")
        return segments
    }

    private func plan() throws {
        let facts = try RetentionFactStore(database).facts(
            try RetentionPolicyStore(database).list().map(\.policy),
            at: now
        )
        let plan = RetentionPlan(facts, at: now)
        try DeletionStore(database).take(plan.decisions(totals: facts.totals, usual: [:]))
    }

    @Test func `a rule is written, replaced and deleted`() throws {
        let body = #"{"tag": "yard", "longest_days": 10}"#
        let created = harness.call("POST", "/retention/policies", body, as: .operator)
        let id = try #require(created.id)
        #expect(created.status == 201 && created["longest_days"] == .int(10) && created["most_bytes"] == .null)
        #expect(created["actor"]?.text == "token:operator")
        let replaced = harness.call("POST", "/retention/policies", #"{"tag": "yard", "most_bytes": 5000000000}"#)
        #expect(replaced.id == id && replaced["longest_days"] == .null)
        #expect(harness.call("GET", "/retention/policies", as: .viewer).json?.elements.count == 1)
        #expect(harness.call("DELETE", "/retention/policies/\(id)", as: .viewer).status == 403)
        #expect(harness.call("DELETE", "/retention/policies/\(id)").status == 204)
        #expect(harness.call("DELETE", "/retention/policies/\(id)").status == 404)
    }

    @Test func `a rule that is wrong names the field and changes nothing`() throws {
        let wrong: [(String, [String])] = [
            ("{}", ["longest_days"]),
            (#"{"tag": "yard"}"#, ["longest_days"]),
            (#"{"longest_days": 0}"#, ["longest_days"]),
            (#"{"longest_days": 3651}"#, ["longest_days"]),
            (#"{"longest_days": 1.5}"#, ["longest_days"]),
            (#"{"longest_days": "30"}"#, ["longest_days"]),
            (#"{"longest_days": 5, "shortest_days": 6}"#, ["shortest_days"]),
            (#"{"most_bytes": 999999}"#, ["most_bytes"]),
            (#"{"most_bytes": 9223372036854775807}"#, ["most_bytes"]),
            (#"{"tag": "", "longest_days": 5}"#, ["tag"]),
            (#"{"tag": "a\u0000b", "longest_days": 5}"#, ["tag"]),
            (#"{"tag": "a", "camera_id": \#(camera), "longest_days": 5}"#, ["tag"]),
            (#"{"camera_id": 99, "longest_days": 5}"#, ["camera_id"]),
            (#"{"camera_id": -1, "days": 5}"#, ["camera_id", "days"]),
        ]
        for (body, fields) in wrong {
            let answer = harness.call("POST", "/retention/policies", body)
            #expect(answer.status == 422 && answer.wrongFields == fields, "\(body): \(answer.text)")
        }
        #expect(try RetentionPolicyStore(database).list().isEmpty)
    }

    @Test func `a preview says what goes, and deletes nothing`() throws {
        try record(daysAgo: 40)
        try record(daysAgo: 20)
        try record(daysAgo: 2, count: 60)
        let asItIs = harness.call("POST", "/retention/preview", "{}", as: .operator)
        #expect(asItIs.status == 200 && asItIs["segments"] == .int(3) && asItIs["bytes"] == .int(7_500_000))
        let shorter = harness.call("POST", "/retention/preview", #"{"policies": [{"longest_days": 10}]}"#)
        #expect(shorter["segments"] == .int(6))
        let tried = #"{"cameras": [{"id": \#(camera), "retention_days": 1}]}"#
        let days = harness.call("POST", "/retention/preview", tried)
        #expect(days["segments"] == .int(66))
        let deletion = try #require(days["deletions"]?.elements.first)
        #expect(deletion["camera_id"] == .int(camera.rawValue) && deletion["reason"]?.text == "age")
        #expect(deletion["objection"]?.text?.contains("tenth") == true)
        for (body, fields) in [
            (#"{"policies": [{"longest_days": 0}]}"#, ["policies.longest_days"]),
            (#"{"policies": 1}"#, ["policies"]), (#"{"cameras": [1]}"#, ["cameras"]),
            (#"{"cameras": [{"id": 99, "retention_days": 1}]}"#, ["cameras.id"]),
            (#"{"cameras": [{"id": 1}]}"#, ["cameras.retention_days"]), (#"{"x": 1}"#, ["x"]),
        ] {
            #expect(harness.call("POST", "/retention/preview", body).wrongFields == fields, "\(body)")
        }
        #expect(harness.call("POST", "/retention/preview", "{}", as: .viewer).status == 403)
        #expect(try DeletionStore(database).list().isEmpty)
    }

    @Test func `a deletion waits, is approved, paused and resumed, and what it takes is gone`() throws {
        let old = try record(daysAgo: 40)
        try record(daysAgo: 2)
        try plan()
        let job = try #require(harness.call("GET", "/retention/jobs", as: .viewer).json?.elements.first)
        guard case .int(let id)? = job["id"] else {
            Issue.record("a deletion has a number")
            return
        }
        #expect(job["state"]?.text == "waiting" && job["segments"] == .int(3))
        #expect(harness.call("POST", "/retention/jobs/\(id)/approve", as: .viewer).status == 403)
        #expect(harness.call("POST", "/retention/jobs/approve")["approved"] == .int(1))
        #expect(harness.call("POST", "/retention/jobs/\(id)/pause")["state"]?.text == "paused")
        #expect(harness.call("POST", "/retention/jobs/approve")["approved"] == .int(0))
        #expect(harness.call("POST", "/retention/jobs/\(id)/approve")["state"]?.text == "running")
        #expect(harness.call("POST", "/retention/jobs/99/approve").status == 404)
        #expect(harness.call("GET", "/segments/\(old[0].id).mp4").status == 200)
        while let step = try ExpiryStore(database).decide(), !step.segments.isEmpty {}
        #expect(harness.call("GET", "/segments/\(old[0].id).mp4").status == 410)
        #expect(harness.call("GET", "/cameras/\(camera)/segments").json?.elements.count == 3)
        let done = try #require(harness.call("GET", "/retention/jobs?camera_id=\(camera)").json?.elements.first)
        #expect(done["state"]?.text == "done" && done["deleted_segments"] == .int(3))
    }

    @Test func `a hold protects until it is released with a reason`() throws {
        try record(daysAgo: 40)
        let from = now.advanced(bySeconds: -86_400 * 40)
        let range = #""from": "\#(from.rfc3339)", "to": "\#(from.advanced(bySeconds: 15).rfc3339)""#
        let body = #"{"camera_id": \#(camera), \#(range), "reason": " theft "}"#
        let hold = harness.call("POST", "/holds", body, as: .operator)
        let id = try #require(hold.id)
        #expect(hold.status == 201 && hold["reason"]?.text == "theft" && hold["segments"] == .int(2))
        #expect(harness.call("POST", "/retention/preview", "{}")["segments"] == .int(1))
        let path = "/cameras/\(camera)/timeline?from=\(from.rfc3339)&to=\(from.advanced(bySeconds: 60).rfc3339)"
        try database.execute("update cameras set created_at = \(from), is_active = true")
        try database.execute("delete from camera_switches")
        let held = harness.call("GET", path)["held"]?.elements.first
        #expect(held?["to"]?.text == from.advanced(bySeconds: 15).rfc3339)
        for reason in ["{}", #"{"reason": " "}"#, #"{"reason": null}"#, #"{"reason": 7}"#] {
            #expect(harness.call("POST", "/holds/\(id)/release", reason).wrongFields == ["reason"], "\(reason)")
        }
        #expect(harness.call("GET", "/holds/\(id)")["released_at"] == .null)
        #expect(harness.call("GET", "/holds", as: .viewer).json?.elements.count == 1)
        let released = harness.call("POST", "/holds/\(id)/release", #"{"reason": "case closed"}"#)
        #expect(released["released_by"]?.text == "token:admin" && released["release_reason"]?.text == "case closed")
        #expect(harness.call("GET", "/holds").json?.elements.isEmpty == true)
        #expect(harness.call("GET", "/holds?released=1&camera_id=\(camera)&limit=1").json?.elements.count == 1)
        #expect(harness.call("POST", "/retention/preview", "{}")["segments"] == .int(3))
        #expect(harness.call("POST", "/holds/99/release", #"{"reason": "x"}"#).status == 404)
    }

    @Test func `a hold that is wrong names the field and changes nothing`() throws {
        let good = [
            "camera_id": "\(camera)", "from": #""2026-11-01T00:00:00Z""#, "to": #""2026-11-02T00:00:00Z""#,
            "reason": #""theft""#,
        ]
        let wrong = [
            ("camera_id", "99"), ("camera_id", "null"), ("from", #""yesterday""#), ("from", #""1999-01-01T00:00:00Z""#),
            ("to", #""2026-11-01T00:00:00Z""#), ("to", "7"), ("reason", #""""#),
            ("reason", "\"\(String(repeating: "x", count: 501))\""),
        ]
        for (field, value) in wrong {
            let body = good.merging([field: value]) { $1 }.map { "\"\($0)\": \($1)" }.joined(separator: ", ")
            let answer = harness.call("POST", "/holds", "{\(body)}")
            #expect(answer.status == 422 && answer.wrongFields == [field], "\(field) \(value): \(answer.text)")
        }
        #expect(try HoldStore(database).list().isEmpty)
    }

    @Test func `a camera is deleted with its recordings, all but those that are held`() throws {
        let segments = try record(daysAgo: 2)
        _ = try HoldStore(database).create(
            camera: camera,
            from: segments[0].startedAt,
            to: segments[0].startedAt.advanced(bySeconds: 5),
            reason: "theft",
            by: .observerctl
        )
        #expect(harness.call("DELETE", "/cameras/\(camera)?recordings=keep").wrongFields == ["recordings"])
        #expect(harness.call("DELETE", "/cameras/\(camera)?recordings=delete", as: .operator).status == 204)
        try plan()
        #expect(try DeletionStore(database).list().map(\.state) == [.running])
        #expect(try ExpiryStore(database).decide()?.segments.count == 2)
        #expect(try SegmentStore(database).get(segments[0].id)?.state == .stored)
        let stored = try #require(harness.call("GET", "/storage")["cameras"]?.elements.first)
        #expect(stored["is_deleted"] == .bool(true) && stored["segments"] == .int(1))
    }

    @Test func `storage tells of space by camera and age, and why nothing is deleted`() throws {
        try record(daysAgo: 40)
        try record(daysAgo: 3)
        _ = harness.call("POST", "/retention/policies", #"{"shortest_days": 50}"#)
        let storage = harness.call("GET", "/storage", as: .viewer)
        #expect(storage["segments"] == .int(6) && storage["bytes"] == .int(15_000_000))
        let stored = try #require(storage["cameras"]?.elements.first)
        #expect(stored["longest_days"] == .int(50) && stored["shortest_days"] == .int(50))
        let ages = stored["ages"]?.elements.map { [$0["days"], $0["bytes"]] }
        #expect(ages?[1] == [.int(7), .int(7_500_000)] && ages?[3] == [.int(90), .int(7_500_000)])
        #expect(storage["retention"]?["is_working"] == .bool(false))
        let status = RetentionStatusStore(database)
        _ = try status.lease("a", seconds: 60)
        #expect(harness.call("GET", "/storage")["retention"]?["is_working"] == .bool(true))
        try status.note("the bucket keeps versions")
        #expect(harness.call("GET", "/storage")["retention"]?["error"]?.text == "the bucket keeps versions")
        let page = harness.call("GET", "/controller/storage", as: .viewer)
        #expect(page.status == 200 && page.text.contains("the bucket keeps versions.") && page.text.contains("15.0 MB"))
        #expect(!page.text.contains("Save rule"))
    }

    @Test func `the forms of the page write, preview and delete rules, and hold and release`() throws {
        try record(daysAgo: 20)
        func post(_ path: String, _ body: String) -> WebHarness.Answer {
            harness.call("POST", "/controller/storage/\(path)", body, type: "application/x-www-form-urlencoded")
        }
        let preview = post("preview", "longest_days=10&tag=yard")
        #expect(preview.status == 200 && preview.text.contains("7.5 MB in 3 recordings would be deleted"))
        #expect(preview.text.contains(#"value="10""#))
        #expect(try RetentionPolicyStore(database).list().isEmpty)
        #expect(post("rules", "longest_days=x").status == 422)
        #expect(post("rules", "most_gigabytes=500&rule_camera=\(camera)").status == 303)
        let rule = try #require(try RetentionPolicyStore(database).list().first)
        #expect(rule.policy == RetentionPolicy(.camera(camera), .init(mostBytes: 500_000_000_000)))
        #expect(post("rules/\(rule.id)/delete", "").status == 303)
        let hold = "camera_id=\(camera)&from=2026-11-01T00%3A00&to=2026-11-01T01%3A00&reason=theft"
        #expect(post("holds", hold).status == 303)
        #expect(post("holds", "camera_id=\(camera)").text.contains("From is required"))
        let id = try #require(try HoldStore(database).list().first?.id)
        #expect(post("holds/\(id)/release", "reason=").status == 422)
        #expect(post("holds/\(id)/release", "reason=done").status == 303)
        #expect(try HoldStore(database).list().isEmpty)
    }
}
