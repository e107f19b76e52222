import HTTPRouting
import ObserverCore
import ObserverStore
import Testing

@testable import ObserverWeb

@Suite struct PagesFormTests {
    private static let good: [(name: String, value: String)] = [
        ("name", "Gate"), ("location", "Old Trafford"), ("location_details", ""), ("tags", "outdoor,  night ,"),
        ("url", "rtsp://192.0.2.10/stream1"), ("username", "viewer"), ("password", "p&ss w%rd"),
        ("transport", "udp"), ("audio", "copy"), ("segment_seconds", "20"), ("retention_days", "7"),
        ("is_active", "true"),
    ]

    private func form(_ changes: [String: String], editing camera: Camera? = nil) -> CameraForm {
        let fields = Self.good.map { (name: $0.name, value: changes[$0.name] ?? $0.value) }
        let more = changes.filter { change in !fields.contains { $0.name == change.key } }
        return CameraForm(posted: FormFields(fields + more.map { (name: $0.key, value: $0.value) }), editing: camera)
    }

    private func errors(_ form: CameraForm) throws -> [String: String] {
        do {
            _ = try changes(form)
            return [:]
        } catch {
            return error.errors
        }
    }

    /// The outcome of the API's rules for a form.
    private func changes(_ form: CameraForm) throws(FieldErrors) -> CameraChanges {
        let policy = NetworkPolicy.standard
        return form.camera == nil
            ? try CameraFields.create(form.values, policy: policy)
            : try CameraFields.patch(form.values, policy: policy)
    }

    @Test func `a good form becomes a change with every field`() throws {
        let changes = try self.changes(form([:]))
        let settings = changes.settings
        #expect(settings.name == "Gate" && settings.url == "rtsp://192.0.2.10/stream1")
        #expect(settings.locationDetails == nil && changes.sets(\.locationDetails))
        #expect(settings.tags == ["outdoor", "night"])
        #expect(changes.password == .set("p&ss w%rd"))
        #expect(settings.transport == .udp && settings.audio == .copy)
        #expect(settings.segmentSeconds == 20 && settings.retentionDays == 7)
        #expect(settings.isActive)
    }

    @Test(arguments: [
        ("name", ""), ("name", String(repeating: "x", count: 101)), ("name", "a\u{7}"), ("location", " "),
        ("location_details", String(repeating: "x", count: 501)), ("tags", String(repeating: "x", count: 41)),
        ("tags", (0...20).map(String.init).joined(separator: ",")), ("url", ""), ("url", "file:///etc/passwd"),
        ("url", "concat:a|b"), ("url", "rtsp://127.0.0.1/x"), ("url", "http://169.254.169.254/x"),
        ("url", "rtsp://cam.example/a b"), ("username", String(repeating: "x", count: 129)),
        ("password", String(repeating: "x", count: 257)), ("transport", "smoke"), ("audio", "loud"),
        ("segment_seconds", "1"), ("segment_seconds", "301"), ("segment_seconds", "ten"), ("segment_seconds", ""),
        ("retention_days", "0"), ("retention_days", "3651"), ("retention_days", "7.5"),
    ])
    func `each wrong field is named, with a message beside it and what was typed kept`(
        _ field: String,
        _ value: String
    ) throws {
        let typed = form([field: value])
        let errors = try errors(typed)
        #expect(errors.keys.sorted() == [field])
        let html = try Example.html(CameraFormPage(form: typed.with(errors: errors), csrf: "token"))
        #expect(html.contains("id=\"\(field)-error\""))
        #expect(html.contains("aria-describedby=\"\(field)-error"))
        #expect(html.contains("<a href=\"#\(field)\">"))
        #expect(html.contains("value=\"rtsp://192.0.2.10/stream1\"") || field == "url")
        #expect(html.contains("One field needs another look. Nothing was changed."))
    }

    @Test func `a password never comes back, neither from its field nor from the address`() throws {
        for url in [
            "rtsp://ada:hunter2@cam.example/", "rtsp://ada:hun/ter2@cam.example/", "ada:hunter2@cam",
            "a@b://c:hunter2@d",
        ] {
            let typed = form(["url": url, "password": "hunter2"]).with(errors: ["name": "is empty"])
            let html = try Example.html(CameraFormPage(form: typed, csrf: "token"))
            #expect(!html.contains("hunter2") && !html.contains("ter2@"), "\(url)")
        }
    }

    @Test func `a user name and password in the address take the place of empty fields`() throws {
        let typed = form(["url": "rtsp://ada:secret@192.0.2.10/", "username": "", "password": ""])
        let changes = try self.changes(typed)
        #expect(changes.settings.username == "ada" && changes.password == .set("secret"))
        #expect(changes[\.url] == "rtsp://192.0.2.10/")
    }

    @Test func `the user name of an address comes back in its own field`() throws {
        let typed = form(["url": "rtsp://ada:secret@192.0.2.10/", "username": "", "segment_seconds": "1"])
        let html = try Example.html(CameraFormPage(form: typed.with(errors: try errors(typed)), csrf: "token"))
        #expect(html.contains("name=\"username\" type=\"text\" value=\"ada\""))
        #expect(html.contains("value=\"rtsp://192.0.2.10/\"") && !html.contains("secret"))
    }

    @Test func `an edited camera keeps its password unless it is given or removed`() throws {
        let camera = Example.camera()
        #expect(try changes(form(["password": ""], editing: camera)).password == .keep)
        #expect(try changes(form([:], editing: camera)).password == .set("p&ss w%rd"))
        let removed = form(["password": "", "remove_password": "true"], editing: camera)
        #expect(try changes(removed).password == .clear)
    }

    @Test func `the form of a camera shows everything but its password`() throws {
        let html = try Example.html(CameraFormPage(form: CameraForm(editing: Example.camera()), csrf: "token"))
        #expect(html.contains("value=\"rtsp://cam.example/stream1\""))
        #expect(html.contains("name=\"version\" value=\"3\""))
        #expect(html.contains("A password is stored and is never shown."))
        #expect(html.contains("type=\"password\" value=\"\""))
    }

    @Test(arguments: [
        ("/api/v1/controller/cameras/7?day=2026-11-23", true), ("/api/v1/controller/", true),
        ("https://evil.example/", false), ("//evil.example", false), ("/api/v1/controller/\\evil", false),
        ("/api/v1/controller/\r\nSet-Cookie: a=b", false), ("", false),
    ])
    func `people are sent back to pages of ours only`(_ address: String, _ isOurs: Bool) {
        #expect(Links.inside(address) == (isOurs ? address : Links.cameras))
    }
}
