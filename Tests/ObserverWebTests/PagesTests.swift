import HTTPRouting
import Mustache
import ObserverCore
import ObserverStore
import Testing

@testable import ObserverWeb

@Suite struct PagesTests {
    /// One camera, which matches nothing.
    private static let other = CameraGlances(
        [CameraGlance(id: CameraID(rawValue: 1), matches: false)],
        CameraQuery()
    )

    // MARK: Every page

    private func everyPage() -> [(String, any Page)] {
        let listing = Example.listing()
        return [
            ("cameras", cameras([listing])),
            ("no cameras", cameras([], glances: CameraGlances([], CameraQuery()))),
            ("wall", WallPage(list([listing]))),
            ("switch all", CamerasSwitchPage(names: ["Gate"], isOn: false, filter: .init(tag: "a"), csrf: "token")),
            ("no match", cameras([], glances: Self.other, filter: .init(text: "x"))),
            ("camera", cameraPage(listing)),
            ("together", TogetherPage(cameras: [listing], choices: [listing], moment: nil, now: Example.now)),
            ("add", CameraFormPage(form: CameraForm(defaults: CameraSettings()), csrf: "token")),
            ("edit", CameraFormPage(form: CameraForm(editing: listing.camera), csrf: "token")),
            ("delete", CameraDeletePage(camera: listing.camera, csrf: "token")),
            ("recorders", RecordersPage(recorders: [Example.recorder()], now: Example.now)),
            ("uploaders", RecordersPage(recorders: [], uploaders: [Example.uploader()], now: Example.now)),
            ("storage", Example.storage()),
            ("failed uploads", Example.failedUploads()),
            ("no recorders", RecordersPage(recorders: [], now: Example.now)),
            ("sign in", SignInPage(csrf: "token")),
            ("error", ErrorPage(Problem(404, "No such camera."))),
        ]
    }

    @Test func `every page has one heading, landmarks, a title, a skip link and no inline script or style`() throws {
        for (name, page) in everyPage() {
            let html = try render(page)
            #expect(html.ranges(of: "<h1").count == 1, "\(name)")
            #expect(html.contains("<main id=\"main\"") && html.contains("href=\"#main\""), "\(name)")
            #expect(html.contains("<title>\(page.title) · Observer</title>"), "\(name)")
            #expect(!html.contains("style=") && !html.contains("<style") && !html.contains(" onclick"), "\(name)")
            #expect(html.ranges(of: "<script").count == html.ranges(of: "<script src=").count, "\(name)")
            #expect(!html.contains("{{"), "\(name)")
            #expect(!html.contains("//") || !html.contains("src=\"http"), "\(name)")
        }
    }

    @Test func `every form that changes something carries the session's token`() throws {
        for (name, page) in everyPage() {
            let html = try render(page)
            let forms = html.split(separator: "<form").dropFirst().filter { $0.contains("method=\"post\"") }
            for form in forms {
                #expect(form.contains("name=\"csrf\" value=\"token"), "\(name)")
            }
        }
    }

    @Test func `identifiers of a page are unique and labels and descriptions lead somewhere`() throws {
        for (name, page) in everyPage() {
            let html = try render(page)
            let identifiers = values(of: "id", in: html)
            #expect(identifiers.count == Set(identifiers).count, "\(name): \(identifiers)")
            for attribute in ["for", "aria-describedby", "aria-labelledby"] {
                for value in values(of: attribute, in: html).flatMap({ $0.split(separator: " ") }) {
                    #expect(identifiers.contains(String(value)), "\(name): \(attribute) \(value)")
                }
            }
        }
    }

    @Test func `what people typed is text, never markup`() throws {
        let evil = "\"><script>alert(1)</script>'&"
        let camera = Example.camera(name: evil, details: evil, tags: [evil])
        let listing = Example.listing(camera, .retrying, cause: .unreachable)
        let pages: [any Page] = [
            cameras([listing], filter: .init(text: evil)), cameraPage(listing),
            CameraFormPage(form: CameraForm(editing: camera), csrf: "token"),
            CameraDeletePage(camera: camera, csrf: "token"),
            SignInPage(csrf: "token", name: evil, back: evil, problem: evil), ErrorPage(Problem(404, evil)),
        ]
        for page in pages {
            let html = try render(page)
            #expect(!html.contains("<script>alert"))
            #expect(html.contains("&lt;script&gt;"))
        }
    }

    // MARK: Cameras

    @Test(arguments: [
        (CameraState.recording, Cause?.none, "recording", "mark-recording", "Recording"),
        (.retrying, .unreachable, "retrying", "mark-retrying", "No answer"),
        (.retrying, .unauthorized, "failing", "mark-failing", "Wrong user or password"),
        (.connecting, nil, "plain", "mark-connecting", "Connecting"),
        (.pending, nil, "plain", "mark-pending", "Starting"),
        (.unassigned, .noRecorder, "failing", "mark-unassigned", "No recorder"),
        (.off, nil, "quiet", "mark-off", "Off"),
    ])
    func `a state is a tone, a shape and a word`(
        _ state: CameraState,
        _ cause: Cause?,
        _ tone: String,
        _ mark: String,
        _ word: String
    ) throws {
        let html = try render(cameras([Example.listing(Example.camera(), state, cause: cause)]))
        let row = try #require(html.split(separator: "<tr role=\"row\" data-camera=\"7\">").last)
        #expect(row.contains("data-tone=\"\(tone)\""))
        #expect(row.contains("href=\"#\(mark)\""))
        #expect(row.contains(word))
    }

    @Test func `the switch shows what is wanted and asks for the opposite`() throws {
        let on = try render(cameras([Example.listing(Example.camera(isActive: true), .retrying, cause: .dns)]))
        #expect(on.contains("role=\"switch\" aria-checked=\"true\" aria-label=\"Record Gate\""))
        #expect(on.contains("name=\"is_active\" value=\"false\""))
        let off = try render(cameras([Example.listing(Example.camera(isActive: false), .off)]))
        #expect(off.contains("aria-checked=\"false\""))
        #expect(off.contains("name=\"is_active\" value=\"true\""))
    }

    @Test func `a viewer sees the state and can press nothing`() throws {
        let viewer = Viewer(name: "eve", role: .viewer, csrf: "token")
        let html = try render(cameras([Example.listing()], viewer: viewer), for: viewer)
        #expect(!html.contains("role=\"switch\"") && !html.contains("/edit") && !html.contains("Add camera"))
        #expect(html.contains("Recording"))
    }

    @Test func `the last snapshot of a dead camera says how old it is`() throws {
        let alive = try render(cameras([Example.listing()]))
        #expect(!alive.contains("is-stale"))
        var listing = Example.listing(Example.camera(), .retrying, cause: .unreachable)
        listing.snapshotAt = Example.now.advanced(bySeconds: -14 * 60)
        #expect(try render(cameras([listing])).contains("14 min old"))
    }

    @Test func `the next page follows the last camera, and the one before leads back`() throws {
        let many = (1...(2 * CamerasPage.length + 1)).map { Example.listing(Example.camera(Int64($0), name: "C\($0)")) }
        let html = try render(cameras(many, filter: .init(tag: "outdoor")))
        #expect(html.contains("?tag=outdoor&amp;after=\(CamerasPage.length)\" rel=\"next\""))
        #expect(!html.contains("data-camera=\"\(CamerasPage.length + 1)\"") && !html.contains("rel=\"prev\""))
        let last = try render(cameras(many, filter: .init(after: CameraID(rawValue: 2 * Int64(CamerasPage.length)))))
        #expect(last.contains("controller/?after=\(CamerasPage.length)\" rel=\"prev\""))
        #expect(last.contains("201 to 201 of 201") && !last.contains("rel=\"next\""))
    }

    // MARK: A camera

    @Test func `recordings are listed with the holes between them and their cause`() throws {
        let segments = [
            Example.record(secondsAgo: 10), Example.record(secondsAgo: 20, state: .spooled),
            Example.record(secondsAgo: 119), Example.record(secondsAgo: 130, state: .failed, error: "403 AccessDenied"),
            Example.record(secondsAgo: 140, state: .expired),
        ]
        let gap = Gap(
            stream: StreamID(CameraID(rawValue: 7), .main),
            epoch: 1,
            startedAt: Example.now.advanced(bySeconds: -109),
            endedAt: Example.now.advanced(bySeconds: -20),
            cause: .stalled,
            detail: nil
        )
        let html = try render(cameraPage(Example.listing(), segments, gaps: [gap]))
        #expect(html.contains("Nothing recorded for 1 min 29 s"))
        #expect(html.contains("Stream went silent"))
        #expect(html.contains("To upload") && html.contains("Upload failed") && html.contains("403 AccessDenied"))
        #expect(html.ranges(of: "class=\"segment\"").count == 4)
        #expect(html.ranges(of: "/export.mp4?from=").count == 4)
    }

    @Test func `the segment in the address plays without a script`() throws {
        let record = Example.record(secondsAgo: 10)
        let playing = CameraPage.Playing(record: record, previous: .makeRandom(), next: nil)
        let html = try render(cameraPage(Example.listing(), [record], playing: playing))
        #expect(html.contains("<video controls playsinline autoplay"))
        #expect(html.contains("src=\"/api/v1/segments/\(record.segment.id).mp4\""))
        #expect(html.contains("<tr aria-current=\"true\">"))
        #expect(html.contains(">Earlier</a>") && !html.contains(">Later</a>"))
    }

    @Test(arguments: [Int64.min, -1, 86_400_001, .max])
    func `a recording of an impossible length is shown like others`(milliseconds: Int64) throws {
        var record = Example.record(secondsAgo: 10)
        record.segment.end.durationMilliseconds = milliseconds
        record.segment.media.bytes = milliseconds
        let playing = CameraPage.Playing(record: record, previous: nil, next: nil)
        let records = [Example.record(secondsAgo: 5), record, Example.record(secondsAgo: 20)]
        let html = try render(cameraPage(Example.listing(), records, playing: playing))
        #expect(html.ranges(of: "/export.mp4?from=").count == 4)
    }

    @Test func `what is wrong comes with what to do about it`() throws {
        let html = try render(cameraPage(Example.listing(Example.camera(), .retrying, cause: .unauthorized)))
        #expect(html.contains(StateView.remedy(.unauthorized).replacing("’", with: "’")))
        #expect(!html.contains("secret"))
    }

    @Test func `an operator can have a camera that is retried connected now`() throws {
        let form = "action=\"/api/v1/controller/cameras/7/retry\""
        let retrying = Example.listing(Example.camera(), .retrying, cause: .unauthorized)
        #expect(try render(cameraPage(retrying)).contains(form))
        #expect(try !render(cameraPage(Example.listing())).contains(form))
    }

    @Test func `what is wrong while a camera records is told in sentences`() throws {
        var listing = Example.listing()
        listing.status.health = [HealthNote(.noKeyFrames, "no key frame came for <2 min>"), HealthNote(.clock, "late")]
        let html = try render(cameraPage(listing))
        #expect(html.contains("<li><b>No key frames</b> · No key frame came for &lt;2 min&gt;.</li>"))
        #expect(html.contains("<li><b>A clock is wrong</b> · Late.</li>"))
        #expect(try !render(cameraPage(Example.listing())).contains("aria-label=\"Health\""))
    }

    // MARK: Recorders

    @Test(arguments: [
        (RecorderListing.State.alive, "recording", "Alive"), (.draining, "plain", "Ending"),
        (.stopped, "quiet", "Stopped"), (.silent, "failing", "Silent"), (.fenced, "failing", "Taken for dead"),
    ])
    func `a recorder is shown with its state and what it holds`(
        _ state: RecorderListing.State,
        _ tone: String,
        _ word: String
    ) throws {
        let html = try render(RecordersPage(recorders: [Example.recorder(state)], now: Example.now))
        #expect(html.contains("data-tone=\"\(tone)\"") && html.contains("</svg>\(word)</span>"))
        for text in ["node-a", "start 3", "1.5 s ago", ">2<", ">1<", "4.0 Mbit/s", "12.0 s", "aria-current=\"page\""] {
            #expect(html.contains(text), "\(text)")
        }
    }

    // MARK: Helpers

    private func render(
        _ page: any Page,
        for viewer: Viewer = Viewer(name: "ada", role: .operator, csrf: "token")
    )
        throws -> String
    {
        try Example.html(page, for: viewer)
    }

    private func cameras(
        _ listings: [CameraListing],
        glances: CameraGlances? = nil,
        filter: CameraFilter = .init(),
        viewer: Viewer = Viewer(name: "ada", role: .operator, csrf: "token")
    ) -> CamerasPage {
        CamerasPage(list(listings, glances: glances, filter: filter, viewer: viewer))
    }

    private func list(
        _ listings: [CameraListing],
        glances: CameraGlances? = nil,
        filter: CameraFilter = .init(),
        viewer: Viewer = Viewer(name: "ada", role: .operator, csrf: "token"),
        length: Int = CamerasPage.length
    ) -> CameraListView {
        Example.list(listings, glances: glances, filter: filter, viewer: viewer, length: length)
    }

    private func cameraPage(
        _ listing: CameraListing,
        _ segments: [SegmentRecord] = [],
        gaps: [Gap] = [],
        playing: CameraPage.Playing? = nil
    ) -> CameraPage {
        let recordings = RecordingsView(
            camera: listing.camera.id,
            place: .init(day: Day(of: Example.now)),
            hours: [RecordedHour(hour: 20, milliseconds: 840_000, bytes: 210_000_000)],
            segments: segments,
            timeline: Example.timeline(of: segments, gaps),
            hasOlder: true,
            hasNewer: false
        )
        return CameraPage(
            listing: listing,
            recordings: recordings,
            playing: playing,
            viewer: Viewer(name: "ada", role: .operator, csrf: "token"),
            now: Example.now
        )
    }

    /// The values of an attribute, in the order of the page.
    private func values(of attribute: String, in html: String) -> [String] {
        html.split(separator: " \(attribute)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }
}
