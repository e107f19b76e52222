import Crypto
import Glibc
import HTTPClient
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverWeb
import S3
import System
import TestSupport
import Testing

/// `observer-web` as it runs, behind the real nginx with the project's configuration.
final class NginxWebHarness {
    let nginx: NginxHarness
    let web: WebHarness
    let spool: String
    private let running: RunningGroup

    /// - Parameters:
    ///   - store: The first store; nil: one that is away.
    ///   - second: The bucket of a second store, at the address and with the keys of the first.
    ///   - place: The address of the second store, if it is another one.
    ///   - more: Further settings of nginx, as `export` takes them.
    ///   - publicURL: The address people use.
    ///   - hasTLS: nginx ends TLS itself.
    ///   - trustsLoopback: False where nginx is to take this machine for one elsewhere.
    ///   - lookUp: Returns the addresses of a store's name.
    /// - Throws: When a server does not start.
    init(
        store: (endpoint: String, key: String, secret: String)? = nil,
        second: String? = nil,
        at place: String? = nil,
        settings more: String = "",
        publicURL: String? = nil,
        hasTLS: Bool = false,
        trustsLoopback: Bool = true,
        lookUp: @escaping @Sendable (String) -> [[UInt8]] = NameLookUp.addresses
    ) throws {
        let endpoint = store?.endpoint ?? "http://127.0.0.1:9"
        let settings =
            second.map { "OBSERVER_S3_SECOND_BUCKET=\($0) OBSERVER_S3_SECOND_ENDPOINT=\(place ?? endpoint)" } ?? ""
        let host = publicURL.map { "OBSERVER_PUBLIC_URL=\($0)" } ?? ""
        nginx = try NginxHarness(
            host: publicURL == nil ? "observer.localhost" : "",
            store: endpoint,
            settings: "\(settings) \(more) \(host)",
            hasTLS: hasTLS,
            trustsLoopback: trustsLoopback
        )
        web = try WebHarness()
        spool = nginx.folder + "/spool"
        mkdir(spool + "/ready", 0o755)
        var environment = WebHarness.environment(try #require(try web.database?.url(as: "web")))
        let socket = nginx.folder + "/run/web.sock"
        environment["OBSERVER_FASTCGI_SOCKET"] = socket
        environment["OBSERVER_SPOOL"] = spool
        environment["OBSERVER_WEB_THREADS"] = "4"
        environment["OBSERVER_PUBLIC_URL"] = publicURL
        if let store {
            environment["AWS_ENDPOINT_URL_S3"] = store.endpoint
            environment["AWS_ACCESS_KEY_ID"] = store.key
            environment["AWS_SECRET_ACCESS_KEY"] = store.secret
        }
        if let second {
            environment["OBSERVER_S3_SECOND_BUCKET"] = second
            environment["OBSERVER_S3_SECOND_ENDPOINT"] = place ?? endpoint
            environment["OBSERVER_S3_SECOND_ACCESS_KEY_ID"] = store?.key
            environment["OBSERVER_S3_SECOND_SECRET_ACCESS_KEY"] = store?.secret
        }
        if let broker = TestEnvironment.variable("OBSERVER_TEST_AMQP_URL") { environment["OBSERVER_AMQP_URL"] = broker }
        let logger = Logger(label: "test", level: .error)
        let configuration = try WebConfiguration(environment: environment)
        running = RunningGroup(try WebService.stages(configuration, logger: logger, lookUp: lookUp), logger: logger)
        // The responder gives it this mode last; before that it would undo the one given here.
        try #require(
            poll {
                var facts = stat()
                return stat(socket, &facts) == 0 && facts.st_mode & 0o777 == 0o660
            }
        )
        // nginx's workers run under another user when the tests run as root.
        if getuid() == 0 { chmod(socket, 0o666) }
        try nginx.start()
    }

    /// Puts an object for a segment of a new camera into a store; the row is the caller's.
    func putSegment(in stub: S3Stub, _ profile: S3StubProfile) throws -> Segment {
        let segment = Segment.sample(of: CameraID(rawValue: try web.addCamera()))
        let bytes = Array("0123456789".utf8)
        let configuration = S3Configuration(
            endpoint: try S3Endpoint(stub.url + profile.basePath),
            region: "us-east-1",
            bucket: profile.bucket,
            credentials: .fixed(S3Credentials(accessKeyID: profile.accessKeyID, secretAccessKey: Secret("SK")))
        )
        let client = S3Client(configuration, http: HTTPClient.running(name: "s3", parallel: 1))
        let key = segment.header.objectKey
        try client.put(S3Upload(key: key, body: .bytes(bytes), sha256: SHA256.hex(bytes), contentType: "video/mp4"))
        return segment
    }

    /// A test that ended by an error leaves no nginx.
    deinit {
        nginx.end()
    }

    /// Stops nginx and the services, and expects that none of them failed.
    func end() {
        nginx.end()
        running.end()
    }

    func curl(_ path: String, _ arguments: String = "", as role: Role? = .admin) throws -> String {
        let token = role.flatMap { web.tokens[$0] }.map { "-H 'Authorization: Bearer \($0)'" } ?? ""
        return try nginx.request("\(token) \(arguments) '\(nginx.address)/api/v1\(path)'")
    }
}
