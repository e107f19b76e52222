import Encodings
import HTTPTypes
import ObserverCore
import ObserverStore
import ObserverWeb
import TestSupport
import Testing

/// Conditions, cursors and kept lists: what goes over the wire once, and what never goes.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIConditionTests {
    private let harness: WebHarness

    init() throws {
        harness = try WebHarness()
    }

    private func status(_ id: Int64, frames seconds: Int64) throws {
        try StatusStore(harness.context.database).write([
            CameraStatus(
                stream: StreamID(CameraID(rawValue: id), .main),
                epoch: 1,
                state: .recording,
                since: Timestamp(milliseconds: 1_800_000_000_000),
                lastFrameAt: Timestamp(milliseconds: 1_800_000_000_000 + seconds * 1000)
            )
        ])
        harness.context.cameraPages.forget()
    }

    @Test(arguments: ["", "/1"]) func `what a client has is not sent again, until it changes`(path: String) throws {
        let id = try harness.addCamera("Gate", #", "is_active": true"#)
        let path = path.isEmpty ? "/cameras/?limit=1" : "/cameras/\(id)"
        try status(id, frames: 0)
        let first = harness.call("GET", path).response
        let tag = try #require(first.header(.eTag))
        #expect(!tag.hasPrefix("W/"))
        for method in ["GET", "HEAD"] {
            let again = harness.call(method, path, headers: [("If-None-Match", "\"x\", \(tag)")]).response
            #expect(again.status == 304 && again.body.isEmpty)
            #expect(again.header(.eTag) == tag && again.header(.cacheControl) == "no-store")
            #expect(again.header(.contentType) == nil && again.header(.link) == first.header(.link))
        }
        try status(id, frames: 1)
        let later = harness.call("GET", path, headers: [("If-None-Match", tag)]).response
        #expect(later.status == 200 && later.header(.eTag) != tag && later.body != first.body)
        // A frame is nobody's change.
        let renamed = harness.call("PATCH", "/cameras/\(id)", #"{"name": "B"}"#, headers: [("If-Match", tag)])
        #expect(renamed.status == (path.hasSuffix("limit=1") ? 412 : 200))
    }

    @Test func `the document is sent once`() throws {
        let first = harness.call("GET", "/openapi.json", as: nil).response
        let tag = try #require(first.header(.eTag))
        let again = harness.call("GET", "/openapi.json", as: nil, headers: [("If-None-Match", tag)]).response
        #expect(again.status == 304 && again.body.isEmpty && again.header(.cacheControl) == "no-cache")
    }

    @Test func `whoever changes a camera sees it in the list at once, however it was changed`() throws {
        let id = try harness.addCamera()
        func list() -> String { harness.call("GET", "/cameras/", as: .viewer).text }
        #expect(list().contains(#""name":"Gate""#))
        let changes: [(String, String, String?, expects: String)] = [
            ("PATCH", "/cameras/\(id)", #"{"name": "North"}"#, #""name":"North""#),
            ("POST", "/cameras/\(id)/on", nil, #""is_active":true"#),
            ("POST", "/cameras/\(id)/off", nil, #""is_active":false"#),
            ("POST", "/controller/camera/\(id)/update_state", #"{"is_active": true}"#, #""is_active":true"#),
        ]
        for (method, path, body, expects) in changes {
            #expect(harness.call(method, path, body).status < 300)
            #expect(list().contains(expects), "\(path)")
        }
        let form = "application/x-www-form-urlencoded"
        #expect(harness.call("POST", "/controller/cameras/\(id)/switch", "is_active=false", type: form).status == 303)
        #expect(list().contains(#""is_active":false"#))
        let second = try harness.addCamera("Second")
        #expect(list().contains(#""name":"Second""#))
        #expect(harness.call("POST", "/controller/cameras/\(second)/delete", "x=y", type: form).status == 303)
        #expect(!list().contains(#""name":"Second""#))
        #expect(harness.call("DELETE", "/cameras/\(id)").status == 204)
        #expect(list() == "[]")
    }

    @Test func `a form of an older version is refused`() throws {
        let id = try harness.addCamera()
        #expect(harness.call("PATCH", "/cameras/\(id)", #"{"name": "B"}"#).status == 200)
        let before = try harness.cameraRows()
        let form = "application/x-www-form-urlencoded"
        for (path, body) in [("switch", "is_active=true"), ("delete", "")] {
            let page = harness.call("POST", "/controller/cameras/\(id)/\(path)", "\(body)&version=1", type: form)
            #expect(page.status == 412 && page.text.contains("changed meanwhile"), "\(path)")
            let wrong = harness.call("POST", "/controller/cameras/\(id)/\(path)", "\(body)&version=x", type: form)
            #expect(wrong.status == 422)
        }
        #expect(try harness.cameraRows() == before)
        for page in ["", "cameras/\(id)", "cameras/\(id)/delete", "cameras/\(id)/edit"] {
            let text = harness.call("GET", "/controller/\(page)").text
            #expect(text.contains(#"<input type="hidden" name="version" value="2">"#), "\(page)")
        }
        let switched = "is_active=true&version=2"
        #expect(harness.call("POST", "/controller/cameras/\(id)/switch", switched, type: form).status == 303)
    }

    @Test func `a whole number may be written with a fraction of zero`() throws {
        let id = try harness.addCamera("Gate", #", "segment_seconds": 1e1"#)
        let changed = harness.call("PATCH", "/cameras/\(id)", #"{"priority": 7.0}"#)
        #expect(changed["segment_seconds"] == .int(10) && changed["priority"] == .int(7))
        #expect(harness.call("POST", "/retention/policies", #"{"longest_days": 30.0}"#).status == 201)
    }

    // MARK: Cursors

    @Test func `a page begins after something that is there`() throws {
        let id = try harness.addCamera()
        let other = CameraID(rawValue: try harness.addCamera("Other"))
        let foreign = Segment.sample(of: other)
        try SegmentStore(harness.context.database).write([.init(foreign, .failed, error: "refused")])
        let nobody = "00000000-0000-7000-8000-000000000000"
        for path in [
            "/cameras/\(id)/segments?after=\(nobody)", "/cameras/\(id)/segments?after=\(foreign.id)",
            "/uploads/failed?after=\(nobody)", "/uploads/failed?camera_id=\(id)&after=\(foreign.id)",
            "/controller/storage/failed?after=\(nobody)", "/cameras/?after=99", "/cameras/?after=0",
            "/controller/?after=99", "/holds?after=99", "/retention/history?after=99",
        ] {
            let answer = harness.call("GET", path)
            #expect(answer.status == 422, "\(path)")
            if !path.hasPrefix("/controller") { #expect(answer.wrongFields == ["after"], "\(path)") }
        }
        #expect(harness.call("GET", "/cameras/999/segments?after=\(nobody)").status == 404)
        for cursor in ["older", "newer"] {
            #expect(harness.call("GET", "/controller/cameras/\(id)?\(cursor)=\(foreign.id)").status == 404)
        }
        #expect(harness.call("GET", "/cameras/\(other)/segments?after=\(foreign.id)").text == "[]")
        #expect(harness.call("GET", "/uploads/failed?after=\(foreign.id)").text == "[]")
    }

    @Test func `a page goes on after what was deleted meanwhile`() throws {
        let ids = try (1...3).map { try harness.addCamera("Camera \($0)") }
        #expect(harness.call("DELETE", "/cameras/\(ids[1])").status == 204)
        let rest = harness.call("GET", "/cameras/?after=\(ids[1])")
        #expect(rest.status == 200 && rest.text.contains("Camera 3") && !rest.text.contains("Camera 1"))
        let hold =
            #"{"camera_id": \#(ids[0]), "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "reason": "x"}"#
        let held = try #require(harness.call("POST", "/holds", hold).id)
        #expect(harness.call("POST", "/holds/\(held)/release", #"{"reason": "y"}"#).status == 200)
        #expect(harness.call("GET", "/holds?after=\(held)").text == "[]")
        #expect(harness.call("GET", "/holds?camera_id=\(ids[2])&after=\(held)").wrongFields == ["after"])
    }

    // MARK: Readiness

    @Test func `readiness asks nobody`() throws {
        let away = try WebHarness(databaseURL: "postgresql://nobody@127.0.0.1:9/none")
        let board = away.context.health
        board.set(.database, .init(isGood: true, detail: "answers"))
        let ready = away.call("GET", "/health/ready", as: nil)
        #expect(ready.status == 200 && ready.text == #"{"status":"ready"}"#)
        board.set(.database, .init(isGood: false, detail: "does not answer"))
        for headers in [[], [("Authorization", "Bearer obs_x")], [("Cookie", "observer_session=x")]] {
            let clock = ContinuousClock()
            let time = clock.measure {
                let answer = away.call("GET", "/health/ready", as: nil, headers: headers)
                #expect(answer.status == 503 && answer.text == #"{"status":"not ready"}"#)
                #expect(answer.response.header(.retryAfter) == "3")
            }
            #expect(time < .milliseconds(500))
        }
    }

    @Test func `broker and store may be away, and only those who are signed in see it`() throws {
        let board = harness.context.health
        board.set(.database, .init(isGood: true, detail: "answers"))
        board.set(.storage, .init(isGood: false, detail: "the bucket does not answer"))
        let stranger = harness.call("GET", "/health/ready", as: nil)
        #expect(stranger.status == 200 && stranger.text == #"{"status":"ready"}"#)
        let viewer = harness.call("GET", "/health/ready", as: .viewer)
        #expect(viewer.status == 200 && viewer.text.contains("the bucket does not answer"))
    }
}
