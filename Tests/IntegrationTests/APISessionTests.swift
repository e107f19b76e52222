import Crypto
import HTTPTypes
import HTTPRouting
import ObserverConfiguration
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import System
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database))) struct APISessionTests {
    private let harness: WebHarness
    /// A cheap hash, so that the tests are quick; its cost is in it.
    private static let cheap = PasswordHash.Cost(logN: 4, r: 8, p: 1)

    init() throws {
        harness = try WebHarness()
        let hash = try PasswordHash.make(Secret("open sesame"), cost: Self.cheap)
        _ = try UserStore(harness.context.database).create(name: "Ada", role: .operator, passwordHash: hash.text)
    }

    private func signIn(
        _ name: String = "ada",
        _ password: String = "open sesame",
        from address: String = "192.0.2.7"
    ) throws -> SignIn.Outcome {
        let request = HTTPRequest("POST", "/", headers: [("User-Agent", "test")], remoteAddress: address)
        return try SignIn(harness.context).signIn(name: name, password: Secret(password), request)
    }

    /// `name=value` of the cookie of a new session, and its CSRF token.
    private func session() throws -> (cookie: String, csrf: String) {
        guard case .signedIn(let cookies) = try signIn() else { throw Failure() }
        let cookie = String(try #require(cookies.first).prefix { $0 != ";" })
        let request = HTTPRequest("GET", "/", headers: [("Cookie", cookie)])
        let identity = try harness.context.authenticator.authorise(request, as: .viewer, in: harness.context.database)
        return (cookie, identity.csrf)
    }

    @Test func `every route asks for its role`() {
        for route in Routes.router.routes {
            guard let needed = route.endpoint.role, !route.endpoint.isPage else { continue }
            let path = route.pattern.description.replacing("{id:int}", with: "1")
                .replacing("{id:uuid}", with: "01936b2e-0000-7000-8000-000000000001").dropFirst("/api/v1".count)
            let method = route.method.rawValue
            #expect(harness.call(method, String(path), "{}", as: nil).status == 401, "\(method) \(path)")
            for role in Role.allCases {
                let status = harness.call(method, String(path), "{}", as: role).status
                #expect((status == 403) == (role < needed), "\(method) \(path) as \(role): \(status)")
                #expect(status != 401)
            }
        }
    }

    @Test func `tokens that are wrong, revoked, expired or misspelt open nothing`() throws {
        let users = UserStore(harness.context.database)
        _ = try users.createToken(
            name: "old",
            role: .admin,
            prefix: "obs_",
            hash: SHA256.hash("obs_old".utf8),
            expiresAt: Timestamp(milliseconds: 0)
        )
        _ = try users.createToken(name: "gone", role: .admin, prefix: "obs_", hash: SHA256.hash("obs_gone".utf8))
        _ = try users.revokeToken(name: "gone")
        for header in [
            "Bearer obs_old", "Bearer obs_gone", "Bearer obs_", "Bearer", "", "Basic YTpi", "obs_admin-token",
            "Bearer obs_admin-token x", "Bearer " + String(repeating: "x", count: 300),
        ] {
            let answer = harness.call("GET", "/cameras/", as: nil, headers: [("Authorization", header)])
            #expect(answer.status == 401, "\(header)")
            #expect(answer.response.header(.wwwAuthenticate)?.hasPrefix("Bearer") == true)
        }
        let lower = harness.call("GET", "/cameras/", as: nil, headers: [("Authorization", "bearer obs_admin-token")])
        #expect(lower.status == 200)
    }

    @Test func `a session is a cookie that scripts can't read, and only its hash is stored`() throws {
        guard case .signedIn(let cookies) = try signIn() else { throw Failure() }
        let cookie = try #require(cookies.first)
        #expect(cookie.hasPrefix("observer_session="))
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] { #expect(cookie.contains(attribute)) }
        let secret = String(cookie.dropFirst("observer_session=".count).prefix(43))
        let rows = try harness.context.database.rows("select hash, s::text from sessions s", as: ([UInt8], String).self)
        #expect(rows.map(\.0) == [SHA256.hash(secret.utf8)])
        #expect(rows.allSatisfy { !$0.1.contains(secret) })

        let secure = try WebHarness(["OBSERVER_PUBLIC_URL": "https://observer.example"])
        let (_, gate) = try SignIn(secure.context).gate(HTTPRequest("GET", "/"))
        #expect(gate.hasPrefix("__Host-observer_gate="))
        #expect(gate.contains("; Secure"))
    }

    @Test func `two Observers on one host do not sign each other's people out`() throws {
        let cookie = SessionCookie(isSecure: false)
        func request(_ port: String, _ cookies: String = "") -> HTTPRequest {
            HTTPRequest("GET", "/", headers: [("Host", "nvr.example:\(port)"), ("Cookie", cookies)])
        }
        let first = String(repeating: "a", count: 43)
        let second = String(repeating: "b", count: 43)
        let both = [cookie.set(first, request("8080")), cookie.set(second, request("8081"))]
        let jar = both.map { String($0.prefix { $0 != ";" }) }.joined(separator: "; ")
        #expect(cookie.read(request("8080", jar)) == first)
        #expect(cookie.read(request("8081", jar)) == second)
    }

    @Test func `a change with a cookie needs the session's token, by header or in the form`() throws {
        let id = try harness.addCamera()
        let (cookie, csrf) = try session()
        let (_, other) = try session()
        func post(_ headers: [(String, String)]) -> Int {
            harness.call("POST", "/cameras/\(id)/on", as: nil, headers: [("Cookie", cookie)] + headers).status
        }
        let before = try harness.cameraRows()
        #expect(harness.call("GET", "/cameras/", as: nil, headers: [("Cookie", cookie)]).status == 200)
        #expect(post([]) == 403)
        #expect(post([("X-CSRF-Token", "")]) == 403)
        #expect(post([("X-CSRF-Token", other)]) == 403)
        for (name, value) in [
            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example"),
            ("Origin", "http://nvr.example:81"), ("Origin", "null://nvr.example"),
        ] {
            #expect(post([("X-CSRF-Token", csrf), ("Host", "nvr.example"), (name, value)]) == 403, "\(name): \(value)")
        }
        #expect(try harness.cameraRows() == before)
        let form = harness.call(
            "POST",
            "/cameras/\(id)/on",
            "csrf=\(csrf)",
            as: nil,
            type: "application/x-www-form-urlencoded",
            headers: [("Cookie", cookie), ("Host", "nvr.example"), ("Origin", "http://nvr.example")]
        )
        #expect(form.status == 202)
        #expect(post([("X-CSRF-Token", csrf), ("Sec-Fetch-Site", "same-origin"), ("Origin", "null")]) == 202)
    }

    @Test func `signing out ends the session at once`() throws {
        let (cookie, _) = try session()
        let clear = try SignIn(harness.context).signOut(HTTPRequest("POST", "/", headers: [("Cookie", cookie)]))
        #expect(clear.contains("Max-Age=0"))
        #expect(harness.call("GET", "/cameras/", as: nil, headers: [("Cookie", cookie)]).status == 401)
    }

    @Test func `sessions end when they are not used, and after half a day`() throws {
        for column in ["seen_at = now() - interval '31 minutes'", "created_at = now() - interval '721 minutes'"] {
            let (cookie, _) = try session()
            #expect(harness.call("GET", "/cameras/", as: nil, headers: [("Cookie", cookie)]).status == 200)
            try harness.context.database.execute("update sessions set \(unsafe: column)")
            #expect(harness.call("GET", "/cameras/", as: nil, headers: [("Cookie", cookie)]).status == 401)
        }
    }

    @Test func `what a page asks by itself does not keep its session`() throws {
        let (cookie, csrf) = try session()
        let database = harness.context.database
        func isUsed(_ method: String, _ path: String, _ more: [(String, String)]) throws -> Bool {
            try database.execute("update sessions set seen_at = now() - interval '20 minutes'")
            let headers = [("Cookie", cookie), ("X-CSRF-Token", csrf)] + more
            #expect(harness.call(method, path, method == "GET" ? nil : "{}", as: nil, headers: headers).status < 400)
            let statement: SQL = "select seen_at > now() - interval '1 minute' from sessions"
            return try database.rows(statement, as: (Bool).self).first == true
        }
        let mark = [("X-Observer-Background", "1")]
        let camera = try harness.addCamera()
        #expect(try !isUsed("GET", "/cameras/states", mark))
        #expect(try !isUsed("GET", "/controller/", mark))
        #expect(try isUsed("GET", "/cameras/states", []))
        #expect(try isUsed("POST", "/cameras/\(camera)/on", mark), "a change is somebody's")
    }

    @Test func `wrong names and wrong passwords are refused alike, and throttled`() throws {
        for name in ["ada", "nobody"] {
            for _ in 0..<5 {
                guard case .refused = try signIn(name, "wrong") else { throw Failure() }
            }
            guard case .throttled(let seconds) = try signIn(name, "wrong") else { throw Failure() }
            #expect((1...30).contains(seconds))
        }
        // The right password does not help while it lasts; somebody else, and somebody elsewhere, is not kept out.
        guard case .throttled = try signIn() else { throw Failure() }
        let hash = try PasswordHash.make(Secret("x"), cost: Self.cheap)
        _ = try UserStore(harness.context.database).create(name: "bob", role: .viewer, passwordHash: hash.text)
        guard case .signedIn = try signIn("bob", "x") else { throw Failure() }
        guard case .signedIn = try signIn(from: "198.51.100.4") else { throw Failure() }
    }

    @Test func `a browser that has signed in before is let in beside a stranger who guesses from the same address`()
        throws
    {
        guard case .signedIn(let cookies) = try signIn() else { throw Failure() }
        let mark = String(try #require(cookies.last).prefix { $0 != ";" })
        #expect(mark.hasPrefix("observer_browser="))
        for _ in 0..<50 { _ = try signIn("ada", "guess") }
        guard case .throttled = try signIn() else { throw Failure() }
        let headers: [(name: HTTPFieldName, value: String)] = [(.cookie, mark)]
        let request = HTTPRequest("POST", "/", headers: headers, remoteAddress: "192.0.2.7")
        let outcome = try SignIn(harness.context).signIn(name: "ada", password: Secret("open sesame"), request)
        guard case .signedIn(let again) = outcome else { throw Failure() }
        #expect(again.last?.hasPrefix(mark) == true)
    }

    @Test func `a new password lets in whoever was throttled`() throws {
        for _ in 0..<150 { _ = try signIn("ada", "guess") }
        guard case .throttled = try signIn() else { throw Failure() }
        let hash = try PasswordHash.make(Secret("brown kettle"), cost: Self.cheap)
        #expect(try UserStore(harness.context.database).setPassword(name: "ada", hash: hash.text))
        guard case .signedIn = try signIn("ada", "brown kettle") else { throw Failure() }
    }

    @Test func `whoever is disabled or gets another role is treated so at the next request`() throws {
        let (cookie, csrf) = try session()
        let users = UserStore(harness.context.database)
        let id = try harness.addCamera()
        func post() -> Int {
            let headers = [("Cookie", cookie), ("X-CSRF-Token", csrf)]
            return harness.call("POST", "/cameras/\(id)/off", as: nil, headers: headers).status
        }
        #expect(post() == 202)
        #expect(try users.setRole(name: "ada", .viewer) == .done)
        #expect(post() == 403)
        #expect(try users.setDisabled(name: "ada", true) == .done)
        #expect(post() == 401)
        #expect(try users.setDisabled(name: "ada", false) == .done)
        #expect(post() == 401, "its sessions are over")
    }

    @Test func `a token is refused once its time is over, though it was used a moment ago`() throws {
        let users = UserStore(harness.context.database)
        _ = try users.createToken(
            name: "short",
            role: .viewer,
            prefix: "obs_",
            hash: SHA256.hash("obs_short".utf8),
            expiresAt: Timestamp.now().advanced(byMilliseconds: 700)
        )
        func status() -> Int {
            harness.call("GET", "/cameras/", as: nil, headers: [("Authorization", "Bearer obs_short")]).status
        }
        #expect(status() == 200)
        let end = MonotonicInstant.now() + .milliseconds(1500)
        while status() == 200, MonotonicInstant.now() < end {}
        #expect(status() == 401)
        #expect(MonotonicInstant.now() < end)
    }

    @Test func `somebody who is disabled, or has no password, stays out`() throws {
        try harness.context.database.execute("update users set disabled_at = now()")
        guard case .refused = try signIn() else { throw Failure() }
        _ = try UserStore(harness.context.database).create(name: "robot", role: .admin, passwordHash: nil)
        guard case .refused = try signIn("robot", "") else { throw Failure() }
    }

    @Test func `a sign-in form must be ours`() throws {
        let signIn = SignIn(harness.context)
        let (csrf, setCookie) = try signIn.gate(HTTPRequest("GET", "/"))
        let cookie = (name: HTTPFieldName.cookie, value: String(setCookie.prefix { $0 != ";" }))
        try signIn.checkGate(HTTPRequest("POST", "/", headers: [cookie]), FormFields([("csrf", csrf)]))
        #expect(throws: Problem.self) { try signIn.checkGate(HTTPRequest("POST", "/"), FormFields([("csrf", csrf)])) }
        #expect(throws: Problem.self) {
            try signIn.checkGate(HTTPRequest("POST", "/", headers: [cookie]), FormFields([("csrf", "x")]))
        }
    }
}
