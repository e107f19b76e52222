import Crypto
import FastCGI
import HTTPRouting
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database))) struct APICameraTests {
    private let trial: WebTrial

    init() throws {
        trial = try WebTrial()
    }

    @Test func `a camera is created, read, changed and deleted`() throws {
        let created = trial.call("POST", "/cameras/", WebTrial.good)
        #expect(created.status == 201)
        let id = try #require(created.id)
        #expect(created.response.header(.location) == "/api/v1/cameras/\(id)")
        #expect(created.response.header(.eTag) == "\"1\"")
        #expect(created["url"] == .string("rtsp://cam.example/1"))
        #expect(created["tags"] == .array([.string("outdoor"), .string("gate")]))
        guard case .object(let status)? = created["status"] else { throw Failure() }
        #expect(status["state"] == .string("pending"))
        #expect(status["video"] == .null)

        let read = trial.call("GET", "/cameras/\(id)/")
        #expect(read.json == created.json)
        #expect(read.response.header(.contentType) == "application/json")
        let listed = trial.call("GET", "/cameras")
        #expect(listed.text == "[\(read.text)]", "a list is written like a single camera, byte for byte")

        let patched = trial.call("PATCH", "/cameras/\(id)", #"{"name": "North gate", "location_details": null}"#)
        #expect(patched.status == 200)
        #expect(patched["name"] == .string("North gate"))
        #expect(patched["location_details"] == .null)
        #expect(patched["version"] == .int(2))
        #expect(patched.response.header(.eTag) == "\"2\"")

        #expect(trial.call("DELETE", "/cameras/\(id)?recordings=delete").wrongFields == ["recordings"])
        #expect(trial.call("DELETE", "/cameras/\(id)").status == 204)
        for method in ["GET", "DELETE"] { #expect(trial.call(method, "/cameras/\(id)").status == 404) }
        #expect(trial.call("PATCH", "/cameras/\(id)", "{}").status == 404)
        #expect(trial.call("POST", "/cameras/\(id)/on").status == 404)
        #expect(trial.call("GET", "/cameras/").text == "[]")
    }

    @Test func `what a worker reports is shown alike in lists and alone`() throws {
        let id = CameraID(rawValue: try trial.addCamera("Gate \\\"1\\\" ü", #", "is_active": true"#))
        let workers = WorkerStore(trial.context.database)
        let incarnation = try workers.register("node-a", host: HostID.makeRandom(), version: "1")
        _ = try workers.claimOrphans(for: "node-a", incarnation: incarnation)
        let status = CameraStatus(
            cameraID: id,
            state: .recording,
            since: Timestamp(rfc3339: "2026-11-23T20:01:02.123Z") ?? Timestamp(milliseconds: 0),
            detail: "all \"well\"",
            worker: "node-a",
            lastFrameAt: Timestamp(rfc3339: "2026-11-23T20:01:03Z"),
            video: VideoInfo(codec: "h264", width: 1920, height: 1080, fps: 25, bitrate: 4_012_345),
            reconnects: 2
        )
        try StatusStore(trial.context.database).write([status])
        try SegmentStore(trial.context.database).upsertSpooled([Sample.segment(of: id, duration: 4200)])
        let alone = trial.call("GET", "/cameras/\(id)")
        #expect(trial.call("GET", "/cameras/").text == "[\(alone.text)]")
        #expect(alone.text.contains(#""state":"recording","since":"2026-11-23T20:01:02.123Z","cause":null"#))
        #expect(
            alone.text.contains(#""video":{"codec":"h264","width":1920,"height":1080,"fps":25.0,"bitrate":4012345}"#)
        )
        #expect(alone.text.contains(#""reconnects":2,"backlog_seconds":4.2}"#))
    }

    @Test func `switches are idempotent and announced once, to the owner`() throws {
        let id = try trial.addCamera()
        #expect(trial.takeAnnounced().map(\.change.version) == [1])
        for _ in 0..<2 {
            let on = trial.call("POST", "/cameras/\(id)/on")
            #expect(on.status == 202)
            #expect(on["is_active"] == .bool(true))
        }
        let announced = trial.takeAnnounced()
        #expect(announced.map(\.change.version) == [2])
        #expect(announced.first?.worker == nil)

        let workers = WorkerStore(trial.context.database)
        let incarnation = try workers.register("node-a", host: HostID.makeRandom(), version: "1")
        _ = try workers.claimOrphans(for: "node-a", incarnation: incarnation)
        #expect(trial.call("POST", "/controller/camera/\(id)/update_state", #"{"is_active": false}"#).status == 200)
        #expect(trial.takeAnnounced().map(\.worker) == ["node-a"])
        #expect(trial.call("POST", "/cameras/\(id)/off")["version"] == .int(3))
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"name": "Gate"}"#)["version"] == .int(3))
        #expect(trial.takeAnnounced().isEmpty)
        trial.call("DELETE", "/cameras/\(id)")
        #expect(trial.takeAnnounced().map(\.change.cameraID.rawValue) == [id])
    }

    @Test func `an outdated change is refused`() throws {
        let id = try trial.addCamera()
        let first = trial.call("PATCH", "/cameras/\(id)", #"{"name": "A"}"#, headers: [("If-Match", "\"1\"")])
        #expect(first.status == 200)
        let before = try trial.cameraRows()
        for tag in ["\"1\"", "\"3\"", "2", "W/\"2\"", "x"] {
            let late = trial.call("PATCH", "/cameras/\(id)", #"{"name": "B"}"#, headers: [("If-Match", tag)])
            #expect(late.status == 412)
            #expect(late.response.header(.eTag) == "\"2\"")
            #expect(trial.call("DELETE", "/cameras/\(id)", headers: [("If-Match", tag)]).status == 412)
        }
        #expect(try trial.cameraRows() == before)
        let listed = [("If-Match", "\"7\", \"2\"")]
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"name": "B"}"#, headers: listed).status == 200)
        #expect(trial.call("DELETE", "/cameras/\(id)", headers: [("If-Match", "*")]).status == 204)
    }

    @Test func `a password is sealed, can be replaced and cleared, and never shows`() throws {
        let inURL = #"{"name": "A", "location": "B", "url": "rtsp://joe:s3cret%2Fcanary@cam.example/1"}"#
        let created = trial.call("POST", "/cameras/", inURL)
        let id = try #require(created.id)
        #expect(created["url"] == .string("rtsp://cam.example/1"))
        #expect(created["username"] == .string("joe"))
        #expect(try password(id) == "s3cret/canary")
        for answer in [created, trial.call("GET", "/cameras/\(id)"), trial.call("GET", "/cameras/")] {
            #expect(!answer.text.contains("canary"))
        }
        #expect(!(try trial.cameraRows()).contains("canary"))
        let refused = trial.call("PATCH", "/cameras/\(id)", #"{"url": "ftp://joe:canary@cam/x", "password": "canary"}"#)
        #expect(refused.status == 422)
        #expect(!refused.text.contains("canary"))
        trial.call("PATCH", "/cameras/\(id)", #"{"password": "other"}"#)
        #expect(try password(id) == "other")
        trial.call("PATCH", "/cameras/\(id)", #"{"name": "C"}"#)
        #expect(try password(id) == "other")
        trial.call("PATCH", "/cameras/\(id)", #"{"password": null}"#)
        #expect(try password(id) == nil)
    }

    @Test(arguments: ["rtsp://other.example/1", "rtsp://cam.example:8554/1", "rtsps://cam.example/1"])
    func `a stored password goes to no other server than it was given for`(_ url: String) throws {
        let id = try #require(trial.call("POST", "/cameras/", WebTrial.good).id)
        trial.call("PATCH", "/cameras/\(id)", #"{"password": "canary"}"#)
        _ = trial.takeAnnounced()
        let before = try trial.cameraRows()
        let moved = trial.call("PATCH", "/cameras/\(id)", #"{"url": "\#(url)"}"#)
        #expect(moved.status == 422 && moved.wrongFields == ["password"], "\(moved.text)")
        #expect(try trial.cameraRows() == before)
        #expect(trial.takeAnnounced().isEmpty)
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"url": "rtsp://cam.example/2"}"#).status == 200)
        #expect(try password(id) == "canary")
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"url": "\#(url)", "password": "new"}"#).status == 200)
        #expect(try password(id) == "new")
        #expect(
            trial.call("PATCH", "/cameras/\(id)", #"{"url": "rtsp://third.example/1", "password": null}"#).status == 200
        )
        #expect(try password(id) == nil)
    }

    @Test func `a camera that is deleted leaves no address, user, password or picture behind`() throws {
        let id = try #require(trial.call("POST", "/cameras/", WebTrial.good).id)
        trial.call("PATCH", "/cameras/\(id)", #"{"username": "canary", "password": "canary"}"#)
        try StatusStore(trial.context.database).putPicture(
            [1],
            takenAt: Timestamp(milliseconds: 0),
            of: CameraID(rawValue: id)
        )
        #expect(trial.call("DELETE", "/cameras/\(id)").status == 204)
        let left = try trial.cameraRows()
        #expect(!left.contains("canary") && !left.contains("cam.example"), "\(left)")
        #expect(try trial.context.database.rows("select count(*) from camera_pictures", as: (Int).self) == [0])
    }

    @Test func `no length given means the set length, null too`() throws {
        let trial = try WebTrial(["OBSERVER_SEGMENT_SECONDS": "30"])
        let omitted = trial.call("POST", "/cameras/", #"{"name": "A", "location": "B", "url": "rtsp://cam/1"}"#)
        #expect(omitted["segment_seconds"] == .int(30))
        let null = #"{"name": "A", "location": "B", "url": "rtsp://cam/1", "segment_seconds": null}"#
        #expect(trial.call("POST", "/cameras/", null)["segment_seconds"] == .int(30))
        let id = try #require(omitted.id)
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"segment_seconds": 5}"#)["segment_seconds"] == .int(5))
        #expect(trial.call("PATCH", "/cameras/\(id)", #"{"segment_seconds": null}"#)["segment_seconds"] == .int(30))
    }

    @Test func `lists are filtered and paged`() throws {
        for number in 1...5 {
            _ = try trial.addCamera("Cam \(number)", number % 2 == 0 ? #", "tags": ["even"]"# : "")
        }
        let last = try trial.addCamera("Last", #", "is_active": true"#)
        #expect(try ids("/cameras/?tag=even") == [2, 4])
        #expect(try ids("/cameras/?q=cam%205") == [5])
        #expect(try ids("/cameras/?state=pending") == [last])
        #expect(try ids("/cameras/?ids=5,2,99") == [2, 5])
        #expect(try ids("/cameras/?q=nothing") == [])
        var path = "/cameras/?limit=4&q=cam"
        let first = trial.call("GET", path)
        #expect(try ids(path) == [1, 2, 3, 4])
        #expect(first.response.header(.link) == "</api/v1/cameras/?limit=4&q=cam&after=4>; rel=\"next\"")
        path = "/cameras/?limit=4&q=cam&after=4"
        #expect(try ids(path) == [5])
        #expect(trial.call("GET", path).response.header(.link) == nil)
    }

    private func ids(_ path: String) throws -> [Int64] {
        guard case .array(let cameras)? = trial.call("GET", path).json else { throw Failure() }
        return cameras.compactMap { camera in
            if case .object(let members) = camera, case .int(let id)? = members["id"] { id } else { nil }
        }
    }

    private func password(_ id: Int64) throws -> String? {
        let statement: SQL = "select password_sealed from cameras where id = \(id)"
        guard let sealed = try trial.context.database.rows(statement, as: ([UInt8]?).self).first ?? nil else {
            return nil
        }
        let key = try SealingKey(WebTrial.key)
        return String(decoding: try key.open(sealed, for: "camera:\(id):password"), as: UTF8.self)
    }
}

struct Failure: Error {}
