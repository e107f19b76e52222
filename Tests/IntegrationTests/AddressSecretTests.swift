import Crypto
import Encodings
import HTTPTypes
import ObserverConfiguration
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// Cameras with a password in their address: who sees it, and where it lies.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct AddressSecretTests {
    private static let word = "S3cretCanary"
    private static let addresses = [
        "rtsp://192.0.2.9/user=viewer_password=S3cretCanary_channel=1_stream=0.sdp?real_stream",
        "rtmp://192.0.2.9/bcs/channel0_main.bcs?channel=0&stream=0&user=viewer&password=S3cretCanary",
        "http://192.0.2.9/videostream.cgi?loginuse=viewer&loginpas=S3cretCanary",
        "rtsp://192.0.2.9/user=admin&password=S3cretCanary&channel=1",
        "http://192.0.2.9/a?P%61ssWord=S3cretCanary&x=1",
    ]
    private let harness: WebHarness

    init() throws {
        harness = try WebHarness()
    }

    private func add(_ url: String, sub: String? = nil) throws -> Int64 {
        let second = sub.map { #", "sub_url": "\#($0)""# } ?? ""
        let answer = harness.call(
            "POST",
            "/cameras/",
            #"{"name": "Gate", "location": "Here", "url": "\#(url)"\#(second)}"#,
            as: .operator
        )
        #expect(answer.status == 201, "\(answer.text)")
        let id: SQL = "select max(id) from cameras"
        return try #require(try harness.context.database.rows(id, as: (Int64).self).first)
    }

    private func dump() throws -> String {
        try harness.context.database.rows(
            "select coalesce(string_agg(c::text, ' '), '') from cameras c",
            as: (String).self
        ).joined()
    }

    @Test(arguments: addresses)
    func `viewers and the database see no secret, operators the whole`(url: String) throws {
        let id = try add(url, sub: url)
        for path in ["/cameras/", "/cameras/\(id)", "/cameras/?q=Gate"] {
            let viewer = harness.call("GET", path, as: .viewer)
            #expect(viewer.status == 200 && !viewer.text.contains(Self.word) && viewer.text.contains("***"), "\(path)")
            let shown = url.replacing("/", with: "\\/")
            let whole = harness.call("GET", path, as: .operator).text
            #expect(whole.contains("\"url\":\"\(url)\"") || whole.contains("\"url\":\"\(shown)\""), "\(path)")
            #expect(whole.contains("\"sub_url\":\"\(url)\"") || whole.contains("\"sub_url\":\"\(shown)\""), "\(path)")
        }
        #expect(!harness.call("GET", "/cameras/?q=\(Self.word)", as: .viewer).text.contains("Gate"))
        #expect(try !dump().contains(Self.word))
        let rows = try harness.context.database.rows(
            "select url_sealed, sub_url_sealed from cameras",
            as: ([UInt8], [UInt8]).self
        )
        #expect(rows.allSatisfy { !String(decoding: $0.0 + $0.1, as: UTF8.self).contains(Self.word) })
    }

    @Test(arguments: addresses)
    func `an address that was shown comes back without harm`(url: String) throws {
        let id = try add(url)
        let shown = ShownAddress(url).text
        func patch(_ text: String) -> Int {
            harness.call("PATCH", "/cameras/\(id)", #"{"url": "\#(text)"}"#, as: .operator).status
        }
        func stored() throws -> String {
            let listing = try #require(try CameraStore(harness.context.database).get(CameraID(rawValue: id)))
            return try AddressVault(harness.context.configuration.sealingKey).open(listing.camera).url
        }
        let version: SQL = "select version from cameras"
        let before = try harness.context.database.rows(version, as: (Int64).self)
        #expect(patch(shown) == 200)
        #expect(try stored() == url)
        #expect(patch(url) == 200)
        #expect(try harness.context.database.rows(version, as: (Int64).self) == before, "nothing was changed")
        #expect(patch(shown.replacing("192.0.2.9", with: "192.0.2.10")) == 422, "another server gets no secret")
        #expect(patch(shown.replacing("192.0.2.9", with: "192.0.2.9:8000")) == 422)
        #expect(patch("rtsp://192.0.2.9/x?unknown_token=***") == 422)
        #expect(try stored() == url)
        #expect(patch(url.replacing(Self.word, with: "0therWord")) == 200)
        #expect(try stored() == url.replacing(Self.word, with: "0therWord"))
        #expect(patch("rtsp://192.0.2.9/plain") == 200)
        #expect(try stored() == "rtsp://192.0.2.9/plain")
        let isPlain: SQL = "select url_sealed is null from cameras"
        #expect(try harness.context.database.rows(isPlain, as: (Bool).self) == [true])
    }

    @Test func `a new camera is not made with what was shown of another`() throws {
        let body = #"{"name": "Gate", "location": "Here", "url": "http://192.0.2.9/a?pwd=***"}"#
        let answer = harness.call("POST", "/cameras/", body, as: .operator)
        #expect(answer.status == 422 && answer.text.contains("write the secret itself"))
    }

    @Test func `what a release before kept in clear is read, hidden, and sealed in place`() throws {
        let id = try harness.addCamera()
        let url = Self.addresses[1]
        let plain: SQL = "update cameras set url = \(url), url_sealed = null"
        try harness.context.database.execute(plain)
        #expect(!harness.call("GET", "/cameras/", as: .viewer).text.contains(Self.word))
        #expect(!harness.call("GET", "/cameras/\(id)", as: .viewer).text.contains(Self.word))
        #expect(harness.call("GET", "/cameras/\(id)", as: .operator).text.contains(Self.word))
        let vault = AddressVault(harness.context.configuration.sealingKey)
        let store = CameraStore(harness.context.database)
        #expect(try store.sealPlainAddresses(vault) == 1)
        #expect(try store.sealPlainAddresses(vault) == 0)
        #expect(try !dump().contains(Self.word))
        #expect(harness.call("GET", "/cameras/\(id)", as: .operator).text.contains(Self.word))
    }

    @Test(arguments: [
        ("rtsp://admin:2024/sommer@192.0.2.9/s1", "%2F"), ("rtsp://admin:sommer/2024@192.0.2.9/s1", "%2F"),
        ("rtsp://admin:12#34@192.0.2.9/s1", "%23"), ("rtsp://admin:ab?cd@192.0.2.9/s1", "%3F"),
        ("rtsp://admin:a@b@192.0.2.9/s1", "%40"), ("rtsp://admin:50%off@192.0.2.9/s1", "%25"),
    ])
    func `a raw character in a password is refused with its spelling, and nothing of it is stored`(
        url: String,
        spelling: String
    ) throws {
        let answer = harness.call(
            "POST",
            "/cameras/",
            #"{"name": "Gate", "location": "Here", "url": "\#(url)"}"#,
            as: .operator
        )
        #expect(answer.status == 422 && answer.text.contains(spelling) && answer.text.contains("\"url\""))
        #expect(try dump().isEmpty)
    }
}
