import TemporaryFolders
import Glibc
import ObserverConfiguration
import ObserverCore
import Testing

@Suite struct ConfigurationTests {
    private static let key = String(repeating: "A", count: 43) + "="
    private static let good: [String: String] = [
        "OBSERVER_DATABASE_URL": "postgresql://observer:canary@127.0.0.1/observer",
        "OBSERVER_AMQP_URL": "amqp://observer:canary@127.0.0.1/observer",
        "OBSERVER_KEY": key,
        "OBSERVER_S3_BUCKET": "video",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "canary",
        "OBSERVER_SPOOL": "/var/spool/observer",
        "OBSERVER_RECORDER": "node-a",
        "OBSERVER_FASTCGI_SOCKET": "/run/web.sock",
        "OBSERVER_TEMPLATES": "/usr/share/observer/templates",
    ]

    @Test func `what is needed is enough, and the rest has defaults`() throws {
        let capture = try CaptureConfiguration(environment: Self.good)
        #expect(capture.snapshotInterval == .seconds(300) && capture.prefix == "observer")
        let upload = try UploadConfiguration(environment: Self.good)
        #expect(
            upload.parallel == 32 && upload.rate == .unlimited && upload.sweepInterval == .seconds(60)
                && upload.retryPauses == [.seconds(5), .seconds(30)]
        )
        #expect(try WebConfiguration(environment: Self.good).threads == 12)
        #expect(try WebConfiguration(environment: Self.good).segmentSeconds == 10)
    }

    @Test func `all missing settings are reported at once`() throws {
        let error = try #require(throws: ConfigurationError.self) { try WebConfiguration(environment: [:]) }
        let names = Set(error.problems.map(\.name))
        let needed: Set = [
            "OBSERVER_DATABASE_URL", "OBSERVER_AMQP_URL", "OBSERVER_KEY", "OBSERVER_S3_BUCKET", "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY", "OBSERVER_FASTCGI_SOCKET", "OBSERVER_TEMPLATES",
        ]
        #expect(names == needed)
    }

    @Test(arguments: [
        ("OBSERVER_DATABASE_URL", "mysql://x"), ("OBSERVER_DATABASE_URL", "postgresql://u:p%zz@h/d"),
        ("OBSERVER_AMQP_URL", "http://x"), ("OBSERVER_AMQP_URL", "amqp://u:p@h:0/d"), ("OBSERVER_KEY", "c2hvcnQ="),
        ("OBSERVER_S3_BUCKET", "Video_1"), ("AWS_ENDPOINT_URL_S3", "127.0.0.1"), ("OBSERVER_SPOOL", "spool"),
        ("OBSERVER_RECORDER", "Node A"), ("OBSERVER_SEGMENT_SECONDS", "1"), ("OBSERVER_SEGMENT_SECONDS", "ten"),
        ("OBSERVER_SNAPSHOT_SECONDS", "-1"), ("OBSERVER_CAMERA_NETWORKS", "everything"), ("OBSERVER_S3_PREFIX", "/a"),
        ("OBSERVER_S3_PREFIX", "a/../b"), ("OBSERVER_LOG_LEVEL", "loud"), ("OBSERVER_LOG_FORMAT", "xml"),
        ("OBSERVER_WEB_THREADS", "0"), ("OBSERVER_TEMPLATES", "templates"), ("OBSERVER_PUBLIC_URL", "example.org"),
        ("OBSERVER_FASTCGI_SOCKET", "/" + String(repeating: "x", count: 107)), ("OBSERVER_UPLOAD_PARALLEL", "9999"),
        ("OBSERVER_RETRY_SECONDS", "5"), ("OBSERVER_RETRY_SECONDS", "5,x"), ("OBSERVER_RETRY_SECONDS", "5,,30"),
        ("OBSERVER_S3_ADDRESSING", "virtual"), ("AWS_CA_BUNDLE", "ca.pem"), ("OBSERVER_S3_ENCRYPTION", "yes"),
        ("OBSERVER_S3_KMS_KEY_ID", "key"), ("OBSERVER_S3_STORAGE_CLASS", "cold"),
        ("OBSERVER_S3_STORAGE_CLASS", "DEEP_ARCHIVE"), ("OBSERVER_S3_TAGS", "=b"), ("OBSERVER_S3_TAGS", "a=1,a=2"),
        ("OBSERVER_S3_TAGS", "aws:x=1"), ("OBSERVER_S3_BUCKET_OWNER", "me"), ("OBSERVER_S3_REQUESTER_PAYS", "yes"),
        ("AWS_ENDPOINT_URL_S3", "http://x/y?z"), ("OBSERVER_S3_CREDENTIALS", "magic"),

        ("OBSERVER_CRASH_AT", "nowhere"), ("OBSERVER_SWEEP_SECONDS", "0"),
    ])
    func `a setting that is wrong is named`(name: String, value: String) throws {
        let environment = Self.good.merging([name: value]) { $1 }
        var found: Set<String> = []
        for read in [
            { _ = try WebConfiguration(environment: environment) },
            { _ = try CaptureConfiguration(environment: environment) },
            { _ = try UploadConfiguration(environment: environment) },
        ] {
            do { try read() } catch let error as ConfigurationError { found.formUnion(error.problems.map(\.name)) }
        }
        #expect(found == [name])
    }

    @Test func `a problem names the setting, what was found, and what it must be`() throws {
        let wrong = Self.good.merging([
            "OBSERVER_WEB_THREADS": "many", "OBSERVER_LOG_LEVEL": "loud", "OBSERVER_KEY": "c2hvcnQ=",
        ]) { $1 }.filter { $0.key != "OBSERVER_TEMPLATES" }
        let error = try #require(throws: ConfigurationError.self) { try WebConfiguration(environment: wrong) }
        #expect(
            Set(error.problems.map(\.description)) == [
                #"OBSERVER_WEB_THREADS is "many"; it must be a whole number from 1 to 256"#,
                #"OBSERVER_LOG_LEVEL is "loud"; it must be debug, info, warning or error"#,
                "OBSERVER_KEY cannot be used; it must be 32 bytes in base64, as `observerctl key` prints them",
                "OBSERVER_TEMPLATES is not set; it must be the path of the folder `templates`, beginning with /",
            ]
        )
    }

    @Test func `a store that the recorder cannot keep cameras off is refused by the recorder too`() throws {
        let wrong = Self.good.merging(["AWS_ENDPOINT_URL_S3": "10.0.0.6:8333"]) { $1 }
        let error = try #require(throws: ConfigurationError.self) { try CaptureConfiguration(environment: wrong) }
        #expect(error.problems.map(\.name) == ["AWS_ENDPOINT_URL_S3"])
    }

    @Test func `a program with wrong settings exits with 78, one whose services cannot be composed with 1`() {
        struct Failure: Error {}
        #expect(runProgram(CaptureConfiguration.self, environment: [:]) { _, _ in [] } == 78)
        #expect(runProgram(CaptureConfiguration.self, environment: Self.good) { _, _ in throw Failure() } == 1)
        let late = runProgram(CaptureConfiguration.self, environment: Self.good) { _, _ in
            throw ConfigurationError(problems: [SettingProblem(.templates, "is wrong")])
        }
        #expect(late == 78)
    }

    @Test func `a wrong value hides no other`() throws {
        let wrong = Self.good.merging([
            "OBSERVER_S3_BUCKET": "Video_1", "AWS_ENDPOINT_URL_S3": "127.0.0.1",
            "OBSERVER_AMQP_URL": "amqp://u:p%zz@h/d",
            "OBSERVER_DATABASE_URL": "postgresql://h:port/d", "OBSERVER_KEY": "c2hvcnQ=", "OBSERVER_LOG_LEVEL": "loud",
        ]) { $1 }
        let error = try #require(throws: ConfigurationError.self) { try WebConfiguration(environment: wrong) }
        let expected: Set = [
            "OBSERVER_S3_BUCKET", "AWS_ENDPOINT_URL_S3", "OBSERVER_AMQP_URL", "OBSERVER_DATABASE_URL", "OBSERVER_KEY",
            "OBSERVER_LOG_LEVEL",
        ]
        #expect(Set(error.problems.map(\.name)) == expected)
    }

    @Test func `no camera may be where Observer's own servers are`() throws {
        let own = Self.good.merging([
            "OBSERVER_DATABASE_URL": "postgresql://observer@10.0.0.5:5433/observer",
            "AWS_ENDPOINT_URL_S3": "http://10.0.0.6:8333", "OBSERVER_CAMERA_NETWORKS": "default,10.0.0.6/32:554",
        ]) { $1 }
        let capture = try CaptureConfiguration(environment: own)
        #expect(capture.ownServers.map(\.host) == ["10.0.0.5", "127.0.0.1", "10.0.0.6"])
        for configured in [capture.networks, try WebConfiguration(environment: own).networks] {
            let database = try #require(IPAddress("10.0.0.5"))
            let store = try #require(IPAddress("10.0.0.6"))
            #expect(!configured.allows(database, port: 5433) && !configured.allows(database, port: 554))
            #expect(!configured.allows(store, port: 8333) && !configured.allows(store, port: 8888))
            #expect(configured.allows(store, port: 554), "a range may allow a camera on the same address")
        }
    }

    private static func platform(_ more: [String: String]) -> [String: String] {
        good.filter { !$0.key.hasPrefix("AWS_") }.merging(more) { $1 }
    }

    @Test(arguments: [
        ["OBSERVER_S3_CREDENTIALS": "instance"],
        ["AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"],
        ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"],
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"],
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]/v1"],
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://keys.example/x?y"],
    ])
    func `the access key can come from the platform`(settings: [String: String]) throws {
        _ = try UploadConfiguration(environment: Self.platform(settings))
    }

    @Test(arguments: [
        ("AWS_ROLE_ARN", ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token"]),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", ["AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"]),
        ("AWS_ROLE_ARN", ["AWS_ROLE_ARN": "observer", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"]),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "no-slash"]),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://keys.example/"]),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1@evil.example/"]
        ),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.evil.example/"]),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://x/y", "OBSERVER_S3_CREDENTIALS": "instance"]
        ),
    ])
    func `a platform that is set wrong is named`(name: String, settings: [String: String]) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try UploadConfiguration(environment: Self.platform(settings))
        }
        #expect(error.problems.map(\.name) == [name])
    }

    @Test func `a secret can come from a file, and its last line feed is dropped`() throws {
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        let file = try #require(fopen(path, "w"))
        fputs(Self.key + "\n", file)
        fclose(file)
        var environment = Self.good
        environment["OBSERVER_KEY"] = nil
        environment["OBSERVER_KEY_FILE"] = path
        _ = try CaptureConfiguration(environment: environment)
        environment["OBSERVER_KEY"] = Self.key
        #expect(throws: ConfigurationError.self) { try CaptureConfiguration(environment: environment) }
        environment["OBSERVER_KEY"] = nil
        environment["OBSERVER_KEY_FILE"] = "/nowhere"
        let error = try #require(throws: ConfigurationError.self) { try CaptureConfiguration(environment: environment) }
        #expect(error.problems.map(\.name) == ["OBSERVER_KEY_FILE"])
    }

    @Test func `no secret shows in a configuration or in its errors`() throws {
        var shown = ""
        dump(try WebConfiguration(environment: Self.good), to: &shown)
        dump(try UploadConfiguration(environment: Self.good), to: &shown)
        #expect(!shown.contains("canary"))
        let wrong = Self.good.merging(["OBSERVER_DATABASE_URL": "mysql://u:canary@h/d", "OBSERVER_KEY": "canary"]) {
            $1
        }
        let error = try #require(throws: ConfigurationError.self) { try WebConfiguration(environment: wrong) }
        #expect(!"\(error)".contains("canary"))
    }
}
