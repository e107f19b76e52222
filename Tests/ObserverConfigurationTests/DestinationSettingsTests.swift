import ObserverConfiguration
import ObserverCore
import Testing

@Suite struct DestinationSettingsTests {
    private static let home: [String: String] = [
        "OBSERVER_DATABASE_URL": "postgresql://observer:canary@127.0.0.1/observer",
        "OBSERVER_AMQP_URL": "amqp://observer:canary@127.0.0.1/observer",
        "OBSERVER_KEY": String(repeating: "A", count: 43) + "=",
        "OBSERVER_S3_BUCKET": "video",
        "AWS_ENDPOINT_URL_S3": "http://10.0.0.6:8333",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "canary",
        "OBSERVER_SPOOL": "/var/spool/observer",
        "OBSERVER_RECORDER": "node-a",
        "OBSERVER_FASTCGI_SOCKET": "/run/web.sock",
        "OBSERVER_TEMPLATES": "/usr/share/observer/templates",
    ]
    private static let second: [String: String] = [
        "OBSERVER_S3_SECOND_ENDPOINT": "http://10.0.0.7:9000", "OBSERVER_S3_SECOND_REGION": "eu-west-1",
        "OBSERVER_S3_SECOND_BUCKET": "spare", "OBSERVER_S3_SECOND_ACCESS_KEY_ID": "other",
        "OBSERVER_S3_SECOND_SECRET_ACCESS_KEY": "canary",
    ]
    private static let third: [String: String] = [
        "OBSERVER_S3_THIRD_ENDPOINT": "http://10.0.0.8:9000", "OBSERVER_S3_THIRD_BUCKET": "video",
        "OBSERVER_S3_THIRD_ACCESS_KEY_ID": "other", "OBSERVER_S3_THIRD_SECRET_ACCESS_KEY": "canary",
    ]

    private func problems(_ settings: [String: String]...) -> [String] {
        let environment = settings.reduce(Self.home) { $0.merging($1) { $1 } }
        do {
            _ = try UploadConfiguration(environment: environment)
            return []
        } catch {
            return error.problems.map(\.name)
        }
    }

    @Test func `without further stores there is home and one copy`() throws {
        let upload = try UploadConfiguration(environment: Self.home)
        #expect(upload.destinations.map(\.destination) == [.home] && upload.copies == 1)
        #expect(upload.destinations.first?.s3 == upload.s3 && upload.fallbackTime == .seconds(60))
    }

    @Test func `each program knows the same destinations, home first`() throws {
        let more = ["OBSERVER_S3_COPIES": "2", "OBSERVER_S3_FALLBACK_SECONDS": "5"]
        let environment = [Self.second, Self.third, more].reduce(Self.home) { $0.merging($1) { $1 } }
        let upload = try UploadConfiguration(environment: environment)
        let web = try WebConfiguration(environment: environment)
        let retention = try RetentionConfiguration(environment: environment)
        let tool = ToolConfiguration(environment: environment)
        #expect(upload.destinations.map(\.destination) == [.home, .second, .third])
        var shown = ""
        dump(upload.destinations[1].s3, to: &shown)
        #expect(["spare", "eu-west-1", "10.0.0.7:9000"].allSatisfy { shown.contains($0) } && !shown.contains("canary"))
        #expect(upload.fallbackTime == .seconds(5))
        #expect(web.destinations == upload.destinations && retention.destinations == upload.destinations)
        #expect(try tool.destinations() == upload.destinations)
        #expect(try [upload.copies, web.copies, retention.copies, tool.copies()] == [2, 2, 2, 2])
    }

    @Test func `no camera may be where any of the stores is`() throws {
        let environment = [Self.second, Self.third].reduce(Self.home) { $0.merging($1) { $1 } }
        let capture = try CaptureConfiguration(environment: environment)
        #expect(capture.ownServers.map(\.host).suffix(3) == ["10.0.0.6", "10.0.0.7", "10.0.0.8"])
        let address = try #require(IPAddress("10.0.0.7"))
        #expect(try !WebConfiguration(environment: environment).networks.allows(address, port: 9000))
    }

    @Test func `a destination that is set in part is refused by the name of what is missing`() {
        for setting in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "BUCKET"] {
            let name = "OBSERVER_S3_SECOND_\(setting)"
            #expect(problems(Self.second.filter { $0.key != name }) == [name])
        }
    }

    @Test func `a third without a second is refused`() {
        #expect(problems(Self.third) == ["OBSERVER_S3_SECOND_BUCKET"])
    }

    @Test func `what is wrong about a destination is named once`() {
        for (setting, value) in [
            ("BUCKET", "Video_1"), ("ENDPOINT", "127.0.0.1"), ("ADDRESSING", "host"), ("CERTIFICATES", "ca.pem"),
            ("ADDRESSING", "virtual"),
        ] {
            let name = "OBSERVER_S3_SECOND_\(setting)"
            #expect(problems(Self.second, [name: value]) == [name])
        }
    }

    @Test func `the same bucket twice is no second copy`() {
        let same = ["OBSERVER_S3_SECOND_ENDPOINT": "http://10.0.0.6:8333", "OBSERVER_S3_SECOND_BUCKET": "video"]
        #expect(problems(Self.second, same) == ["OBSERVER_S3_SECOND_BUCKET"])
    }

    @Test func `more copies than destinations are refused`() {
        #expect(problems(["OBSERVER_S3_COPIES": "2"]) == ["OBSERVER_S3_COPIES"])
        #expect(problems(Self.second, ["OBSERVER_S3_COPIES": "3"]) == ["OBSERVER_S3_COPIES"])
        #expect(problems(Self.second, ["OBSERVER_S3_COPIES": "0"]) == ["OBSERVER_S3_COPIES"])
        #expect(problems(Self.second, ["OBSERVER_S3_COPIES": "2"]).isEmpty)
    }
}
