import Encodings
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// The list of recorders, from rows to JSON and the page.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIRecorderTests {
    private let harness: WebHarness
    private let store: RecorderStore

    init() throws {
        harness = try WebHarness()
        store = RecorderStore(harness.context.database)
    }

    private func recorders() -> [JSONValue] {
        harness.call("GET", "/recorders", as: .viewer).json?.elements ?? []
    }

    @Test func `recorders are listed with their life, their cameras and their load`() throws {
        #expect(recorders().isEmpty)
        #expect(harness.call("GET", "/controller/recorders", as: .viewer).text.contains("No recorders yet"))
        let cameras = try (0..<2).map { CameraID(rawValue: try harness.addCamera("C\($0)", #", "is_active": true"#)) }
        let incarnation = try store.register("node-a", spool: Sample.spoolID, version: "1")
        let claims = try store.claimOrphans(for: "node-a", incarnation: incarnation)
        #expect(claims.count == 2)
        var status = CameraStatus(
            stream: StreamID(cameras[0], .main),
            epoch: 1,
            state: .recording,
            since: Sample.now,
            recorder: "node-a"
        )
        status.video = VideoInfo(codec: "h264", width: 640, height: 360, fps: 25, bitrate: 1_000_000)
        var other = status
        (other.stream, other.state) = (StreamID(cameras[1], .main), .retrying)
        try StatusStore(harness.context.database).write([status, other])
        try SegmentStore(harness.context.database).upsertSpooled([Segment.sample(of: cameras[0], at: Sample.now)])

        let recorder = try #require(recorders().first)
        #expect(recorder["id"]?.text == "node-a" && recorder["state"]?.text == "alive")
        #expect(recorder["incarnation"] == .int(1) && recorder["version"]?.text == "1")
        #expect(recorder["spool_id"]?.text == Sample.spoolID.description)
        #expect(recorder["cameras"] == .array(cameras.map { .int($0.rawValue) }))
        #expect(recorder["recording"] == .int(1) && recorder["bitrate"] == .int(1_000_000))
        let text = harness.call("GET", "/recorders", as: .viewer).text
        #expect(text.contains(#""backlog_seconds":10}"#) || text.contains(#""backlog_seconds":10.0}"#), "\(text)")
        let page = harness.call("GET", "/controller/recorders", as: .viewer).text
        #expect(page.contains("node-a") && page.contains("Alive"))
    }

    @Test func `a recorder that is silent, ended or fenced says so, and records nothing`() throws {
        let database = harness.context.database
        _ = try harness.addCamera("Gate", #", "is_active": true"#)
        for name in ["draining", "fenced", "silent", "stopped"] {
            let incarnation = try store.register(name, spool: .makeRandom(), version: "1")
            if name == "silent" { _ = try store.claimOrphans(for: name, incarnation: incarnation) }
            if ["draining", "stopped"].contains(name) { try store.release(name, incarnation: incarnation) }
            if name == "fenced" { #expect(try store.fence(name, incarnation: incarnation, heartbeat: 0)) }
        }
        try database.execute(
            "update recorders set heartbeat_at = now() - interval '1 minute' where id in ('silent', 'stopped')"
        )
        try database.execute(
            """
            insert into camera_status (camera_id, stream, epoch, state, since)
            select camera_id, 0, epoch, 'recording', now() from assignments
            """
        )
        let list = recorders()
        #expect(list.map { $0["id"]?.text } == list.map { $0["state"]?.text })
        #expect(list.count == 4)
        #expect(list.allSatisfy { $0["recording"] == .int(0) })
        #expect(list.compactMap { $0["cameras"]?.elements.count }.reduce(0, +) == 1)
        #expect(harness.call("GET", "/recorders?limit=1").wrongFields == ["limit"])
    }
}
