import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// The pages and forms, from the request to the database and back.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct PageTests {
    private let harness: WebHarness
    private static let good = [
        "name": "Gate", "location": "Old Trafford", "location_details": "Stretford End", "tags": "outdoor, gate",
        "url": "rtsp://cam.example/1", "username": "viewer", "password": "canary", "transport": "tcp", "tls": "any",
        "audio": "off",
        "segment_seconds": "10", "retention_days": "30", "priority": "0", "sub_url": "", "is_active": "true",
    ]

    init() throws {
        harness = try WebHarness()
    }

    private func post(
        _ path: String,
        _ fields: [String: String],
        as role: Role = .operator
    ) -> WebHarness.Answer {
        let body = FormFields(fields.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }).encoded
        return harness.call("POST", path, body, as: role, type: "application/x-www-form-urlencoded")
    }

    private func page(_ path: String, as role: Role? = .viewer) -> WebHarness.Answer {
        harness.call("GET", path, as: role, headers: [("Accept", "text/html")])
    }

    @Test func `a camera is added, edited, switched and deleted by forms`() throws {
        let added = post("/controller/cameras/new", Self.good)
        #expect(added.status == 303)
        let path = String(try #require(added.response.header(.location)).prefix { $0 != "?" }.dropFirst(7))
        #expect(page(path).text.contains("<h1>Gate</h1>"))
        #expect(harness.takeAnnounced().count == 1)

        let renamed = Self.good.merging(["name": "West gate", "password": "", "version": "1"]) { $1 }
        #expect(post(path + "/edit", renamed).response.header(.location)?.hasSuffix("?done=saved") == true)
        let stale = post(path + "/edit", renamed.merging(["name": "East gate"]) { $1 })
        #expect(stale.status == 409 && stale.text.contains("value=\"East gate\""))
        #expect(stale.text.contains("name=\"version\" value=\"2\""))

        let off = post(path + "/switch", ["is_active": "false", "back": "/api/v1/controller/?q=gate"])
        #expect(off.response.header(.location) == "/api/v1/controller/?q=gate&done=off")
        #expect(page("/controller/", as: .operator).text.contains("aria-label=\"Record West gate\""))
        #expect(post(path + "/delete", [:]).status == 303)
        #expect(page(path).status == 404)
        #expect(page("/controller/").text.contains("No cameras yet"))
    }

    @Test(arguments: [
        ("name", ""), ("name", "a\u{7}"), ("location", ""), ("location_details", String(repeating: "x", count: 501)),
        ("tags", String(repeating: "x", count: 41)), ("url", ""), ("url", "file:///etc/passwd"),
        ("url", "rtsp://127.0.0.1/"), ("sub_url", "rtsp://u:canary@cam/2"), ("priority", "101"),
        ("username", String(repeating: "x", count: 129)),
        ("password", String(repeating: "x", count: 257)), ("transport", "smoke"), ("audio", "loud"),
        ("segment_seconds", "1"), ("segment_seconds", ""), ("retention_days", "3651"), ("is_active", "maybe"),
    ])
    func `a wrong field is 422, told beside it, and changes nothing`(_ field: String, _ value: String) throws {
        let path = "/controller/cameras/\(try harness.addCamera())"
        _ = harness.takeAnnounced()
        let before = try harness.cameraRows()
        for target in ["/controller/cameras/new", path + "/edit"] {
            let answer = post(target, Self.good.merging([field: value]) { $1 })
            #expect(answer.status == 422)
            #expect(answer.text.contains("id=\"\(field)-error\""), "\(target)")
            #expect(!answer.text.contains("canary"))
        }
        #expect(try harness.cameraRows() == before)
        #expect(harness.takeAnnounced().isEmpty)
    }

    @Test(arguments: [("version", "abc"), ("version", ""), ("remove_password", "maybe"), ("is_active", "false")])
    func `what no browser sends with a form is refused by name`(_ field: String, _ value: String) throws {
        let path = "/controller/cameras/\(try harness.addCamera())/edit"
        _ = harness.takeAnnounced()
        let before = try harness.cameraRows()
        let answer = post(path, Self.good.merging([field: value]) { $1 })
        #expect(answer.status == 422)
        #expect(answer.text.contains("href=\"#\(field)\""), "\(answer.text)")
        #expect(try harness.cameraRows() == before)
        #expect(harness.takeAnnounced().isEmpty)
    }

    @Test func `the form asks for the password again where it cannot be kept`() throws {
        let added = post("/controller/cameras/new", Self.good)
        let path = String(try #require(added.response.header(.location)).prefix { $0 != "?" }.dropFirst(7))
        let moved = Self.good.merging(["url": "rtsp://other.example/1", "password": "", "version": "1"]) { $1 }
        let answer = post(path + "/edit", moved)
        #expect(answer.status == 422 && answer.text.contains("id=\"password-error\""))
        #expect(!answer.text.contains("Leave this empty to keep it"), "\(answer.text)")
        #expect(page(path + "/edit", as: .operator).text.contains("Leave this empty to keep it"))
    }

    @Test func `a switch that says neither on nor off changes nothing`() throws {
        let path = "/controller/cameras/\(try harness.addCamera())/switch"
        _ = harness.takeAnnounced()
        let before = try harness.cameraRows()
        for fields in [[:], ["is_active": "maybe"]] {
            let answer = post(path, fields)
            #expect(answer.status == 422)
            #expect(answer.text.contains("is_active"), "\(answer.text)")
        }
        #expect(try harness.cameraRows() == before)
        #expect(harness.takeAnnounced().isEmpty)
    }

    @Test func `a zero byte finds nothing and signs nobody in`() throws {
        #expect(page("/controller/?q=%00&tag=%00").status == 200)
        let (csrf, cookie) = try SignIn(harness.context).gate(HTTPRequest("GET", "/"))
        let answer = harness.call(
            "POST",
            "/controller/sign-in",
            "name=a%00da&password=x&csrf=\(csrf)",
            as: nil,
            type: "application/x-www-form-urlencoded",
            headers: [("Cookie", String(cookie.prefix { $0 != ";" }))]
        )
        #expect(answer.status == 401 || answer.status == 422, "\(answer.status)")
    }

    @Test func `every page asks for its role, as a page`() throws {
        let path = try harness.addCamera()
        for route in Routes.router.routes where route.endpoint.isPage {
            guard let needed = route.endpoint.role else { continue }
            let pattern = route.pattern.description
            let target = String(
                pattern.replacing("{id:int}", with: "\(path)")
                    .replacing("{id:uuid}", with: "01936b2e-0000-7000-8000-000000000001").dropFirst("/api/v1".count)
            )
            let nobody = harness.call(route.method.rawValue, target, "", as: nil)
            #expect(nobody.status == 303, "\(target)")
            #expect(nobody.response.header(.location)?.hasPrefix("/api/v1/controller/sign-in") == true)
            guard needed > .viewer else { continue }
            let viewer = harness.call(route.method.rawValue, target, "", as: .viewer)
            #expect(viewer.status == 403, "\(target)")
            #expect(viewer.text.contains("<h1>This is not allowed</h1>"))
        }
    }

    @Test func `what is not there, not taken or not available is a page too`() throws {
        let missing = page("/controller/nonsense")
        #expect(missing.status == 404 && missing.text.contains("<h1>Not found</h1>"))
        #expect(page("/controller/cameras/999").status == 404)
        let method = harness.call("PUT", "/controller/cameras/1", as: .viewer, headers: [("Accept", "text/html")])
        #expect(method.status == 405 && method.response.header(.allow) == "GET, HEAD")
        #expect(method.text.contains("<h1>"))
        let away = try WebHarness(databaseURL: "postgresql://nobody@127.0.0.1:9/none")
        let headers = [("Accept", "text/html"), ("Cookie", "observer_session=" + String(repeating: "a", count: 43))]
        let answer = away.call("GET", "/controller/", as: nil, headers: headers)
        #expect(answer.status == 503 && answer.response.header(.retryAfter) != nil)
        #expect(answer.text.contains("Recording isn’t affected"))
    }

    @Test func `the sign-in page gives a form that works once it carries its token`() throws {
        let form = page("/controller/sign-in", as: nil)
        #expect(form.status == 200 && form.text.contains("name=\"csrf\""))
        #expect(form.response.header(.setCookie)?.contains("HttpOnly") == true)
        let without = post("/controller/sign-in", ["name": "ada", "password": "x"])
        #expect(without.status == 403)
    }

    @Test func `a form whose session ended leads to the sign-in page and back to where it was`() {
        for (path, back) in [
            ("/controller/cameras/new", "/controller/cameras/new"),
            ("/controller/storage/rules", "/controller/storage"),
            ("/controller/cameras/7/switch", "/controller/cameras/7"), ("/controller/cameras/on", ""),
        ] {
            let form = "application/x-www-form-urlencoded"
            let answer = harness.call("POST", path, "name=x", as: nil, type: form)
            let place = answer.response.header(.location) ?? ""
            let wanted =
                back.isEmpty
                ? ""
                : "?back="
                    + "/api/v1\(back)?again=1".replacing("/", with: "%2F")
                    .replacing("?", with: "%3F").replacing("=", with: "%3D")
            #expect(answer.status == 303 && place.hasSuffix("/sign-in\(wanted)"), "\(path): \(place)")
        }
    }
}
