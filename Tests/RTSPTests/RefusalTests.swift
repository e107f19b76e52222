import Testing

@testable import RTSP

/// Answers that end a session, and what is said about them.
@Suite struct RefusalTests {
    private static let cases: [(Int, RTSPError.Kind)] = [
        (400, .refused), (403, .forbidden), (404, .notFound), (406, .refused), (410, .notFound), (453, .busy),
        (454, .sessionLost), (500, .cameraFailed), (503, .cameraFailed), (304, .badRedirect), (551, .cameraFailed),
    ]

    @Test(arguments: cases) func `a refused DESCRIBE has a kind and a sentence`(status: Int, kind: RTSPError.Kind) {
        var camera = ModelCamera()
        camera.statuses = ["DESCRIBE": status]
        let driver = SessionDriver.playing(&camera)
        #expect(driver.error?.kind == kind)
        #expect(driver.error?.status == status)
        #expect(driver.error?.detail.isEmpty == false)
        #expect(driver.session.phase == .over)
    }

    @Test func `a refusal that no other address overcomes is the first one`() {
        var camera = ModelCamera()
        camera.descriptionHeaders = ["Content-Base: rtsp://10.1.2.3/live/"]
        camera.answer = { camera, request in
            guard request.method == "SETUP" else { return nil }
            return camera.reply(request, status: request.url.contains("10.1.2.3") ? 404 : 500)
        }
        let driver = SessionDriver.playing(&camera)
        #expect(driver.error?.kind == .notFound)
        #expect(camera.requests.count(where: { $0.method == "SETUP" }) == 2)
    }

    @Test func `a description without video says so`() {
        var camera = ModelCamera()
        camera.description = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n"
        #expect(SessionDriver.playing(&camera).error == RTSPError(.noVideo, "the camera describes no video"))
        camera.description = ""
        #expect(SessionDriver.playing(&camera).error == RTSPError(.noVideo, "the camera describes no stream"))
    }

    @Test func `a port that speaks HTTP is named as such`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!")
        #expect(driver.error?.kind == .notRTSP)
        #expect(driver.error?.detail == "the port answers HTTP, not RTSP")
        #expect(driver.error?.hint == "check the port; RTSP cameras mostly use 554")
    }

    @Test func `a port that speaks something else is named as such`() {
        var driver = SessionDriver()
        driver.begin()
        driver.receive("220 mail.example ESMTP\r\n")
        driver.disconnect()
        #expect(driver.error?.kind == .notRTSP)
        driver = SessionDriver()
        driver.begin()
        driver.receive([0x15, 3, 1, 0, 2, 2, 70])
        driver.advance(to: 10_000_000_000)
        #expect(driver.error?.kind == .notRTSP)
    }

    // MARK: Redirects

    @Test(arguments: [301, 302, 303, 305, 307]) func `a redirect is handed to the caller`(status: Int) {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            guard request.method == "DESCRIBE" else { return nil }
            return camera.reply(request, status: status, headers: ["Location: rtsp://Camera:8554/other"])
        }
        let driver = SessionDriver.playing(&camera) { $0.credentials = .init(user: "a", password: "b") }
        #expect(driver.redirect?.url.text == "rtsp://Camera:8554/other")
        #expect(driver.redirect?.credentials != nil)
        #expect(driver.session.phase == .over)
    }

    @Test(arguments: ["rtsp://elsewhere/live", "rtsp://camera.example/live"])
    func `credentials do not go to another host`(location: String) {
        let driver = redirected(to: location)
        #expect(driver.redirect?.url.text == location)
        #expect(driver.redirect?.credentials == nil)
    }

    @Test func `credentials do not leave TLS`() {
        let driver = redirected(to: "rtsp://camera/live", from: "rtsps://camera/live")
        #expect(driver.redirect?.credentials == nil)
    }

    @Test func `a path alone stays at the camera`() {
        #expect(redirected(to: "/other?a=1").redirect?.url.text == "rtsp://camera/other?a=1")
    }

    @Test(arguments: ["http://camera/live", "file:///etc/passwd", "other", "rtsp://", ""])
    func `an address that is no RTSP is refused`(location: String) {
        let driver = redirected(to: location)
        #expect(driver.error?.kind == .badRedirect)
    }

    @Test func `user information of a redirect is dropped`() {
        #expect(redirected(to: "rtsp://x:y@camera/live").redirect?.url.text == "rtsp://camera/live")
    }

    @Test func `redirects end`() {
        var configuration = SessionDriver.configuration()
        var hops = 0
        while hops < 100 {
            var session = RTSPSession(configuration)
            session.begin(now: 0)
            let answer = Array("RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://camera/\(hops)\r\n\r\n".utf8)
            _ = answer.withUnsafeBytes { session.receive($0, now: 0) { _, _ in } }
            guard case .redirected(let next) = session.takeEvents().last else { break }
            configuration = next
            hops += 1
        }
        #expect(hops == RTSPLimits.hops)
    }

    private func redirected(to location: String, from url: String = "rtsp://camera/live") -> SessionDriver {
        let driver = SessionDriver(url) { $0.credentials = .init(user: "a", password: "b") }
        driver.begin()
        driver.receive("RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: \(location)\r\n\r\n")
        return driver
    }
}
