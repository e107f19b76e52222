import Encodings
import HTTPRouting
import HTTPTypes
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// Uploaders, metrics and failed uploads, from rows to JSON and pages.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIUploadTests {
    private let harness: WebHarness
    private let database: PostgresConnection
    private let origin = SegmentOrigin(recorder: "node-a", spoolID: .makeRandom())

    init() throws {
        harness = try WebHarness()
        database = harness.context.database
    }

    private func report(_ name: String, _ report: UploaderReport = UploaderReport()) throws -> UploaderStore.Claimant {
        let claimant = UploaderStore.Claimant(
            spoolID: .makeRandom(),
            name: name,
            instance: .makeRandom(),
            place: "boot/1:2"
        )
        _ = try UploaderStore(database).report(report, by: claimant)
        return claimant
    }

    private func fail(_ count: Int, of camera: Int64, at start: Timestamp = Sample.now) throws -> [Segment] {
        let segments = (0..<count).map { index in
            Segment.sample(
                of: CameraID(rawValue: camera),
                at: start.advanced(bySeconds: Int64(index) * 10),
                origin: origin
            )
        }
        let outcomes = segments.map { SegmentStore.Outcome($0, .failed, tries: 3, error: "refused: AccessDenied") }
        try SegmentStore(database).write(outcomes)
        return segments
    }

    // MARK: Uploaders

    @Test func `uploaders are listed with what waits, the store and the disk`() throws {
        let oldest = Sample.now
        let claimant = try report(
            "node-b",
            UploaderReport(
                backlogFiles: 12,
                backlogBytes: 30_000_000,
                backlogMilliseconds: 120_500,
                oldestAt: oldest,
                store: .refused,
                storeDetail: "AccessDenied: no",
                rate: 1000,
                freeBytes: 5_000_000,
                secondsUntilFull: 3600
            )
        )
        let ended = try report("node-a")
        try UploaderStore(database).end(ended)
        try database.execute("update uploaders set reported_at = now() - interval '1 minute' where name = 'node-a'")
        let list = try #require(harness.call("GET", "/uploaders", as: .viewer).json?.elements)
        #expect(list.map { $0["name"]?.text } == ["node-a", "node-b"])
        #expect(list.map { $0["state"]?.text } == ["stopped", "alive"])
        let uploader = list[1]
        #expect(uploader["spool_id"]?.text == claimant.spoolID.description)
        #expect(uploader["backlog_files"] == .int(12) && uploader["backlog_bytes"] == .int(30_000_000))
        #expect(uploader["backlog_seconds"] == .double(120.5) && uploader["oldest_at"]?.text == oldest.rfc3339)
        #expect(uploader["store_state"]?.text == "refused" && uploader["store_detail"]?.text == "AccessDenied: no")
        #expect(uploader["bytes_per_second"] == .int(1000) && uploader["free_bytes"] == .int(5_000_000))
        #expect(uploader["full_at"]?.text != nil && list[0]["full_at"] == .null)
        #expect(harness.call("GET", "/uploaders?x=1").wrongFields == ["x"])
        let page = harness.call("GET", "/controller/recorders", as: .viewer).text
        #expect(page.contains("node-b") && page.contains("Refuses all") && page.contains("AccessDenied: no"))
    }

    @Test func `of two uploaders of a spool one has the row, until it dies in place or stands still`() throws {
        let store = UploaderStore(database)
        let first = try report("first")
        var second = first
        (second.name, second.instance, second.place) = ("second", .makeRandom(), "boot/3:4")
        guard case .held(let holder) = try store.report(UploaderReport(), by: second) else {
            Issue.record("both have it")
            return
        }
        #expect(holder.instance == first.instance && holder.name == "first" && holder.beats == 1)
        #expect(try store.report(UploaderReport(), by: first) == .granted(hasRetries: false))
        // It has reported since it was looked at.
        guard case .held(let seen) = try store.report(UploaderReport(), by: second, over: holder) else {
            Issue.record("a living one was replaced")
            return
        }
        #expect(seen.beats == 2)
        #expect(try store.report(UploaderReport(), by: second, over: seen) == .granted(hasRetries: false))
        var inPlace = second
        inPlace.instance = .makeRandom()
        #expect(try store.report(UploaderReport(), by: inPlace) == .granted(hasRetries: false))
        try store.end(second)
        #expect(try store.list().map(\.state) == [.alive])
        try store.end(inPlace)
        #expect(try store.list().map(\.state) == [.stopped])
        // It may just be started again.
        guard case .held(let ended) = try store.report(UploaderReport(), by: first) else {
            Issue.record("one that ended in order was replaced at once")
            return
        }
        #expect(try store.report(UploaderReport(), by: first, over: ended) == .granted(hasRetries: false))
    }

    // MARK: Metrics

    private func metrics(from address: String, token: String? = nil) -> HTTPResponse {
        let headers = token.map { [(name: HTTPFieldName.authorization, value: "Bearer \($0)")] } ?? []
        let request = HTTPRequest(.get, "/api/v1/metrics", headers: headers, remoteAddress: address)
        return Routes.respond(to: request, context: harness.context)
    }

    @Test func `metrics are for programs on this machine, and elsewhere for those with a token`() throws {
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            #expect(metrics(from: address).status == 200, "\(address)")
        }
        for address in ["192.0.2.7", "::2", "", "localhost", "64:ff9b::7f00:1", "::ffff:192.0.2.1", "128.0.0.1"] {
            #expect(metrics(from: address).status == 401, "\(address)")
            #expect(metrics(from: address, token: harness.tokens[.viewer]).status == 200, "\(address)")
        }
        #expect(metrics(from: "192.0.2.7", token: "obs_wrong").status == 401)
    }

    @Test func `metrics tell of cameras, uploaders, failed uploads and retention`() throws {
        _ = try harness.addCamera("Gate", #", "is_active": true"#)
        _ = try harness.addCamera("Yard")
        try harness.assign(to: "node-a")
        let report = UploaderReport(
            backlogFiles: 12,
            store: .paused,
            storeDetail: "a\"b",
            freeBytes: 5,
            secondsUntilFull: 60
        )
        let claimant = try self.report(#"no"de\"#, report)
        _ = try fail(3, of: 1)
        let response = metrics(from: "::1")
        #expect(response.header(.contentType)?.hasPrefix("text/plain; version=0.0.4") == true)
        let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n").map(String.init)
        let labels = #"uploader="no\"de\\",spool="\#(claimant.spoolID)""#
        for line in [
            #"observer_recorder_up{recorder="node-a"} 1"#, "observer_uploads_failed 3",
            "observer_uploader_backlog_files{\(labels)} 12.0", "observer_uploader_full_in_seconds{\(labels)} 60.0",
            #"observer_uploader_store{\#(labels),state="paused"} 1"#,
            #"observer_uploader_store{\#(labels),state="working"} 0"#, "observer_retention_working 0",
            #"observer_cameras{recorder="node-a",state="pending"} 1"#,
            #"observer_retention_deletions{state="waiting"} 0"#,
        ] {
            #expect(lines.contains(line), "\(line) is not in \(lines.joined(separator: "\n"))")
        }
        // Each family is told once, before its samples.
        let families = lines.filter { $0.hasPrefix("# TYPE") }
        #expect(families.count == Set(families).count)
    }

    private func catalogueMetrics() -> [String: Double] {
        let lines = String(decoding: metrics(from: "::1").body, as: UTF8.self).split(separator: "\n")
        let samples = lines.filter { $0.hasPrefix("observer_catalogue_") }.map { $0.split(separator: " ") }
        return Dictionary(uniqueKeysWithValues: samples.map { (String($0[0].dropFirst(19)), Double($0[1]) ?? -1) })
    }

    @Test func `metrics tell how far the catalogue is, what ails it and what its last comparison found`() throws {
        let fresh = catalogueMetrics()
        #expect(fresh["working"] == 0 && fresh["hours"] == 0)
        #expect(Set(fresh.keys) == ["working", "hours", "numbered_timestamp_seconds"])

        let (status, runs) = (CatalogueStatusStore(database), CatalogueRunStore(database))
        #expect(try status.lease("node-a", seconds: 60))
        _ = try status.advance()
        try database.execute("update catalogue_status set numbered_at = to_timestamp(1000.5)")
        try database.execute(
            """
            insert into catalogue_hours (camera_id, stream, hour, changed_at) values
                (7, 0, to_timestamp(7200), to_timestamp(9000)), (7, 0, to_timestamp(3600), to_timestamp(5000.25))
            """
        )
        var run = try runs.begin(.watch, by: "observer-retention")
        run.report.add("sound", 12)
        run.report.add("missing", 2)
        // One that is under way has not seen everything.
        try runs.save(run)
        #expect(!catalogueMetrics().keys.contains { $0.hasPrefix("compared") })
        try runs.save(run, isEnd: true)
        try database.execute("update catalogue_runs set ended_at = to_timestamp(2000)")
        var found = catalogueMetrics()
        #expect(found["working"] == 1 && found["numbered_timestamp_seconds"] == 1000.5)
        #expect(found["hours"] == 2 && found["oldest_change_timestamp_seconds"] == 5000.25)
        #expect(found["compared_timestamp_seconds"] == 2000)
        #expect(found[#"compared{class="sound"}"#] == 12 && found[#"compared{class="missing"}"#] == 2)
        #expect(found[#"compared{class="orphan"}"#] == 0)

        try status.note("the store: no")
        try database.execute("update catalogue_status set failed_since = to_timestamp(3000)")
        found = catalogueMetrics()
        #expect(found["working"] == 0 && found["failed_since_timestamp_seconds"] == 3000)
        try status.note(nil)
        #expect(catalogueMetrics()["working"] == 1)
        try database.execute("update catalogue_status set lease_until = now() - interval '1 second'")
        #expect(catalogueMetrics()["working"] == 0)
    }

    // MARK: Failed uploads

    @Test func `failed uploads are listed newest first, by page and by camera`() throws {
        let segments = try fail(5, of: 7) + fail(2, of: 8, at: Sample.now.advanced(bySeconds: 1000))
        let ids = segments.map(\.id).sorted(by: >).map(\.description)
        let all = harness.call("GET", "/uploads/failed", as: .viewer)
        #expect(all.json?.elements.compactMap { $0["id"]?.text } == ids)
        let entry = try #require(all.json?.elements.first)
        #expect(entry["state"]?.text == "failed" && entry["tries"] == .int(3) && entry["retry_asked_at"] == .null)
        #expect(entry["error"]?.text == "refused: AccessDenied")
        let page = harness.call("GET", "/uploads/failed?camera_id=7&limit=3")
        #expect(page.json?.elements.count == 3)
        let link = try #require(page.response.header(.link))
        let next = try #require(link.split(separator: ">").first?.dropFirst("</api/v1".count))
        let rest = harness.call("GET", String(next))
        #expect(rest.json?.elements.count == 2 && rest.response.header(.link) == nil)
        for query in ["limit=0", "camera_id=x", "after=x", "x=1"] {
            #expect(harness.call("GET", "/uploads/failed?\(query)").status == 422, "\(query)")
        }
    }

    @Test func `one is tried anew: 202, 404 where there is none, 409 where it is not failed`() throws {
        let segment = try fail(1, of: 7)[0]
        #expect(harness.call("POST", "/uploads/failed/\(segment.id)/retry", as: .viewer).status == 403)
        let answer = harness.call("POST", "/uploads/failed/\(segment.id)/retry", as: .operator)
        #expect(answer.status == 202 && answer["id"]?.text == segment.id.description)
        #expect(harness.takeRetries() == [segment.header.origin.spoolID])
        let listed = harness.call("GET", "/uploads/failed").json?.elements.first
        #expect(listed?["retry_asked_at"]?.text != nil)
        #expect(harness.call("POST", "/uploads/failed/\(UniqueID.make(at: Sample.now))/retry").status == 404)
        #expect(harness.call("POST", "/uploads/failed/7/retry").status == 404)
        try SegmentStore(database).write([.init(segment, .stored)])
        let late = harness.call("POST", "/uploads/failed/\(segment.id)/retry")
        #expect(late.status == 409 && late["detail"]?.text?.contains("stored") == true)
        #expect(harness.takeRetries().isEmpty)
        let spool = segment.header.origin.spoolID
        #expect(try FailedUploadStore(database).takeRetries(of: .makeRandom()).isEmpty)
        #expect(try FailedUploadStore(database).takeRetries(of: spool) == [segment.id])
        #expect(try FailedUploadStore(database).takeRetries(of: spool).isEmpty)
    }

    @Test func `all are tried anew, or those of a camera; what is wrong changes nothing`() throws {
        let first = try fail(3, of: 7)
        let second = try fail(2, of: 8)
        let spool = first[0].header.origin.spoolID
        for body in [#"{"camera_id": 0}"#, #"{"camera_id": "7"}"#, #"{"camera_id": 1.5}"#] {
            #expect(harness.call("POST", "/uploads/retry", body).wrongFields == ["camera_id"], "\(body)")
        }
        #expect(harness.call("POST", "/uploads/retry", #"{"camera": 7}"#).wrongFields == ["camera"])
        #expect(try FailedUploadStore(database).takeRetries(of: spool).isEmpty)
        #expect(harness.call("POST", "/uploads/retry", #"{"camera_id": 7}"#)["segments"] == .int(3))
        #expect(Set(try FailedUploadStore(database).takeRetries(of: spool)) == Set(first.map(\.id)))
        let all = harness.call("POST", "/uploads/retry", "{}", as: .operator)
        #expect(all.status == 202 && all["segments"] == .int(5))
        #expect(Set(try FailedUploadStore(database).takeRetries(of: spool)) == Set((first + second).map(\.id)))
        #expect(harness.call("POST", "/uploads/retry", "{}", as: .viewer).status == 403)
    }

    @Test func `the page shows them, and its forms try one or all anew`() throws {
        #expect(!harness.call("GET", "/controller/storage").text.contains("could not be uploaded"))
        let camera = try harness.addCamera("Gate")
        let segments = try fail(2, of: camera)
        let spool = segments[0].header.origin.spoolID
        #expect(harness.call("GET", "/controller/storage").text.contains("2 recordings could not be uploaded"))
        func post(_ path: String, _ body: String = "") -> WebHarness.Answer {
            let path = "/controller/storage/failed/\(path)"
            return harness.call("POST", path, body, type: "application/x-www-form-urlencoded")
        }
        let page = harness.call("GET", "/controller/storage/failed", as: .viewer)
        #expect(page.status == 200 && page.text.contains("refused: AccessDenied") && page.text.contains("Gate"))
        #expect(!page.text.contains("Try again"))
        #expect(harness.call("GET", "/controller/storage/failed", as: .operator).text.contains("Try all again"))
        #expect(post("\(segments[0].id)/retry").status == 303)
        #expect(harness.call("GET", "/controller/storage/failed").text.contains("asked"))
        #expect(try FailedUploadStore(database).takeRetries(of: spool) == [segments[0].id])
        #expect(post("retry").status == 303)
        #expect(try FailedUploadStore(database).takeRetries(of: spool).count == 2)
        #expect(post("retry", "camera_id=\(camera + 1)").status == 303)
        #expect(try FailedUploadStore(database).takeRetries(of: spool).isEmpty)
        #expect(post("\(UniqueID.make(at: Sample.now))/retry").status == 404)
        #expect(harness.call("GET", "/controller/storage/failed?camera_id=x").status == 422)
    }
}
