import Testing

@testable import RTSP

/// Proofs of identity.
@Suite struct AuthenticationTests {
    private static let account = RTSPCredentials(user: ModelCamera.user, password: ModelCamera.password)
    /// Computed with Python's hashlib for DESCRIBE of rtsp://camera/s, nonce "abc", the client nonce 1.
    private static let vectors: [(String, String)] = [
        ("", "61459daddb8285700fb05be11d47c3a5"),
        ("qop=\"auth\"", "ff80201bcdffa82ac526080042c5e147"),
        ("qop=\"auth-int\"", "1a391d1f3498a87aeffb69ce09c53b03"),
        ("algorithm=MD5-sess, qop=\"auth,auth-int\"", "9e82bf0b55db54b7131608f20fa72b8b"),
        ("algorithm=\"md5-sess\"", "2aff902790c9a20e81e8dfdd36e8788b"),
        ("algorithm=SHA-256", "f21ef396356ca5b01518f207123646cbe44bc08db9ac6e246e9b8efc306453dd"),
        ("algorithm=SHA-256,qop=auth", "f885c9aedd64ff33d30554486c02451d6e35ef3dff2f14a97d94ffcbda7b4adb"),
        (
            "algorithm=SHA-256-sess, qop=\"auth\"",
            "0c46f04dfd116a382eecd8247cf8312c6c7a1cbf438de183fdedbb426f807ee4"
        ),
    ]

    @Test(arguments: vectors) func `a proof agrees with another implementation`(parameters: String, response: String) {
        var authenticator = authenticator()
        let header = "Digest realm=\"cam\", nonce=\"abc\", \(parameters)"
        #expect(authenticator.take([header], after: nil, attempts: (0, 0)) == .repeat)
        let proof = authenticator.authorization(method: .describe, url: "rtsp://camera/s")?.header ?? ""
        #expect(proof.contains("response=\"\(response)\""))
        #expect(proof.contains("algorithm=") == parameters.contains("algorithm"))
        #expect(!proof.contains(ModelCamera.password))
    }

    @Test func `a name with odd letters stays within its quotation marks`() {
        var authenticator = Authenticator(
            credentials: RTSPCredentials(user: "a\"b\r\nX: y", password: "p"),
            challenge: nil,
            hash: Hashes.all,
            clientNonce: { 1 }
        )
        _ = authenticator.take(["Digest realm=\"r\", nonce=\"n\""], after: nil, attempts: (0, 0))
        let header = authenticator.authorization(method: .options, url: "rtsp://camera/s")?.header ?? ""
        #expect(header.hasPrefix("Digest username=\"a\\\"bX: y\", realm"))
        #expect(header.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test func `nothing is proved before the camera asks`() {
        var authenticator = authenticator()
        #expect(authenticator.authorization(method: .options, url: "rtsp://camera/s") == nil)
    }

    @Test(arguments: [
        ModelCamera.Authentication.basic, .digest(algorithm: nil, quality: nil),
        .digest(algorithm: "MD5", quality: "auth"),
        .digest(algorithm: "MD5-sess", quality: "auth"), .digest(algorithm: "SHA-256", quality: "auth"),
        .digest(algorithm: "SHA-256-sess", quality: "auth-int"), .digest(algorithm: nil, quality: "auth-int"), .several,
    ])
    func `each way of asking is answered`(authentication: ModelCamera.Authentication) {
        var camera = ModelCamera()
        camera.authentication = authentication
        let driver = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(driver.isPlaying)
        #expect(camera.refusals == 1)
    }

    @Test func `the strongest kind is used`() {
        var camera = ModelCamera()
        camera.authentication = .several
        _ = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(camera.requests.last?["authorization"]?.contains("SHA-256") == true)
    }

    @Test func `a camera that offers a kind and then refuses it gets the next one`() {
        var camera = ModelCamera()
        camera.authentication = .digest(algorithm: "MD5", quality: nil)
        camera.answer = { camera, request in
            guard request["authorization"]?.contains("MD5") != true else { return nil }
            return camera.reply(
                request,
                status: 401,
                headers: ["SHA-256", "MD5"].map {
                    "WWW-Authenticate: Digest realm=\"cam\", nonce=\"nonce-0\", algorithm=\($0)"
                }
            )
        }
        #expect(SessionDriver.playing(&camera) { $0.credentials = Self.account }.isPlaying)
    }

    @Test(arguments: [true, false]) func `a nonce that serves one request is replaced each time`(isNamed: Bool) {
        var camera = ModelCamera()
        camera.authentication = .digest(algorithm: nil, quality: nil)
        camera.nonceUses = 1
        camera.namesStale = isNamed
        let driver = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(driver.isPlaying)
    }

    @Test func `a nonce that is stale twice in a row is replaced twice`() {
        var camera = ModelCamera()
        camera.authentication = .digest(algorithm: nil, quality: nil)
        var stale = 0
        camera.answer = { camera, request in
            guard request.method == "DESCRIBE", request["authorization"] != nil, stale < 2 else { return nil }
            stale += 1
            camera.nonce = "other-\(stale)"
            let challenge = "WWW-Authenticate: Digest realm=\"cam\", nonce=\"\(camera.nonce)\", stale=TRUE"
            return camera.reply(request, status: 401, headers: [challenge])
        }
        let driver = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(stale == 2)
        #expect(driver.isPlaying)
        #expect(camera.refusals == 1)
    }

    @Test func `a camera that calls each nonce stale is given up`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            let challenge = "WWW-Authenticate: Digest realm=\"cam\", nonce=\"\(camera.requests.count)\", stale=true"
            return camera.reply(request, status: 401, headers: [challenge])
        }
        let driver = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(driver.error?.kind == .unauthorized)
        #expect(camera.requests.count <= RTSPLimits.authenticationAttempts + 1)
    }

    @Test func `a wrong password is tried once, whatever the nonce`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            let challenge = "WWW-Authenticate: Digest realm=\"cam\", nonce=\"\(camera.requests.count)\""
            return camera.reply(request, status: 401, headers: [challenge])
        }
        let driver = SessionDriver.playing(&camera) { $0.credentials = .init(user: "viewer", password: "s3cret") }
        #expect(driver.error?.kind == .unauthorized)
        #expect(driver.error?.detail == "the camera refused the user name or the password")
        #expect(camera.requests.count(where: { $0["authorization"] != nil }) == 1)
        #expect("\(driver.events)".contains("s3cret") == false)
    }

    @Test func `a camera that wants an account is understood without one`() {
        var camera = ModelCamera()
        camera.authentication = .basic
        let driver = SessionDriver.playing(&camera)
        #expect(driver.error?.detail == "the camera asks for a user name and a password")
    }

    @Test func `an unknown kind is named`() {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            camera.reply(request, status: 401, headers: ["WWW-Authenticate: Negotiate abc"])
        }
        let driver = SessionDriver.playing(&camera) { $0.credentials = Self.account }
        #expect(driver.error?.detail == "the camera asks for an unknown kind of authentication, Negotiate")
    }

    @Test(arguments: [
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\nWWW-Authenticate: Basic realm=\"r\"",
        "WWW-Authenticate: Basic realm=\"r\"\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"",
        "WWW-Authenticate: Basic realm=\"r\", Digest realm=\"r\",nonce=\"n\"",
        "WWW-Authenticate: Digest realm=\"r\",\r\n\tnonce=\"n\"",
        "www-authenticate:Digest realm=r,nonce=n",
        "WWW-Authenticate: Digest realm = \"r\" , nonce = \"n\"",
    ])
    func `challenges are read however they are written`(lines: String) {
        let driver = SessionDriver { $0.credentials = Self.account }
        driver.begin()
        _ = driver.takeSent()
        driver.receive("RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\(lines)\r\n\r\n")
        let sent = driver.takeSent()
        #expect(sent.contains("Authorization: Digest username=\"viewer\", realm=\"r\", nonce=\"n\""))
    }

    @Test func `a camera that closes the connection after its challenge is asked on another one`() {
        let driver = SessionDriver { $0.credentials = Self.account }
        driver.begin()
        driver.receive("RTSP/1.0 401 No\r\nCSeq: 1\r\nConnection: close\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n")
        driver.disconnect()
        guard let configuration = driver.reopening else {
            Issue.record("no other connection is asked for")
            return
        }
        var session = RTSPSession(configuration)
        session.begin(now: 0)
        #expect(String(decoding: session.takeOutput(), as: UTF8.self).contains("Authorization: Basic dmll"))
        session.disconnect(now: 0)
        guard case .failed(let error) = session.takeEvents().last else {
            Issue.record("a second close is not final")
            return
        }
        #expect(error.kind == .closed)
    }

    @Test func `the next nonce of an answer is used`() {
        let driver = SessionDriver { $0.credentials = Self.account }
        driver.begin()
        driver.receive("RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"a\"\r\n\r\n")
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 2\r\nAuthentication-Info: nextnonce=\"b\"\r\n\r\n")
        #expect(driver.takeSent().contains("DESCRIBE"))
        #expect(driver.session.authenticator.challenge?.nonce == "b")
    }

    @Test func `credentials show in no dump`() {
        var text = "\(Self.account)"
        dump(Self.account, to: &text)
        dump(SessionDriver.configuration { $0.credentials = Self.account }, to: &text)
        #expect(!text.contains(ModelCamera.password))
    }

    private func authenticator() -> Authenticator {
        Authenticator(credentials: Self.account, challenge: nil, hash: Hashes.all, clientNonce: { 1 })
    }
}
