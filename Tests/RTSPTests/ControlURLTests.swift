import Testing

@testable import RTSP

/// Addresses of presentations and tracks.
@Suite struct ControlURLTests {
    /// The base of the answer, the session's control, the track's control; then the addresses for SETUP and for PLAY.
    private static let cases: [(String?, String?, String?, String, String)] = [
        ("rtsp://h/live/", "*", "trackID=1", "rtsp://h/live/trackID=1", "rtsp://h/live/"),
        ("rtsp://h/live", nil, "track1", "rtsp://h/live/track1", "rtsp://h/live"),
        (nil, "*", "track1", "rtsp://camera/s?a=1/track1", "rtsp://camera/s?a=1"),
        (nil, nil, nil, "rtsp://camera/s?a=1", "rtsp://camera/s?a=1"),
        (nil, "*", "*", "rtsp://camera/s?a=1", "rtsp://camera/s?a=1"),
        // Dahua and GW: the control goes behind the query.
        (
            "rtsp://h:554/r?channel=1&proto=Onvif/", "*", "trackID=0", "rtsp://h:554/r?channel=1&proto=Onvif/trackID=0",
            "rtsp://h:554/r?channel=1&proto=Onvif/"
        ),
        (
            "rtsp://h:5050/H264?channel=1", "*", "video", "rtsp://h:5050/H264?channel=1/video",
            "rtsp://h:5050/H264?channel=1"
        ),
        // Hikvision: both are absolute, with queries.
        (
            "rtsp://h/101/", "rtsp://h/101/?mode=unicast", "rtsp://h/101/trackID=1?mode=unicast",
            "rtsp://h/101/trackID=1?mode=unicast", "rtsp://h/101/?mode=unicast"
        ),
        ("rtsp://h/101/", "rtsp://h/aggregate", "trackID=1", "rtsp://h/aggregate/trackID=1", "rtsp://h/aggregate"),
        ("rtsp://h/101/", "session", "trackID=1", "rtsp://h/101/trackID=1", "rtsp://h/101/session"),
        // Bases that are not whole.
        (
            "192.168.1.10:554/stream0/", "*", "trackID=1", "rtsp://192.168.1.10:554/stream0/trackID=1",
            "rtsp://192.168.1.10:554/stream0/"
        ),
        ("/live/", "*", "track1", "rtsp://camera/live/track1", "rtsp://camera/live/"),
        ("//h/live/", "*", "track1", "rtsp://h/live/track1", "rtsp://h/live/"),
        ("rtsp:///live/", "*", "track1", "rtsp://camera/live/track1", "rtsp://camera/live/"),
        (" \"rtsp://h/live/\" ", "*", " track1 ", "rtsp://h/live/track1", "rtsp://h/live/"),
        ("live/", "*", "track1", "rtsp://camera/s?a=1/track1", "rtsp://camera/s?a=1"),
        ("http://h/live/", "*", "track1", "rtsp://camera/s?a=1/track1", "rtsp://camera/s?a=1"),
        ("", "", "", "rtsp://camera/s?a=1", "rtsp://camera/s?a=1"),
        ("rtsp://h/live/", "*", "/track1", "rtsp://h/live/track1", "rtsp://h/live/"),
        ("rtsp://h/live/", "*", "a b", "rtsp://h/live/a%20b", "rtsp://h/live/"),
        ("RTSP://H/live/", "*", "RTSP://H/live/1", "rtsp://H/live/1", "rtsp://H/live/"),
    ]

    @Test(arguments: cases) func `the camera's own address comes first`(
        base: String?,
        session: String?,
        track: String?,
        setUp: String,
        play: String
    ) throws {
        let request = try #require(RTSPURL("rtsp://camera/s?a=1"))
        let urls = ControlURLs(request: request, bases: [base, nil], aggregate: session)
        #expect(urls.track(track).first == setUp)
        #expect(urls.presentation.first == play)
        #expect(Set(urls.track(track)).count == urls.track(track).count)
    }

    @Test func `Content-Location stands in for Content-Base`() throws {
        let request = try #require(RTSPURL("rtsp://camera/s"))
        let urls = ControlURLs(request: request, bases: [nil, "rtsp://h/live/"], aggregate: "*")
        #expect(urls.track("track1").first == "rtsp://h/live/track1")
    }

    @Test func `other spellings follow`() throws {
        let request = try #require(RTSPURL("rtsp://camera/s?a=1"))
        let urls = ControlURLs(request: request, bases: ["rtsp://10.0.0.1/live?b=2"], aggregate: "*")
        #expect(
            urls.track("track1") == [
                "rtsp://10.0.0.1/live?b=2/track1", "rtsp://camera/live?b=2/track1", "rtsp://camera/s?a=1/track1",
                "rtsp://10.0.0.1/live/track1?b=2",
            ]
        )
        #expect(urls.presentation == ["rtsp://10.0.0.1/live?b=2", "rtsp://camera/live?b=2", "rtsp://camera/s?a=1"])
    }

    @Test(arguments: [
        ("rtsp://camera", "camera", "camera", ""), ("rtsp://camera:8554/a?b#c", "camera:8554", "camera", "/a?b"),
        ("rtsps://u:p@Camera/a", "Camera", "camera", "/a"), ("rtsp://a:b@c@camera?x", "camera", "camera", "?x"),
        ("rtsp://[fe80::1]:554/a b", "[fe80::1]:554", "[fe80::1]", "/a%20b"),
        ("RTSP://camera/\u{1}", "camera", "camera", "/%01"),
    ])
    func `an address is taken apart`(text: String, authority: String, host: String, rest: String) throws {
        let url = try #require(RTSPURL(text))
        #expect(url.authority == authority)
        #expect(url.host == host)
        #expect(url.rest == rest)
    }

    @Test(arguments: [
        "", "camera", "http://camera/", "rtsp:/camera", "rtsp://", "rtsp:///x", "rtsp://a@/x", "://x", "rtspu://x",
    ])
    func `what is no address of RTSP is refused`(text: String) {
        #expect(RTSPURL(text) == nil)
    }
}
