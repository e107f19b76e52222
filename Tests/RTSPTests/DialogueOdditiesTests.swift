import Testing

@testable import RTSP

/// Answers and requests as cameras write them.
@Suite struct DialogueOdditiesTests {
    @Test(arguments: [
        "CSeq: # ", "CSeq:\t#", "cseq:#", "CSEQ : #", "Cseq: 0", "CSeq: 999", "CSeq: x", "CSeq:", "X-Nothing: 1",
        "CSeq: -1",
        "CSeq: 99999999999999999999", "CSeq: 1",
    ])
    func `the next answer is the answer, whatever its number`(line: String) {
        var camera = ModelCamera()
        camera.timeout = 10
        let driver = SessionDriver()
        driver.begin()
        talk(driver, &camera, seconds: 30) { text, number in
            text.replacing("CSeq: \(number)", with: line.replacing("#", with: "\(number)"))
        }
        #expect(driver.isPlaying)
        #expect(camera.isAlive(at: driver.now))
        #expect(driver.error == nil)
        #expect(driver.notes.filter { $0 != .sequenceMismatch }.isEmpty)
    }

    @Test func `errors with the number of the request before them are understood`() {
        var camera = ModelCamera()
        camera.authentication = .digest(algorithm: nil, quality: nil)
        let driver = SessionDriver {
            $0.credentials = .init(user: ModelCamera.user, password: ModelCamera.password)
        }
        driver.begin()
        talk(driver, &camera) { text, number in
            text.contains(" 401 ") ? text.replacing("CSeq: \(number)", with: "CSeq: \((Int(number) ?? 1) - 1)") : text
        }
        #expect(driver.isPlaying)
        #expect(driver.notes == [.sequenceMismatch])
    }

    @Test func `answers that come twice are taken once`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        camera.authentication = .digest(algorithm: nil, quality: nil)
        let driver = SessionDriver {
            $0.audioEncodings = ["MPEG4-GENERIC"]
            $0.credentials = .init(user: ModelCamera.user, password: ModelCamera.password)
        }
        driver.begin()
        talk(driver, &camera) { text, _ in text + text }
        #expect(driver.isPlaying)
        #expect(driver.session.tracks.count == 2)
        #expect(camera.requests.map(\.method) == ["OPTIONS", "OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"])
        #expect(driver.session.statistics.unexpectedAnswers == 6)
    }

    @Test func `a line of blanks in the middle of a head does not end it`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            guard request.method == "PLAY" else { return nil }
            return "RTSP/1.0 200 OK\r\nCSeq: \(request["cseq"] ?? "")\r\n \r\nRTP-Info: url=track1;seq=5\r\n\r\n"
        }
        let driver = SessionDriver.playing(&camera)
        #expect(driver.information?.first??.sequence == 5)
        #expect(driver.session.statistics.skippedBytes == 0)
    }

    @Test(arguments: ["\r\n", "\n", " \r\n", "\t \n"]) func `lines end in any way`(end: String) {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        let driver = SessionDriver { $0.audioEncodings = ["MPEG4-GENERIC"] }
        driver.begin()
        talk(driver, &camera) { text, _ in
            guard let blank = text.firstRange(of: "\r\n\r\n") else { return text }
            // The body stays as long as it was announced.
            return text[..<blank.lowerBound].replacing("\r\n", with: end) + end + end.filter(\.isNewline)
                + text[blank.upperBound...]
        }
        #expect(driver.isPlaying)
        #expect(driver.session.tracks.count == 2)
    }

    @Test func `line ends may be mixed`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\nPublic: OPTIONS\r\n\n")
        #expect(driver.takeSent().contains("DESCRIBE"))
    }

    @Test(arguments: [
        "RTSP/1.0 200\r\n", "rtsp/1.0 200 ok\r\n", "Rtsp/1.0  200  Very  Good \r\n", "RTSP/2.0 200 OK\r\n",
        "RTSP/1.0\t200\tOK\r\n",
        "RTSP/1.0 200OK\r\n",
    ])
    func `status lines are read however they are written`(line: String) {
        let driver = SessionDriver()
        driver.begin()
        driver.receive(line + "CSeq: 1\r\n\r\n")
        #expect(driver.takeSent().contains("DESCRIBE"))
    }

    @Test func `provisional answers and answers to nothing are passed over`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\nRTSP/1.0 000 x\r\n\r\nRTSP/1.0 x\r\n\r\n")
        #expect(driver.takeSent().hasPrefix("OPTIONS"))
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        #expect(driver.takeSent().hasPrefix("DESCRIBE"))
        var camera = ModelCamera()
        let playing = SessionDriver.playing(&camera)
        playing.receive("RTSP/1.0 200 OK\r\nCSeq: 17\r\n\r\n" + "RTSP/1.0 404 Not Found\r\nCSeq: 18\r\n\r\n")
        #expect(playing.session.phase == .streaming)
        #expect(playing.notes == [.unexpectedAnswer])
    }

    @Test func `a head that is no UTF-8 does not move the body`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        let body = Array(ModelCamera.describe().utf8)
        let head = Array("RTSP/1.0 200 OK\r\nServer: Cam".utf8) + [0xE9, 0xE8, 0xB0]
        driver.receive(head + Array("\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)
        #expect(driver.description?.video == 0)
        #expect(driver.session.server?.hasPrefix("Cam") == true)
    }

    @Test func `folded lines belong together`() throws {
        let text = "RTSP/1.0 200 OK\r\nPublic: OPTIONS,\r\n  DESCRIBE,\r\n\tPLAY\r\nX: 1\r\n\r\n"
        let message = try #require(read(text))
        #expect(message.header("public") == "OPTIONS,   DESCRIBE,  PLAY")
        #expect(message.header("x") == "1")
    }

    @Test func `header lines have a limit`() throws {
        let message = try #require(read("RTSP/1.0 200 OK\r\n" + String(repeating: "A: b\r\n", count: 2_000) + "\r\n"))
        #expect(message.headers.count == RTSPLimits.headerLines)
    }

    @Test func `a head without an end is junk`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 200 OK\r\n" + String(repeating: "A: b\r\n", count: 4_000))
        #expect(driver.unconsumed <= RTSPLimits.headBytes)
        driver.receive("\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        #expect(driver.takeSent().contains("DESCRIBE"))
    }

    // MARK: Requests of the camera

    private static let requests: [(String, String)] = [
        (
            "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nSession: abc\r\n\r\n",
            "RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: abc\r\nPublic: "
        ),
        ("SET_PARAMETER rtsp://x/ RTSP/1.0\r\nCSeq:  7 \r\n\r\n", "RTSP/1.0 200 OK\r\nCSeq: 7\r\n\r\n"),
        ("GET_PARAMETER rtsp://x/ RTSP/1.0\nCSeq: 8\n\n", "RTSP/1.0 200 OK\r\nCSeq: 8\r\n\r\n"),
        (
            "ANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\nv=0\n",
            "RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"
        ),
        ("PLAY_NOTIFY rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n", "RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"),
        ("RECORD rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n", "RTSP/1.0 501 Not Implemented\r\nCSeq: 9\r\n\r\n"),
        ("X_VENDOR_CALL rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n", "RTSP/1.0 501 Not Implemented\r\nCSeq: 9\r\n\r\n"),
        ("OPTIONS *\r\n\r\n", "RTSP/1.0 200 OK\r\nPublic: "),
    ]

    @Test(arguments: requests) func `a request of the camera is answered and costs no packet`(
        text: String,
        answer: String
    ) {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        driver.receive(frame(0, sequence: 1) + Array(text.utf8) + frame(0, sequence: 2))
        #expect(driver.takeSent().hasPrefix(answer))
        #expect(driver.packets.map(\.media.damage) == [.none, .none])
        #expect(driver.session.phase == .streaming)
        #expect(driver.notes == [.cameraRequest])
    }

    @Test func `a request is not taken for the answer that is waited for`() {
        let driver = SessionDriver()
        driver.begin()
        _ = driver.takeSent()
        driver.receive("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        #expect(driver.takeSent().hasPrefix("RTSP/1.0 200 OK"))
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        #expect(driver.takeSent().hasPrefix("DESCRIBE"))
    }

    @Test func `another description is announced to the caller once`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera)
        for body in [
            camera.description, ModelCamera.describe(video: "98 H265/90000"),
            ModelCamera.describe(video: "98 H265/90000"),
        ] {
            driver.receive(
                "ANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
        let announced = driver.events.compactMap { if case .announced(let text) = $0 { text } else { nil } }
        #expect(announced.map { $0.media.first?.format?.encoding } == ["H265"])
    }

    @Test func `REDIRECT and TEARDOWN of the camera end the session`() {
        var camera = ModelCamera()
        var driver = SessionDriver.playing(&camera)
        driver.receive("REDIRECT rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://other/live\r\n\r\n")
        #expect(driver.redirect?.url.text == "rtsp://other/live")
        driver = SessionDriver.playing(&camera)
        driver.receive("TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n")
        #expect(driver.error?.kind == .closed)
    }

    // MARK: Helpers

    private func read(_ text: String) -> RTSPMessage? {
        Array(text.utf8).withUnsafeBytes { RTSPMessage(head: $0, body: UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    /// Exchanges bytes with a camera whose answers are rewritten; each answer comes by itself.
    private func talk(
        _ driver: SessionDriver,
        _ camera: inout ModelCamera,
        seconds: Int64 = 0,
        rewrite: (String, String) -> String
    ) {
        while driver.session.phase != .over {
            let text = driver.takeSent()
            if !text.isEmpty {
                let answer = camera.take(text, now: driver.now)
                driver.receive(rewrite(answer, camera.requests.last?["cseq"] ?? ""))
                continue
            }
            guard let next = driver.session.deadline, next <= seconds * 1_000_000_000 else { return }
            driver.advance(to: next)
        }
    }
}
