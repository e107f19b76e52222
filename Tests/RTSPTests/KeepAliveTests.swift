import Testing

@testable import RTSP

/// Signs of life, against a camera that forgets a session without them.
@Suite struct KeepAliveTests {
    @Test(arguments: [1, 4, 10, 60, 3_600] as [Int64]) func `a session lives longer than its time-out`(timeout: Int64) {
        var camera = ModelCamera()
        camera.timeout = timeout
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: max(timeout * 5, 120))
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.session.phase == .streaming)
        #expect(driver.session.keepAliveInterval * 2 <= timeout * 1_000_000_000)
        #expect(camera.requests.suffix(2).map(\.method).sorted() == ["GET_PARAMETER", "OPTIONS"])
        #expect(camera.requests.last?["session"] == "5e551011")
    }

    @Test(arguments: [400, 405, 451, 501]) func `a method that is refused gives way to another`(status: Int) {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.signsOfLife = ["OPTIONS"]
        camera.statuses = ["GET_PARAMETER": status]
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.notes == [.keepAliveMethodRefused])
        #expect(camera.requests.count(where: { $0.method == "GET_PARAMETER" }) == 1)
    }

    @Test func `SET_PARAMETER is the last resort`() {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.signsOfLife = ["SET_PARAMETER"]
        camera.answer = { camera, request in
            let isOther = request.method == "GET_PARAMETER" || request.method == "OPTIONS" && camera.isPlaying
            return isOther ? camera.reply(request, status: 501) : nil
        }
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: driver.now))
    }

    @Test func `OPTIONS is used where GET_PARAMETER is not listed`() {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.publicMethods = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
        camera.signsOfLife = ["OPTIONS"]
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: driver.now))
        #expect(!camera.requests.contains { $0.method == "GET_PARAMETER" })
    }

    @Test(arguments: ["GET_PARAMETER", "OPTIONS"])
    func `a camera that answers both methods and counts one is kept`(counted: String) {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.signsOfLife = [counted]
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.session.keepAliveSuggestion == nil)
    }

    @Test(arguments: [true, false])
    func `a camera that counts a method it does not list is kept from its second session on`(closes: Bool) {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.publicMethods = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
        camera.signsOfLife = ["GET_PARAMETER"]
        let driver = SessionDriver.playing(&camera)
        camera.answer = { camera, request in request.method == "OPTIONS" ? camera.reply(request) : nil }
        driver.run(with: &camera, seconds: 20)
        #expect(!camera.isAlive(at: driver.now))
        if closes { driver.disconnect() } else { driver.end() }
        #expect(driver.session.keepAliveSuggestion == .getParameter)
        camera.answer = { _, _ in nil }
        let second = SessionDriver.playing(&camera) { $0.keepAliveMethod = driver.session.keepAliveSuggestion }
        second.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: second.now))
        second.end()
        #expect(second.session.keepAliveSuggestion == nil)
    }

    @Test(arguments: [true, false]) func `a nonce that changes during the session is taken over`(isNamed: Bool) {
        var camera = ModelCamera()
        camera.timeout = 30
        camera.authentication = .digest(algorithm: nil, quality: nil)
        camera.nonceUses = 5
        camera.namesStale = isNamed
        let driver = SessionDriver.playing(&camera) {
            $0.credentials = .init(user: ModelCamera.user, password: ModelCamera.password)
        }
        driver.run(with: &camera, seconds: 300)
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.notes == [.nonceReplaced])
        driver.end()
        driver.talk(to: &camera)
        #expect(driver.hasEnded)
        #expect(!camera.isPlaying)
    }

    @Test func `a password that is changed while media comes is not tried again and again`() {
        var camera = ModelCamera()
        camera.authentication = .digest(algorithm: nil, quality: nil)
        let driver = SessionDriver.playing(&camera) {
            $0.credentials = .init(user: ModelCamera.user, password: ModelCamera.password)
        }
        camera.answer = { camera, request in
            camera.reply(request, status: 401, headers: ["WWW-Authenticate: Digest realm=\"cam\", nonce=\"x\""])
        }
        let before = camera.requests.count
        driver.run(with: &camera, seconds: 50)
        #expect(camera.requests.count - before <= 2)
        #expect(driver.session.phase == .streaming)
    }

    @Test func `a session that is forgotten and brings no media is lost`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        camera.answer = { camera, request in camera.reply(request, status: 454) }
        driver.run(with: &camera, seconds: 60, media: false)
        #expect(driver.error?.kind == .sessionLost)
        #expect(driver.now <= 24_000_000_000 + RTSPLimits.lostSessionGrace + 500_000_000)
    }

    @Test func `a session that is called unknown and still brings media goes on`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        camera.answer = { camera, request in camera.reply(request, status: 454) }
        driver.run(with: &camera, seconds: 55)
        #expect(driver.session.phase == .streaming)
    }

    @Test func `454 for GET_PARAMETER alone refuses the method`() {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.statuses = ["GET_PARAMETER": 454]
        camera.signsOfLife = ["OPTIONS"]
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60, media: false)
        #expect(driver.session.phase == .streaming)
        #expect(camera.isAlive(at: driver.now))
    }

    @Test func `a camera that answers no keep-alive is asked in other ways and kept`() {
        var camera = ModelCamera()
        camera.timeout = 10
        camera.answer = { camera, _ in camera.isPlaying ? "" : nil }
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 9)
        driver.run(with: &camera, seconds: 51, media: false)
        #expect(driver.session.phase == .streaming)
        #expect(driver.notes == [.keepAliveUnanswered])
        #expect(Set(camera.requests.map(\.method)).isSuperset(of: ["GET_PARAMETER", "OPTIONS", "SET_PARAMETER"]))
    }

    @Test(arguments: [2, 5] as [Int64])
    func `a method that is not answered gives way while a short session lives`(timeout: Int64) {
        var camera = ModelCamera()
        camera.timeout = timeout
        camera.answer = { camera, request in
            camera.isPlaying && request.method == "GET_PARAMETER" ? "" : nil
        }
        let driver = SessionDriver.playing(&camera)
        driver.run(with: &camera, seconds: 60)
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.session.phase == .streaming)
    }

    @Test(arguments: [
        ("60", 24), ("10", 4), ("1", 0), (" 30 ;x=y", 12), ("0", 24), ("-5", 24), ("abc", 24), ("", 24),
        ("99999999999999999999", 24), ("86400", 30), ("120", 30),
    ])
    func `a time-out is read for what it is`(text: String, seconds: Int64) {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            guard request.method == "SETUP" else { return nil }
            let headers = ["Transport: \(request["transport"] ?? "")", "Session:  5e551011 ; Timeout = \(text)"]
            return camera.reply(request, headers: headers)
        }
        let driver = SessionDriver.playing(&camera)
        #expect(driver.session.keepAliveInterval / 1_000_000_000 == seconds)
    }
}
