import Testing

@testable import ObserverCore

@Suite struct CameraFieldsTests {
    private static let good: [String: FieldValue] = [
        "name": .string("Gate"), "location": .string("Old Trafford"), "url": .string("rtsp://cam.example/stream1"),
    ]

    @Test func `a camera with every field good is accepted`() throws {
        let more: [String: FieldValue] = [
            "location_details": .string("Stretford End"), "username": .string("viewer"), "password": .string(" pa ss "),
            "is_active": .bool(true), "segment_seconds": .integer(2), "transport": .string("udp"),
            "audio": .string("copy"), "retention_days": .integer(3650),
            "tags": .list([.string("outdoor"), .string("outdoor")]),
        ]
        let changes = try CameraFields.create(Self.good.merging(more) { $1 }, policy: .standard)
        #expect(changes[\.name] == "Gate")
        #expect(changes.password == .set(" pa ss "))
        #expect(changes[\.tags] == ["outdoor"])
        #expect(changes[\.url] == "rtsp://cam.example/stream1")
    }

    @Test func `a new camera needs a name, a location and a URL`() {
        #expect(throws: FieldErrors(["name": "is required", "location": "is required", "url": "is required"])) {
            try CameraFields.create([:], policy: .standard)
        }
    }

    @Test(arguments: [
        ("name", FieldValue.string("")), ("name", .string("  ")), ("name", .integer(7)), ("name", .null),
        ("name", .string(String(repeating: "x", count: 101))), ("name", .string("a\nb")), ("name", .list([])),
        ("location", .null), ("location", .string("\u{7}")), ("location", .bool(true)),
        ("location_details", .integer(1)), ("location_details", .string(String(repeating: "x", count: 501))),
        ("url", .null), ("url", .integer(1)), ("url", .string("file:///etc/passwd")),
        ("url", .string("rtsp://127.0.0.1/")),
        ("username", .list([])), ("username", .string("a\u{0}")), ("password", .bool(false)),
        ("password", .string(String(repeating: "x", count: 257))),
        ("is_active", .null), ("is_active", .string("true")), ("is_active", .integer(1)),
        ("segment_seconds", .integer(1)), ("segment_seconds", .integer(301)), ("segment_seconds", .number(2.5)),
        ("segment_seconds", .string("10")), ("transport", .string("sctp")), ("transport", .integer(1)),
        ("audio", .string("on")), ("audio", .bool(true)), ("retention_days", .integer(0)),
        ("retention_days", .integer(3651)),
        ("tags", .string("a")), ("tags", .list([.integer(1)])), ("tags", .list([.string("")])),
        ("tags", .list(Array(repeating: .string("a"), count: 21))), ("tags", .list([.string("a,b")])),
        ("id", .integer(1)), ("version", .integer(1)), ("status", .object), ("color", .string("red")),
    ])
    func `a field that is wrong is named`(name: String, value: FieldValue) throws {
        let error = try #require(throws: FieldErrors.self) {
            try CameraFields.create(Self.good.merging([name: value]) { $1 }, policy: .standard)
        }
        #expect(Array(error.errors.keys) == [name])
        #expect(throws: FieldErrors.self) { try CameraFields.patch([name: value], policy: .standard) }
    }

    @Test func `null clears what may be empty and sets the rest back to its default`() throws {
        let fields: [String: FieldValue] = [
            "location_details": .null, "username": .null, "password": .null, "segment_seconds": .null,
            "transport": .null,
            "audio": .null, "retention_days": .null, "tags": .null,
        ]
        let changes = try CameraFields.patch(fields, policy: .standard)
        #expect(changes.sets(\.locationDetails) && changes.settings.locationDetails == nil)
        #expect(changes.sets(\.username) && changes.settings.username == nil && changes.password == .clear)
        #expect(changes[\.segmentSeconds] == 10 && changes[\.transport] == .tcp && changes[\.audio] == .off)
        #expect(changes[\.retentionDays] == 30 && changes[\.tags] == [])
        #expect(changes[\.name] == nil && changes[\.url] == nil && changes[\.isActive] == nil)
    }

    @Test func `the second address has the rules of the first, but no credentials of its own`() throws {
        let fields: [String: FieldValue] = ["sub_url": .string(" RTSP://cam.example/2 ")]
        #expect(try CameraFields.patch(fields, policy: .standard).settings.subURL == "rtsp://cam.example/2")
        for text in ["", "  "] {
            let cleared = try CameraFields.patch(["sub_url": .string(text)], policy: .standard)
            #expect(cleared.sets(\.subURL) && cleared.settings.subURL == nil)
        }
        for text in ["rtsp://u@cam/", "rtsp://u:p@cam/", "rtsp://127.0.0.1/", "file:///etc/passwd"] {
            let error = try #require(throws: FieldErrors.self) {
                try CameraFields.patch(["sub_url": .string(text)], policy: .standard)
            }
            #expect(Array(error.errors.keys) == ["sub_url"], "\(text)")
            #expect(!error.detail.contains("p@"))
        }
    }

    @Test func `certificates are a word, or the digits of one, however they are written`() throws {
        let digits = String(repeating: "0f", count: 32)
        let colons = String(repeating: "0F:", count: 31) + "0F"
        for (text, expected) in [
            ("any", "any"), (" System ", "system"), ("pinned", "pinned"), ("pinned:\(digits)", "pinned:\(digits)"),
            ("pinned:\(colons)", "pinned:\(digits)"),
        ] {
            #expect(try CameraFields.patch(["tls": .string(text)], policy: .standard)[\.tls] == expected)
        }
        #expect(try CameraFields.patch(["tls": .null], policy: .standard)[\.tls] == "any")
        for text in [
            "none", "pinned:", "pinned:0f", "pinned:\(digits)0f", "pinned:" + String(repeating: "x", count: 64),
        ] {
            #expect(throws: FieldErrors.self, "\(text)") {
                try CameraFields.patch(["tls": .string(text)], policy: .standard)
            }
        }
    }

    @Test func `credentials in the URL become fields, and two different ones are a mistake`() throws {
        let changes = try CameraFields.patch(["url": .string("rtsp://u:p@cam/")], policy: .standard)
        #expect(changes.settings.username == "u" && changes.password == .set("p"))
        #expect(changes[\.url] == "rtsp://cam/")
        let error = try #require(throws: FieldErrors.self) {
            try CameraFields.patch(["url": .string("rtsp://u:p@cam/"), "password": .string("q")], policy: .standard)
        }
        #expect(Array(error.errors.keys) == ["password"])
    }
}
