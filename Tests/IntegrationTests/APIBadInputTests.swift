import HTTPTypes
import ObserverCore
import ObserverWeb
import TestSupport
import Testing

/// Every field of every body and query wrong in turn: named, and nothing changed.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIBadInputTests {
    private let harness: WebHarness

    init() throws {
        harness = try WebHarness()
    }

    /// Values that are wrong for a new camera and for a change alike.
    private static let wrong: [(field: String, values: [String])] = [
        ("name", ["null", "\"\"", "\"  \"", "7", "true", "[]", "{}", "\"a\\nb\"", "\"a\\u0000\"", long(101)]),
        ("location", ["null", "\"\"", "1.5", "[\"a\"]", "\"\\u2028\"", long(101)]),
        ("location_details", ["5", "false", "{}", "\"a\\tb\"", long(501)]),
        ("url", ["null", "\"\"", "12", "[]", "\"nonsense\"", long(3000)]),
        (
            "sub_url",
            ["12", "[]", "\"nonsense\"", "\"rtsp://127.0.0.1/2\"", "\"rtsp://u:p@cam.example/2\"", long(3000)]
        ),
        ("username", ["3", "{\"a\": 1}", "\"a\\u0007\"", long(129)]),
        ("password", ["3", "[1]", "\"a\\nb\"", long(257)]),
        ("is_active", ["null", "\"yes\"", "1", "0", "[]"]),
        ("segment_seconds", ["1", "301", "-10", "\"10\"", "2.5", "25e-1", "true", "99999999999999999999"]),
        ("transport", ["\"pigeon\"", "\"TCP\"", "1", "[]", "\"\""]),
        ("tls", ["\"none\"", "\"\"", "1", "\"pinned:\"", "\"pinned:0f\""]),
        ("audio", ["\"loud\"", "true", "{}"]),
        ("retention_days", ["0", "3651", "\"30\"", "0.5", "[]"]),
        ("priority", ["-101", "101", "\"1\"", "0.5", "true"]),
        (
            "tags",
            ["\"outdoor\"", "[1]", "[\"\"]", "[\"a,b\"]", "[[\"a\"]]", "{}", "[" + tags(21) + "]", "[\(long(41))]"]
        ),
        ("id", ["7"]), ("version", ["3"]), ("status", ["{}"]), ("created_at", ["\"2026-11-23T20:00:00Z\""]),
        ("colour", ["\"red\""]), ("", ["1"]), ("__proto__", ["{}"]),
    ]

    private static func long(_ count: Int) -> String { "\"" + String(repeating: "x", count: count) + "\"" }
    private static func tags(_ count: Int) -> String { (0..<count).map { "\"t\($0)\"" }.joined(separator: ",") }

    @Test func `a wrong field is named and nothing changes`() throws {
        let id = try harness.addCamera()
        let before = try harness.cameraRows()
        _ = harness.takeAnnounced()
        for (field, value) in Self.wrong.flatMap({ field, values in values.map { (field, $0) } }) {
            let other = field == "retention_days" ? "segment_seconds" : "retention_days"
            let good = ["name": "\"N\"", "location": "\"L\"", "url": "\"rtsp://cam.example/2\""]
            let all = good.merging([field: value]) { $1 }.map { "\"\($0)\": \($1)" }.joined(separator: ",")
            for answer in [
                harness.call("POST", "/cameras/", "{\(all)}"),
                harness.call("PATCH", "/cameras/\(id)", "{\"\(field)\": \(value), \"\(other)\": 30}"),
            ] {
                #expect(answer.status == 422, "\(field) = \(value)")
                #expect(answer.wrongFields == [field], "\(field) = \(value): \(answer.text)")
                #expect(answer.response.header(.contentType) == "application/problem+json")
            }
        }
        #expect(try harness.cameraRows() == before)
        #expect(harness.takeAnnounced().isEmpty)
    }

    private static let hostile = [
        "file:///etc/passwd", "/etc/passwd", "etc/passwd", "concat:a|b", "concat:/etc/passwd",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "async:rtsp://cam/1", "crypto:rtsp://cam/1", "crypto+file:/etc/passwd", "data:video/mp4;base64,AAAA",
        "unix:/run/x.sock",
        "gopher://cam/1", "ftp://cam/1", "sftp://cam/1", "amqp://cam/", "tee:a|b", "pipe:0", "pipe:", "tcp://cam:1",
        "udp://cam:1",
        "cache:http://cam/", "hls+file:///etc/passwd", "hls+http://cam/", "rtsp+tls://cam", "ffrtmphttp://cam",
        "javascript:alert(1)",
        "rtsp:/cam", "rtsp//cam", "://cam", "rtsp://", "rtsp:///1", "rtsp://:554/1", "rtsp://cam:0/1",
        "rtsp://cam:65536/", "rtsp://cam:x/",
        "rtsp://cam:/1", "rtsp://a@b@c/1", "rtsp://cam example/1", "rtsp://cam\\\\@127.0.0.1/1", "rtsp://cam/\\n1",
        "rtsp://cam/\\r\\nX: y",
        "rtsp://cam/\\u0000", "rtsp://cam\\t/", "rtsp://c\\u0430m/1", "rtsp://cam%2f@x@y/", "rtsp://127.0.0.1/1",
        "rtsp://127.0.0.2:8554/",
        "rtsp://2130706433/1", "rtsp://0x7f000001/1", "rtsp://0177.0.0.1/1", "rtsp://127.1/1", "rtsp://0x7f.1/1",
        "rtsp://0/1",
        "rtsp://0.0.0.0/1", "rtsp://[::1]/1", "rtsp://[::]/1", "rtsp://[::ffff:127.0.0.1]/1",
        "rtsp://[::ffff:7f00:1]/1",
        "rtsp://[0:0:0:0:0:ffff:127.0.0.1]:554/", "rtsp://[64:ff9b::127.0.0.1]/1", "rtsp://[fe80::1]/1",
        "rtsp://[fe80::1%25eth0]/1",
        "http://169.254.169.254/latest/meta-data", "http://2852039166/", "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://localhost/", "http://LOCALHOST:80/",
        "http://a.localhost/",
        "http://255.255.255.255/", "rtsp://[::1/1", "rtsp://::1/1", "rtsp://1.2.3.4.5/1", "rtsp://256.1.1.1/1",
        "rtsp://cam..example/",
        "rtsp://user:pa%zzss@cam/1",
    ]

    @Test func `a hostile camera URL is refused`() throws {
        let id = try harness.addCamera()
        let before = try harness.cameraRows()
        for url in Self.hostile {
            for answer in [
                harness.call("POST", "/cameras/", #"{"name": "N", "location": "L", "url": "\#(url)"}"#),
                harness.call("PATCH", "/cameras/\(id)", #"{"url": "\#(url)"}"#),
            ] {
                #expect(answer.status == 422, "\(url)")
                #expect(answer.wrongFields == ["url"], "\(url)")
            }
        }
        #expect(try harness.cameraRows() == before)
    }

    @Test func `several wrong fields are told at once`() {
        let answer = harness.call("POST", "/cameras/", #"{"url": "x", "audio": 3, "colour": 1}"#)
        #expect(answer.wrongFields == ["audio", "colour", "location", "name", "url"])
    }

    @Test func `the original's switch takes one truth value and nothing else`() throws {
        let cases: [(String, [String])] = [
            ("{}", ["is_active"]), (#"{"is_active": "on"}"#, ["is_active"]), (#"{"is_active": null}"#, ["is_active"]),
            (#"{"is_active": 1}"#, ["is_active"]), (#"{"is_active": true, "x": 1}"#, ["x"]),
            (#"{"x": 1}"#, ["is_active", "x"]),
        ]
        for (body, wrong) in cases {
            let id = try harness.addCamera()
            let before = try harness.cameraRows()
            let answer = harness.call("POST", "/controller/camera/\(id)/update_state", body)
            #expect(answer.status == 422)
            #expect(answer.wrongFields == wrong)
            #expect(try harness.cameraRows() == before)
        }
    }

    @Test func `a wrong parameter is named`() {
        let cases: [(String, String)] = [
            ("/cameras/?limit=0", "limit"), ("/cameras/?limit=501", "limit"), ("/cameras/?limit=x", "limit"),
            ("/cameras/?q=%00", "q"), ("/cameras/?tag=a%00", "tag"), ("/cameras/?ids=1,x", "ids"),
            ("/cameras/?ids=", "ids"),
            ("/cameras/?limit=", "limit"), ("/cameras/?after=-1", "after"), ("/cameras/?after=x", "after"),
            ("/cameras/?state=happy", "state"), ("/cameras/?page=2", "page"),
            ("/cameras/1/segments?from=yesterday", "from"),
            ("/cameras/1/segments?to=2026-11-23", "to"), ("/cameras/1/segments?after=7", "after"),
            ("/cameras/1/segments?limit=9999", "limit"), ("/cameras/1/segments?order=desc", "order"),
            ("/cameras/1/segments?from=2026-11-23T20:00:00Z&to=2026-11-23T19:00:00Z", "to"),
            ("/cameras/1/snapshot.jpg?at=1", "at"),
        ]
        for (path, name) in cases {
            let answer = harness.call("GET", path)
            #expect(answer.status == 422, "\(path)")
            #expect(answer.wrongFields == [name], "\(path)")
        }
    }

    @Test func `bodies that are no JSON object have their own answers`() throws {
        let id = try harness.addCamera()
        for (method, path) in [
            ("POST", "/cameras/"), ("PATCH", "/cameras/\(id)"), ("POST", "/controller/camera/\(id)/update_state"),
        ] {
            #expect(harness.call(method, path, "{").status == 400)
            #expect(harness.call(method, path, #"{"name": "a", "name": "b"}"#).status == 400)
            #expect(harness.call(method, path, "[]").status == 422)
            #expect(harness.call(method, path, "name=x", type: "application/x-www-form-urlencoded").status == 415)
            #expect(harness.call(method, path, "{}", type: "text/plain").status == 415)
            #expect(harness.call(method, path).status == 415)
            let large = "{\"name\": \"" + String(repeating: "x", count: 70_000) + "\"}"
            #expect(harness.call(method, path, large).status == 413)
        }
    }

    @Test func `a method that an address does not have is answered with those it has`() {
        let cases: [(String, String, String)] = [
            ("PUT", "/cameras/", "GET, POST, HEAD"), ("DELETE", "/cameras/", "GET, POST, HEAD"),
            ("POST", "/cameras/1", "DELETE, GET, PATCH, HEAD"), ("GET", "/cameras/1/on", "POST"),
            ("TRACE", "/health/live", "GET, HEAD"), ("OPTIONS", "/openapi.json", "GET, HEAD"),
        ]
        for (method, path, allow) in cases {
            let answer = harness.call(method, path)
            #expect(answer.status == 405)
            #expect(answer.response.header(.allow) == allow)
        }
    }

    @Test func `an address that is none is not found`() {
        let cases: [String] = [
            "/", "/nothing", "/cameras/x", "/cameras/0", "/cameras/99999999999999999999", "/segments/x.mp4",
        ]
        for path in cases {
            #expect(harness.call("GET", path).status == 404)
        }
    }

    @Test func `a database that is away is told within its time`() throws {
        let away = try WebHarness(databaseURL: "postgresql://nobody@127.0.0.1:9/none")
        let clock = ContinuousClock()
        for (method, path) in [
            ("GET", "/cameras/"), ("POST", "/cameras/"), ("GET", "/cameras/1"), ("POST", "/cameras/1/on"),
        ] {
            let headers = [("Authorization", "Bearer obs_x")]
            let time = clock.measure {
                let answer = away.call(method, path, method == "POST" ? WebHarness.good : nil, headers: headers)
                #expect(answer.status == 503)
                #expect(answer.response.header(.retryAfter) == "5")
            }
            #expect(time < .seconds(4))
        }
        let ready = away.call("GET", "/health/ready", as: nil)
        #expect(ready.status == 503)
        #expect(ready.text == #"{"status":"not ready"}"#)
        #expect(ready.response.header(.retryAfter) == "3")
        #expect(away.call("GET", "/health/live", as: nil).status == 200)
        #expect(away.call("GET", "/cameras/healthcheck", as: nil).text == "UP")
    }
}
