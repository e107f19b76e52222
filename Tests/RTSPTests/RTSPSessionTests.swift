import Testing

@testable import RTSP

/// The dialogue up to the first packets.
@Suite struct RTSPSessionTests {
    @Test func `video alone is asked for, set up and started`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        let driver = SessionDriver.playing(&camera)
        #expect(camera.requests.map(\.method) == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
        #expect(
            camera.requests.map(\.url) == [
                "rtsp://camera/live", "rtsp://camera/live", "rtsp://camera/live/track1", "rtsp://camera/live/",
            ]
        )
        #expect(camera.requests[2]["transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1")
        #expect(camera.requests[2]["session"] == nil)
        #expect(camera.requests[3]["session"] == "5e551011")
        #expect(driver.session.phase == .streaming)
        #expect(driver.session.tracks.map(\.path) == [.interleaved(rtp: 0, rtcp: 1)])
        #expect(driver.session.tracks.first?.synchronisationSource == 0xABCD)
        #expect(driver.information == [RTPInfo(sequence: 7, time: 9_000, url: "track1")])
        #expect(driver.notes.isEmpty)
    }

    @Test func `wanted audio has channels of its own`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        let driver = SessionDriver.playing(&camera) { $0.audioEncodings = ["OPUS", "MPEG4-GENERIC"] }
        #expect(driver.session.tracks.map(\.format.encoding) == ["H264", "MPEG4-GENERIC"])
        driver.receive(frame(0) + frame(2, type: 97) + report(3))
        #expect(
            driver.packets.map(\.media) == [
                RTSPMedia(track: 0, kind: .rtp), RTSPMedia(track: 1, kind: .rtp), RTSPMedia(track: 1, kind: .rtcp),
            ]
        )
    }

    @Test(arguments: [400, 404, 461, 500]) func `audio that is refused does not stop video`(status: Int) {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        camera.answer = { camera, request in
            request.url.contains("track2") ? camera.reply(request, status: status) : nil
        }
        let driver = SessionDriver.playing(&camera) { $0.audioEncodings = ["MPEG4-GENERIC"] }
        #expect(driver.isPlaying)
        #expect(driver.notes == [.audioRefused])
        #expect(driver.session.tracks.count == 1)
    }

    @Test func `audio that is not answered does not stop video`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        camera.answer = { _, request in request.url.contains("track2") ? "" : nil }
        let driver = SessionDriver.playing(&camera) { $0.audioEncodings = ["MPEG4-GENERIC"] }
        #expect(!driver.isPlaying)
        driver.advance(to: 10_000_000_000)
        // The answer comes after all, and is not the one to PLAY.
        driver.receive(
            "RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 5e551011\r\nTransport: RTP/AVP/TCP;interleaved=2-3\r\n\r\n"
        )
        #expect(driver.session.phase == .starting)
        driver.talk(to: &camera)
        #expect(driver.isPlaying)
    }

    @Test(arguments: [400, 404, 405, 501, 551]) func `a camera that refuses OPTIONS is described all the same`(
        status: Int
    ) {
        var camera = ModelCamera()
        camera.statuses = ["OPTIONS": status]
        let driver = SessionDriver.playing(&camera)
        #expect(driver.isPlaying)
    }

    @Test func `the user's spelling of the address stands in request lines`() {
        var camera = ModelCamera()
        camera.descriptionHeaders = []
        let driver = SessionDriver("rtsp://Front-Door.local:8554/Live?x=1")
        driver.begin()
        driver.talk(to: &camera)
        #expect(
            camera.requests.map(\.url) == [
                "rtsp://Front-Door.local:8554/Live?x=1", "rtsp://Front-Door.local:8554/Live?x=1",
                "rtsp://Front-Door.local:8554/Live?x=1/track1", "rtsp://Front-Door.local:8554/Live?x=1",
            ]
        )
    }

    @Test func `user information in the address is never sent`() {
        var camera = ModelCamera()
        let driver = SessionDriver("rtsp://viewer:pa55word@camera/live")
        driver.begin()
        driver.talk(to: &camera)
        #expect(camera.requests.allSatisfy { !$0.url.contains("pa55word") })
    }

    @Test func `a refused address of a track is tried at the host that was typed`() {
        var camera = ModelCamera()
        camera.descriptionHeaders = ["Content-Base: rtsp://10.1.2.3:554/live/"]
        camera.answer = { camera, request in
            request.url.contains("10.1.2.3") ? camera.reply(request, status: 404) : nil
        }
        let driver = SessionDriver.playing(&camera)
        #expect(driver.isPlaying)
        #expect(driver.notes == [.controlReplaced])
        // PLAY does not repeat the mistake.
        #expect(
            camera.requests.suffix(3).map(\.url) == [
                "rtsp://10.1.2.3:554/live/track1", "rtsp://camera/live/track1", "rtsp://camera/live/",
            ]
        )
    }

    @Test func `a camera that plays tracks alone is asked for the track`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            request.method == "PLAY" && !request.url.hasSuffix("track1") ? camera.reply(request, status: 459) : nil
        }
        #expect(SessionDriver.playing(&camera).isPlaying)
    }

    @Test func `a camera that dislikes ranges is asked without one`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            request["range"] == nil ? nil : camera.reply(request, status: 457)
        }
        #expect(SessionDriver.playing(&camera).isPlaying)
    }

    @Test func `the first identifier of a session stands, another one is used when it is refused`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        camera.answer = { camera, request in
            let transport = "Transport: \(request["transport"] ?? "")"
            switch (request.method, request.url.hasSuffix("track2"), request["session"]) {
            case ("SETUP", false, _):
                return camera.reply(request, headers: [transport, "Session:   231970 ; timeout = 30 "])
            case ("SETUP", true, _): return camera.reply(request, headers: [transport, "Session: 231980;timeout=60"])
            case ("PLAY", _, "231970"): return camera.reply(request, status: 454)
            case ("PLAY", _, "231980"): return camera.reply(request)
            default: return nil
            }
        }
        let driver = SessionDriver.playing(&camera) { $0.audioEncodings = ["MPEG4-GENERIC"] }
        #expect(driver.isPlaying)
        #expect(driver.notes == [.sessionChanged])
        #expect(driver.session.keepAliveInterval == 12_000_000_000)
    }

    @Test func `an identifier from before SETUP serves a camera that names it nowhere else`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            switch request.method {
            case "DESCRIBE": return camera.reply(request, headers: ["Session: early"], body: camera.description)
            case "SETUP" where request["session"] == nil: return camera.reply(request, status: 454)
            case "SETUP": return camera.reply(request, headers: ["Transport: \(request["transport"] ?? "")"])
            case "PLAY": return request["session"] == "early" ? camera.reply(request) : nil
            default: return nil
            }
        }
        #expect(SessionDriver.playing(&camera).isPlaying)
    }

    @Test func `packets that come before the answer to PLAY are handed out`() {
        var camera = ModelCamera()
        camera.answer = { _, request in request.method == "PLAY" ? "" : nil }
        let driver = SessionDriver.playing(&camera)
        driver.receive(frame(0, sequence: 1) + frame(0, sequence: 2))
        #expect(driver.packets.count == 2)
        #expect(!driver.isPlaying)
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n")
        #expect(driver.isPlaying)
    }

    @Test func `an answer to PLAY that comes after its time is not taken for another one`() {
        var camera = ModelCamera()
        camera.answer = { _, request in request.method == "PLAY" ? "" : nil }
        let driver = SessionDriver.playing(&camera)
        driver.receive(frame(0))
        driver.advance(to: 10_000_000_000)
        #expect(driver.isPlaying)
        #expect(driver.notes == [.playUnanswered])
        driver.advance(to: 34_000_000_000)
        let sent = driver.takeSent()
        #expect(sent.hasPrefix("GET_PARAMETER"))
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 5e551011\r\n\r\n")
        driver.receive("RTSP/1.0 405 No\r\nCSeq: 5\r\n\r\n")
        #expect(driver.takeSent().hasPrefix("OPTIONS"))
    }

    @Test func `packets of a dead session are not handed out before PLAY`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive(frame(0) + frame(1, packet: [0x80, 200, 0, 1, 0, 0, 0, 0]))
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        #expect(driver.takeSent().contains("DESCRIBE"))
        #expect(driver.packets.isEmpty)
        #expect(driver.session.statistics.rejectedFrames == 2)
    }

    @Test func `a camera that stays silent is given up after the time for an answer`() {
        let driver = SessionDriver { $0.answerTimeout = 3_000_000_000 }
        driver.begin()
        #expect(driver.session.deadline == 3_000_000_000)
        driver.advance(to: 2_999_999_999)
        #expect(driver.error == nil)
        driver.advance(to: 3_000_000_000)
        #expect(driver.error?.kind == .noAnswer)
        #expect(driver.error?.detail == "the camera did not answer OPTIONS in time")
        #expect(driver.session.deadline == nil)
    }

    @Test func `a session is torn down before it is left`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        driver.end()
        #expect(!driver.hasEnded)
        driver.talk(to: &camera)
        #expect(driver.hasEnded)
        #expect(!camera.isPlaying)
        #expect(camera.requests.last?.method == "TEARDOWN")
        #expect(camera.requests.last?["session"] == "5e551011")
    }

    @Test func `a camera that does not answer TEARDOWN is left after a second and a half`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        driver.end()
        driver.advance(to: 1_500_000_000)
        #expect(driver.hasEnded)
    }

    @Test func `before a session exists there is nothing to tear down`() {
        let driver = SessionDriver()
        driver.begin()
        _ = driver.takeSent()
        driver.end()
        #expect(driver.hasEnded)
        #expect(driver.takeSent().isEmpty)
    }

    @Test func `a connection that the camera closes ends the session with the step it was at`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        driver.disconnect()
        #expect(driver.error?.kind == .closed)
        #expect(driver.error?.detail == "the camera closed the connection before it answered DESCRIBE")
    }

    @Test func `a camera that closes the connection at OPTIONS is asked for its description on another one`() throws {
        let driver = SessionDriver()
        driver.begin()
        driver.disconnect()
        var camera = ModelCamera()
        let configuration = try #require(driver.reopening)
        let second = SessionDriver.playing(&camera) { $0 = configuration }
        #expect(camera.requests.first?.method == "DESCRIBE")
        second.run(with: &camera, seconds: 200)
        #expect(second.session.phase == .streaming)
        #expect(!camera.requests.contains { $0.method == "OPTIONS" })
        var third = RTSPSession(configuration)
        third.begin(now: 0)
        third.disconnect(now: 0)
        guard case .failed(let error) = third.takeEvents().last else {
            Issue.record("a second close is not final")
            return
        }
        #expect(error.detail == "the camera closed the connection before it answered DESCRIBE")
    }

    @Test func `reports go to the camera on the track's channel`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        let packet: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 9]
        packet.withUnsafeBytes { driver.session.sendReport($0, track: 0) }
        #expect(driver.session.takeOutput() == [0x24, 1, 0, 8] + packet)
    }
}
