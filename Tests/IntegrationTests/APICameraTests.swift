import Encodings
import Crypto
import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database))) struct APICameraTests {
    private let harness: WebHarness

    init() throws {
        harness = try WebHarness()
    }

    @Test func `a camera is created, read, changed and deleted`() throws {
        let created = harness.call("POST", "/cameras/", WebHarness.good)
        #expect(created.status == 201)
        let id = try #require(created.id)
        #expect(created.response.header(.location) == "/api/v1/cameras/\(id)")
        #expect(created.response.header(.eTag)?.hasPrefix("\"1-") == true)
        #expect(created.response.header(.contentLocation) == "/api/v1/cameras/\(id)")
        #expect(created["url"] == .string("rtsp://cam.example/1"))
        #expect(created["tags"] == .array([.string("outdoor"), .string("gate")]))
        guard case .object(let status)? = created["status"] else { throw Failure() }
        #expect(status["state"] == .string("pending"))
        #expect(status["video"] == .null)

        let read = harness.call("GET", "/cameras/\(id)/")
        #expect(read.json == created.json)
        #expect(read.response.header(.eTag) == created.response.header(.eTag))
        #expect(read.response.header(.contentType) == "application/json")
        let listed = harness.call("GET", "/cameras")
        #expect(listed.text == "[\(read.text)]", "a list is written like a single camera, byte for byte")

        let patched = harness.call("PATCH", "/cameras/\(id)", #"{"name": "North gate", "location_details": null}"#)
        #expect(patched.status == 200)
        #expect(patched["name"] == .string("North gate"))
        #expect(patched["location_details"] == .null)
        #expect(patched["version"] == .int(2))
        #expect(patched.response.header(.eTag)?.hasPrefix("\"2-") == true)

        #expect(harness.call("DELETE", "/cameras/\(id)?recordings=keep").wrongFields == ["recordings"])
        #expect(harness.call("DELETE", "/cameras/\(id)").status == 204)
        for method in ["GET", "DELETE"] { #expect(harness.call(method, "/cameras/\(id)").status == 404) }
        #expect(harness.call("PATCH", "/cameras/\(id)", "{}").status == 404)
        #expect(harness.call("POST", "/cameras/\(id)/on").status == 404)
        #expect(harness.call("GET", "/cameras/").text == "[]")
    }

    @Test func `what a recorder reports is shown alike in lists and alone`() throws {
        let id = CameraID(rawValue: try harness.addCamera("Gate \\\"1\\\" ü", #", "is_active": true"#))
        let recorders = RecorderStore(harness.context.database)
        let incarnation = try recorders.register("node-a", spool: SpoolID.makeRandom(), version: "1")
        _ = try recorders.claimOrphans(for: "node-a", incarnation: incarnation)
        let status = CameraStatus(
            stream: StreamID(id, .main),
            epoch: 1,
            state: .recording,
            since: Timestamp(rfc3339: "2026-11-23T20:01:02.123Z") ?? Timestamp(milliseconds: 0),
            detail: "all \"well\"",
            recorder: "node-a",
            lastFrameAt: Timestamp(rfc3339: "2026-11-23T20:01:03Z"),
            video: VideoInfo(codec: "h264", width: 1920, height: 1080, fps: 25, bitrate: 4_012_345),
            reconnects: 2,
            health: [HealthNote(.lossy, "3 % of \"all\" packets are lost"), HealthNote(.clock, "…")]
        )
        try StatusStore(harness.context.database).write([status])
        try SegmentStore(harness.context.database).upsertSpooled([Segment.sample(of: id, milliseconds: 4200)])
        let alone = harness.call("GET", "/cameras/\(id)")
        #expect(harness.call("GET", "/cameras/").text == "[\(alone.text)]")
        #expect(alone.text.contains(#""state":"recording","since":"2026-11-23T20:01:02.123Z","cause":null"#))
        #expect(
            alone.text.contains(#""video":{"codec":"h264","width":1920,"height":1080,"fps":25.0,"bitrate":4012345}"#)
        )
        #expect(alone.text.contains(#""reconnects":2,"backlog_seconds":4.2,"health":["#))
        #expect(alone.text.contains(#"{"cause":"lossy","detail":"3 % of \"all\" packets are lost"}"#))
        let page = harness.call("GET", "/controller/cameras/\(id)", as: .viewer).text
        #expect(page.contains("<li><b>Packets are lost</b> · 3 % of &quot;all&quot; packets are lost.</li>"))
    }

    @Test func `a camera that is on is connected now, and one that is off is not`() throws {
        let id = CameraID(rawValue: try harness.addCamera("Gate", #", "is_active": true"#))
        try harness.assign(to: "node-a")
        let before = try harness.cameraRows()
        let answer = harness.call("POST", "/cameras/\(id)/retry", as: .operator)
        #expect(answer.status == 202 && answer.id == id.rawValue)
        let form = harness.call("POST", "/controller/cameras/\(id)/retry", as: .operator)
        #expect(form.response.header(.location)?.hasSuffix("/cameras/\(id)?done=retried") == true)
        let wishes = harness.takeWishes()
        #expect(wishes.map(\.kind) == [.connect, .connect])
        #expect(wishes.map(\.camera) == [id, id] && wishes.map(\.recorder) == ["node-a", "node-a"])
        #expect(try harness.cameraRows() == before)
        #expect(harness.call("POST", "/cameras/\(id)/retry", as: .viewer).status == 403)
        #expect(harness.call("POST", "/cameras/999/retry").status == 404)
        #expect(harness.call("POST", "/cameras/\(id)/off").status == 202)
        #expect(harness.call("POST", "/cameras/\(id)/retry").status == 409)
        #expect(harness.takeWishes().isEmpty)
    }

    @Test func `switches are idempotent and announced once, to the owner`() throws {
        let id = try harness.addCamera()
        #expect(harness.takeAnnounced().map(\.change.version) == [1])
        for _ in 0..<2 {
            let on = harness.call("POST", "/cameras/\(id)/on")
            #expect(on.status == 202)
            #expect(on["is_active"] == .bool(true))
        }
        let announced = harness.takeAnnounced()
        #expect(announced.map(\.change.version) == [2])
        #expect(announced.first?.recorder == nil)

        let recorders = RecorderStore(harness.context.database)
        let incarnation = try recorders.register("node-a", spool: SpoolID.makeRandom(), version: "1")
        _ = try recorders.claimOrphans(for: "node-a", incarnation: incarnation)
        #expect(harness.call("POST", "/controller/camera/\(id)/update_state", #"{"is_active": false}"#).status == 200)
        #expect(harness.takeAnnounced().map(\.recorder) == ["node-a"])
        #expect(harness.call("POST", "/cameras/\(id)/off")["version"] == .int(3))
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"name": "Gate"}"#)["version"] == .int(3))
        #expect(harness.takeAnnounced().isEmpty)
        harness.call("DELETE", "/cameras/\(id)")
        #expect(harness.takeAnnounced().map(\.change.cameraID.rawValue) == [id])
    }

    @Test func `an outdated change is refused`() throws {
        let created = harness.call("POST", "/cameras/", WebHarness.good)
        let id = try #require(created.id)
        let first = harness.call("PATCH", "/cameras/\(id)", #"{"name": "A"}"#, headers: [("If-Match", "\"1\"")])
        #expect(first.status == 200)
        let before = try harness.cameraRows()
        let old = try #require(created.response.header(.eTag))
        for (tag, status) in [
            ("\"1\"", 412), (old, 412), ("\"3\"", 412), ("W/\"2\"", 412), ("\"22-x\"", 412), ("2", 400), ("x", 400),
            ("", 400),
        ] {
            for (method, path, body) in [
                ("PATCH", "", #"{"name": "B"}"#), ("DELETE", "", nil), ("POST", "/on", nil), ("POST", "/off", nil),
                ("POST", "/retry", nil),
            ] as [(String, String, String?)] {
                let late = harness.call(method, "/cameras/\(id)\(path)", body, headers: [("If-Match", tag)])
                #expect(late.status == status, "\(method) \(path) \(tag)")
            }
            let state = "/controller/camera/\(id)/update_state"
            let late = harness.call("POST", state, #"{"is_active": true}"#, headers: [("If-Match", tag)])
            #expect(late.status == status, "\(tag)")
        }
        #expect(try harness.cameraRows() == before)
        let listed = [("If-Match", "\"7\", \"2\"")]
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"name": "B"}"#, headers: listed).status == 200)
        #expect(harness.call("DELETE", "/cameras/\(id)", headers: [("If-Match", "*")]).status == 204)
    }

    @Test func `a password is sealed, can be replaced and cleared, and never shows`() throws {
        let inURL = #"{"name": "A", "location": "B", "url": "rtsp://joe:s3cret%2Fcanary@cam.example/1"}"#
        let created = harness.call("POST", "/cameras/", inURL)
        let id = try #require(created.id)
        #expect(created["url"] == .string("rtsp://cam.example/1"))
        #expect(created["username"] == .string("joe"))
        #expect(try password(id) == "s3cret/canary")
        for answer in [created, harness.call("GET", "/cameras/\(id)"), harness.call("GET", "/cameras/")] {
            #expect(!answer.text.contains("canary"))
        }
        #expect(!(try harness.cameraRows()).contains("canary"))
        let refused = harness.call(
            "PATCH",
            "/cameras/\(id)",
            #"{"url": "ftp://joe:canary@cam/x", "password": "canary"}"#
        )
        #expect(refused.status == 422)
        #expect(!refused.text.contains("canary"))
        harness.call("PATCH", "/cameras/\(id)", #"{"password": "other"}"#)
        #expect(try password(id) == "other")
        harness.call("PATCH", "/cameras/\(id)", #"{"name": "C"}"#)
        #expect(try password(id) == "other")
        harness.call("PATCH", "/cameras/\(id)", #"{"password": null}"#)
        #expect(try password(id) == nil)
    }

    @Test(arguments: ["rtsp://other.example/1", "rtsp://cam.example:8554/1", "rtsps://cam.example/1"])
    func `a stored password goes to no other server than it was given for`(_ url: String) throws {
        let id = try #require(harness.call("POST", "/cameras/", WebHarness.good).id)
        harness.call("PATCH", "/cameras/\(id)", #"{"password": "canary"}"#)
        _ = harness.takeAnnounced()
        let before = try harness.cameraRows()
        let moved = harness.call("PATCH", "/cameras/\(id)", #"{"url": "\#(url)"}"#)
        #expect(moved.status == 422 && moved.wrongFields == ["password"], "\(moved.text)")
        #expect(try harness.cameraRows() == before)
        #expect(harness.takeAnnounced().isEmpty)
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"url": "rtsp://cam.example/2"}"#).status == 200)
        #expect(try password(id) == "canary")
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"url": "\#(url)", "password": "new"}"#).status == 200)
        #expect(try password(id) == "new")
        #expect(
            harness.call("PATCH", "/cameras/\(id)", #"{"url": "rtsp://third.example/1", "password": null}"#).status
                == 200
        )
        #expect(try password(id) == nil)
    }

    @Test func `a camera that is deleted leaves no address, user, password or snapshot behind`() throws {
        let id = try #require(harness.call("POST", "/cameras/", WebHarness.good).id)
        harness.call("PATCH", "/cameras/\(id)", #"{"username": "canary", "password": "canary"}"#)
        try StatusStore(harness.context.database).putSnapshot(
            [1],
            takenAt: Timestamp(milliseconds: 0),
            of: CameraID(rawValue: id)
        )
        #expect(harness.call("DELETE", "/cameras/\(id)").status == 204)
        let left = try harness.cameraRows()
        #expect(!left.contains("canary") && !left.contains("cam.example"), "\(left)")
        #expect(try harness.context.database.rows("select count(*) from camera_snapshots", as: (Int).self) == [0])
    }

    @Test func `no length given means the set length, null too`() throws {
        let harness = try WebHarness(["OBSERVER_SEGMENT_SECONDS": "30"])
        let omitted = harness.call("POST", "/cameras/", #"{"name": "A", "location": "B", "url": "rtsp://cam/1"}"#)
        #expect(omitted["segment_seconds"] == .int(30))
        let null = #"{"name": "A", "location": "B", "url": "rtsp://cam/1", "segment_seconds": null}"#
        #expect(harness.call("POST", "/cameras/", null)["segment_seconds"] == .int(30))
        let id = try #require(omitted.id)
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"segment_seconds": 5}"#)["segment_seconds"] == .int(5))
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"segment_seconds": null}"#)["segment_seconds"] == .int(30))
    }

    @Test func `lists are filtered and paged`() throws {
        for number in 1...5 {
            _ = try harness.addCamera("Cam \(number)", number % 2 == 0 ? #", "tags": ["even"]"# : "")
        }
        let last = try harness.addCamera("Last", #", "is_active": true"#)
        #expect(try ids("/cameras/?tag=even") == [2, 4])
        #expect(try ids("/cameras/?q=cam%205") == [5])
        #expect(try ids("/cameras/?state=pending") == [last])
        #expect(try ids("/cameras/?ids=5,2,99") == [2, 5])
        #expect(try ids("/cameras/?q=nothing") == [])
        var path = "/cameras/?limit=4&q=cam"
        let first = harness.call("GET", path)
        #expect(try ids(path) == [1, 2, 3, 4])
        #expect(first.response.header(.link) == "</api/v1/cameras/?limit=4&q=cam&after=4>; rel=\"next\"")
        path = "/cameras/?limit=4&q=cam&after=4"
        #expect(try ids(path) == [5])
        #expect(harness.call("GET", path).response.header(.link) == nil)
    }

    private func ids(_ path: String) throws -> [Int64] {
        guard case .array(let cameras)? = harness.call("GET", path).json else { throw Failure() }
        return cameras.compactMap { camera in
            if case .object(let members) = camera, case .int(let id)? = members["id"] { id } else { nil }
        }
    }

    private func password(_ id: Int64) throws -> String? {
        let statement: SQL = "select password_sealed from cameras where id = \(id)"
        guard let sealed = try harness.context.database.rows(statement, as: ([UInt8]?).self).first ?? nil else {
            return nil
        }
        let key = try SealingKey(WebHarness.key)
        return String(decoding: try key.open(sealed, for: "camera:\(id):password"), as: UTF8.self)
    }
}

struct Failure: Error {}
