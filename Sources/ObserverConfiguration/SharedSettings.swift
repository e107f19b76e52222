import Encodings
import AMQP
import Crypto
import Glibc
package import Logging
import ObserverCore
import Postgres
import S3

/// How a process writes its log.
package struct LogConfiguration: Hashable, Sendable {
    package var level: LogLevel
    package var format: LogFormat

    /// The logger of a process.
    package func logger(_ label: String) -> Logger {
        Logger(label: label, level: level, format: format)
    }
}

extension Settings {
    mutating func log() -> LogConfiguration {
        LogConfiguration(
            level: word("OBSERVER_LOG_LEVEL", default: .info),
            format: word("OBSERVER_LOG_FORMAT", default: .text)
        )
    }

    /// The database, as `application` in the server's list of sessions.
    mutating func database(_ application: String) -> PostgresConfiguration? {
        let name = "OBSERVER_DATABASE_URL"
        let text = secret(name, "it is a URL such as postgresql://user:password@host:5432/observer")
        guard !text.isEmpty else { return nil }
        do {
            return try PostgresConfiguration(url: text.expose(), applicationName: application)
        } catch {
            note(
                name,
                "cannot be read; it is postgresql://user:password@host:5432/database, and what is special in a URL is"
                    + " percent-encoded in its parts"
            )
            return nil
        }
    }

    mutating func broker() -> AMQPConfiguration? {
        let name = "OBSERVER_AMQP_URL"
        let text = secret(name, "it is a URL such as amqp://user:password@host:5672/observer")
        guard !text.isEmpty else { return nil }
        do {
            return try AMQPConfiguration(url: text.expose())
        } catch {
            note(name, "cannot be read: \(error.detail)")
            return nil
        }
    }

    /// Observer's own servers, as far as they are known here.
    mutating func ownServers(_ database: PostgresConfiguration?, _ broker: AMQPConfiguration?) -> [NetworkPolicy.Server]
    {
        var servers = (database?.servers ?? []).map { NetworkPolicy.Server(host: $0.host, port: $0.port) }
        if let broker { servers.append(.init(host: broker.host, port: broker.port)) }
        if let text = value("AWS_ENDPOINT_URL_S3"), let url = try? CameraURL.parse(text) {
            servers.append(.init(host: url.host, port: url.port))
        }
        return servers
    }

    mutating func s3() -> S3Configuration? {
        let before = problems.count
        let bucket = required("OBSERVER_S3_BUCKET", "it names the bucket for recordings")
        let isName = bucket.utf8.allSatisfy { byte in
            switch byte {
            case 45, 46, 48...57, 97...122: true
            default: false
            }
        }
        if !bucket.isEmpty, !isName || !(3...63).contains(bucket.utf8.count) {
            note(
                "OBSERVER_S3_BUCKET",
                "is \"\(bucket)\"; it must be 3 to 63 lower-case letters, digits, dots and hyphens"
            )
        }
        let keyID = required("AWS_ACCESS_KEY_ID", "it is the name of the access key for S3")
        let key = secret("AWS_SECRET_ACCESS_KEY", "it is the access key for S3")
        let token = value("AWS_SESSION_TOKEN").map { Secret($0) }
        let region = text("AWS_REGION", default: "us-east-1")
        let endpoint = value("AWS_ENDPOINT_URL_S3")
        do {
            let configuration = try S3Configuration(
                endpoint: endpoint,
                region: region,
                bucket: bucket,
                accessKeyID: keyID,
                secretAccessKey: key,
                sessionToken: token
            )
            return problems.count == before ? configuration : nil
        } catch {
            note("AWS_ENDPOINT_URL_S3", error.detail)
            return nil
        }
    }

    /// What object keys begin with.
    mutating func prefix() -> String {
        let text = text("OBSERVER_S3_PREFIX", default: "observer")
        if !ObjectKey.isSafe(text) || text.utf8.count > 128 {
            note(
                "OBSERVER_S3_PREFIX",
                "is \"\(text)\"; it may have letters, digits, dots, hyphens, underscores and single slashes inside"
            )
        }
        return text
    }

    /// The name of this recorder.
    mutating func node() -> String {
        let text = text("OBSERVER_RECORDER", default: Self.hostname())
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case 45, 46, 48...57, 97...122: true
            default: false
            }
        }
        if !isName || !(1...63).contains(text.utf8.count) {
            note("OBSERVER_RECORDER", "is \"\(text)\"; it must be 1 to 63 lower-case letters, digits, dots and hyphens")
        }
        return text
    }

    private static func hostname() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, 255) == 0 else { return "node" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }

    /// The key under which camera passwords are sealed.
    mutating func sealingKey() -> SealingKey? {
        let text = secret(
            "OBSERVER_KEY",
            "make one with `observerctl key`, and keep it: without it camera passwords are lost"
        )
        guard !text.isEmpty else { return nil }
        guard let bytes = [UInt8](base64: text.expose()), let key = try? SealingKey(bytes) else {
            note("OBSERVER_KEY", "is not 32 bytes in base64; make one with `observerctl key`")
            return nil
        }
        return key
    }

    /// Where cameras may be, without the own servers that are named by their address.
    mutating func networks(own servers: [NetworkPolicy.Server]) -> NetworkPolicy {
        let own = servers.compactMap { server in
            IPAddress(server.host).map { NetworkPolicy.Endpoint(address: $0, port: server.port) }
        }
        guard let text = value("OBSERVER_CAMERA_NETWORKS") else { return .standard.excluding(own) }
        do {
            return try NetworkPolicy(parsing: text).excluding(own)
        } catch {
            note("OBSERVER_CAMERA_NETWORKS", "has \(error)")
            return .standard
        }
    }
}
