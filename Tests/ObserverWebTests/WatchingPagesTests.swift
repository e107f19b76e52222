import HTTPRouting
import ObserverCore
import ObserverStore
import Testing

@testable import ObserverWeb

/// The stage of a camera, and the page of several cameras.
@Suite struct WatchingPagesTests {
    private let viewer = Viewer(name: "ada", role: .viewer, csrf: "token")

    private func stage(_ listing: CameraListing, at moment: Timestamp?) throws -> String {
        let recordings = RecordingsView(
            camera: listing.camera.id,
            place: .init(day: Day(of: Example.now)),
            hours: [],
            segments: [],
            timeline: Example.timeline(of: [], []),
            hasOlder: false,
            hasNewer: false
        )
        let page = CameraPage(
            listing: listing,
            recordings: recordings,
            playing: nil,
            moment: moment,
            viewer: viewer,
            now: Example.now
        )
        return try Example.html(page, for: viewer)
    }

    @Test func `the stage hands its script the moment of the address, and says that nothing was recorded`() throws {
        let moment = Example.now.advanced(bySeconds: -7200)
        let html = try stage(Example.listing(), at: moment)
        #expect(html.contains("data-at=\"\(moment.rfc3339)\""))
        #expect(html.contains("Nothing was recorded at \(Format.exact(moment))."))
        #expect(html.contains("from=\"\(moment.advanced(bySeconds: -1800).rfc3339)\""))
        #expect(try !stage(Example.listing(), at: nil).contains("data-at="))
    }

    @Test func `a timeline does not open in the future`() throws {
        let html = try stage(Example.listing(), at: Example.now.advanced(bySeconds: -60))
        #expect(html.contains(" to=\"\(Example.now.rfc3339)\""))
    }

    @Test func `sound can be switched on where it is recorded`() throws {
        var listing = Example.listing()
        listing.camera.audio = .off
        #expect(try !stage(listing, at: nil).contains("data-act=\"sound\""))
        listing.camera.audio = .copy
        #expect(try stage(listing, at: nil).contains("data-act=\"sound\""))
    }

    @Test func `a range is saved by a plain form`() throws {
        let html = try stage(Example.listing(), at: nil)
        #expect(html.contains("method=\"get\" action=\"/api/v1/cameras/7/export.mp4\""))
        for name in ["from", "to"] { #expect(html.contains("name=\"\(name)\" value=\"20")) }
    }

    @Test func `several cameras have a tile and a link each, and the others can be chosen`() throws {
        let moment = Example.now.advanced(bySeconds: -7200)
        let listing = Example.listing()
        let page = TogetherPage(cameras: [listing], choices: [listing], moment: moment, now: Example.now)
        let html = try Example.html(page, for: viewer)
        #expect(html.contains("data-number=\"7\"") && html.contains("name=\"camera\" value=\"7\" checked"))
        #expect(html.contains("href=\"/api/v1/controller/cameras/7?at="))
        #expect(!html.contains("data-act=\"live\"") && !html.contains("{{"))
        let none = TogetherPage(cameras: [], choices: [], moment: nil, now: Example.now)
        #expect(try Example.html(none, for: viewer).contains("There is no camera yet."))
    }
}
