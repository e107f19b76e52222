import Encodings
import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing
import ObserverMessages
import System

@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIRecordingTests {
    private let harness: WebHarness
    private let segments: SegmentStore

    init() throws {
        harness = try WebHarness()
        segments = SegmentStore(harness.context.database)
    }

    private func ids(_ answer: WebHarness.Answer) -> [String] {
        guard case .array(let list)? = answer.json else { return ["not a list: \(answer.text)"] }
        return list.compactMap { segment in
            if case .object(let members) = segment, case .string(let id)? = members["id"] { id } else { nil }
        }
    }

    @Test func `segments are listed by start, within a stretch, page by page`() throws {
        let camera = CameraID(rawValue: try harness.addCamera())
        let all = (0..<5).map { Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
        try segments.upsertSpooled(all.reversed())
        try segments.markStored(all[0], etag: "x")
        let names = all.map(\.id.description)
        let path = "/cameras/\(camera)/segments"
        let answer = harness.call("GET", path, as: .viewer)
        #expect(ids(answer) == names)
        #expect(answer.text.contains(#""duration_ms":10000,"bytes":2500000,"#))
        #expect(answer.text.contains(#""state":"stored","codecs":"avc1.64001f","width":1920,"height":1080,"#))
        let from = Sample.start.advanced(bySeconds: 15).rfc3339
        let to = Sample.start.advanced(bySeconds: 30).rfc3339
        #expect(ids(harness.call("GET", "\(path)?from=\(from)&to=\(to)")) == Array(names[1...2]))

        var next: String? = "/api/v1\(path)?limit=2"
        var pages: [[String]] = []
        while let address = next, pages.count < 5 {
            let page = harness.call("GET", String(address.dropFirst("/api/v1".count)))
            pages.append(ids(page))
            next = page.response.header(.link).map { String($0.dropFirst().prefix { $0 != ">" }) }
        }
        #expect(pages == [Array(names[0...1]), Array(names[2...3]), [names[4]]])
        #expect(harness.call("GET", "/cameras/999/segments").status == 404)
        #expect(ids(harness.call("GET", "/cameras/\(try harness.addCamera())/segments")) == [])
    }

    @Test func `a stored segment is handed to nginx with a signed address that nobody sees`() throws {
        let camera = CameraID(rawValue: try harness.addCamera())
        let segment = Segment.sample(of: camera)
        try segments.markStored(segment, etag: nil)
        let response = harness.call("GET", "/segments/\(segment.id).mp4", as: .viewer).response
        let location = try #require(response.header(.accelRedirect))
        #expect(location.hasPrefix("/internal/s3/127.0.0.1/recordings/\(segment.header.objectKey)?"))
        #expect(location.contains("X-Amz-Expires=300"))
        #expect(location.contains("response-content-type=video%2Fmp4"))
        #expect(response.body.isEmpty)
        #expect(response.header(.cacheControl) == "private, no-store")
        #expect(harness.call("GET", "/segments/\(segment.id).mp4", as: nil).response.header(.accelRedirect) == nil)
    }

    @Test func `segments that can't be had say why`() throws {
        let camera = CameraID(rawValue: try harness.addCamera())
        let (spooled, lost) = (Segment.sample(of: camera), Segment.sample(of: camera))
        try segments.upsertSpooled([spooled])
        try segments.markLost(lost, reason: "the disk died")
        #expect(harness.call("GET", "/segments/\(spooled.id).mp4").status == 404)
        let answer = harness.call("GET", "/segments/\(lost.id).mp4")
        #expect(answer.status == 410)
        #expect(answer.text.contains("the disk died"))
        #expect(harness.call("GET", "/segments/\(SegmentID.makeRandom()).mp4").status == 404)
    }

    @Test func `the newest snapshot is sent once to those who have it`() throws {
        let camera = CameraID(rawValue: try harness.addCamera())
        let path = "/cameras/\(camera)/snapshot.jpg"
        #expect(harness.call("GET", path).status == 404)
        try StatusStore(harness.context.database).putSnapshot([0xFF, 0xD8, 1], takenAt: Sample.start, of: camera)
        let first = harness.call("GET", path, as: .viewer).response
        #expect(first.status == 200)
        #expect(first.header(.contentType) == "image/jpeg")
        #expect(first.body == [0xFF, 0xD8, 1])
        let tag = try #require(first.header(.eTag))
        let again = harness.call("GET", path, headers: [("If-None-Match", tag)]).response
        #expect(again.status == 304)
        #expect(again.body.isEmpty)
        let later = Sample.start.advanced(bySeconds: 1)
        try StatusStore(harness.context.database).putSnapshot([0xFF, 0xD8, 2], takenAt: later, of: camera)
        #expect(harness.call("GET", path, headers: [("If-None-Match", tag)]).response.body.last == 2)
        #expect(harness.takeWishes().isEmpty, "a camera that is off has nothing newer")
    }

    @Test func `a snapshot shows the newest key frame of a camera that is recorded, if its recorder answers`() throws {
        let camera = CameraID(rawValue: try harness.addCamera("Gate", #", "is_active": true"#))
        try harness.assign(to: "node-a")
        let statuses = StatusStore(harness.context.database)
        try statuses.write([
            CameraStatus(stream: StreamID(camera, .main), epoch: 1, state: .recording, since: Sample.start)
        ])
        let path = "/cameras/\(camera)/snapshot.jpg"
        let age = "update camera_snapshots set looked_at = now() - interval '1 minute'"
        try statuses.putSnapshot([0xFF, 0xD8, 1], takenAt: Sample.start, of: camera)

        // New enough.
        #expect(harness.call("GET", path).response.body.last == 1)
        #expect(harness.takeWishes().isEmpty)

        // No recorder answers.
        try harness.context.database.executeScript(unsafe: age)
        #expect(harness.call("GET", path).response.body.last == 1)
        let wishes = harness.takeWishes()
        #expect(wishes.map(\.kind) == [.snapshot] && wishes.map(\.camera) == [camera])
        #expect(wishes.first?.recorder == "node-a")

        // It made another.
        let database = try #require(harness.database).configuration
        harness.onSnapshotWish { camera in
            let later = Sample.start.advanced(bySeconds: 1)
            try? StatusStore(PostgresConnection(database)).putSnapshot([0xFF, 0xD8, 2], takenAt: later, of: camera)
        }
        #expect(harness.call("GET", path).response.body.last == 2)

        // It found that there is none newer: nobody waits for one.
        try harness.context.database.executeScript(unsafe: age)
        harness.onSnapshotWish { camera in try? StatusStore(PostgresConnection(database)).noteLooks(at: [camera]) }
        let begun = MonotonicInstant.now()
        #expect(harness.call("GET", path).response.body.last == 2)
        #expect(MonotonicInstant.now() - begun < .seconds(1))
        #expect(harness.takeWishes().count == 2)

        // Its page asks, and the address of one picture does not.
        #expect(harness.call("GET", "/controller/cameras/\(camera)").status == 200)
        #expect(harness.takeWishes().map(\.kind) == [.snapshot])
        try harness.context.database.executeScript(unsafe: age)
        #expect(harness.call("GET", "\(path)?t=1").status == 200)
        #expect(harness.takeWishes().isEmpty)
    }
}
