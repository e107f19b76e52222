import AMQP
import Crypto
import Encodings
import Glibc
import Logging
import ObserverCore
import Postgres
import S3

/// Settings that several programs read, each as its own type.
extension SettingsReader {
    mutating func log() -> LogConfiguration {
        LogConfiguration(
            level: word(.logLevel, as: LogLevel.self) ?? .info,
            format: word(.logFormat, as: LogFormat.self) ?? .text
        )
    }

    /// The database; `program` appears in the server's list of sessions.
    mutating func database(for program: Program) -> PostgresConfiguration? {
        guard let text = value(.databaseURL) else { return nil }
        do {
            return try PostgresConfiguration(url: text, applicationName: program.rawValue)
        } catch {
            reject(text, for: .databaseURL)
            return nil
        }
    }

    mutating func broker() -> AMQPConfiguration? {
        guard let text = value(.brokerURL) else { return nil }
        do {
            return try AMQPConfiguration(url: text)
        } catch {
            reject(text, for: .brokerURL, because: error.detail)
            return nil
        }
    }

    /// The key that encrypts camera passwords.
    mutating func sealingKey() -> SealingKey? {
        guard let text = value(.key) else { return nil }
        guard let bytes = [UInt8](base64: text), let key = try? SealingKey(bytes) else {
            reject(text, for: .key)
            return nil
        }
        return key
    }

    /// The address people use.
    mutating func publicURL() -> PublicURL? {
        guard let text = value(.publicURL) else { return nil }
        guard let url = PublicURL(text) else {
            let reason = "it has a path, and Observer needs a host, or a port, of its own"
            reject(text, for: .publicURL, because: PublicURL.hasPath(text) ? reason : nil)
            return nil
        }
        return url
    }

    // MARK: Recorder and cameras

    /// The name of this recorder.
    mutating func recorder() -> String {
        let text = value(.recorder) ?? Self.hostname()
        if !Self.isName(text, lengths: 1...63) { reject(text, for: .recorder) }
        return text
    }

    static func isName(_ text: String, lengths: ClosedRange<Int>) -> Bool {
        lengths.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 45, 46, 48...57, 97...122: true
                default: false
                }
            }
    }

    private static func hostname() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, 255) == 0 else { return "recorder" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }

    /// Observer's own servers, where no camera may be.
    static func ownServers(
        database: PostgresConfiguration?,
        broker: AMQPConfiguration?,
        stores: [S3Endpoint]
    ) -> [NetworkPolicy.Server] {
        var servers = (database?.servers ?? []).map { NetworkPolicy.Server(host: $0.host, port: $0.port) }
        if let broker { servers.append(.init(host: broker.host, port: broker.port)) }
        servers += stores.map { .init(host: $0.host, port: $0.port) }
        return servers
    }

    /// The addresses that cameras may have, without those of own servers that are named by their address.
    mutating func networks(without servers: [NetworkPolicy.Server]) -> NetworkPolicy {
        let own = servers.compactMap { server in
            IPAddress(server.host).map { NetworkPolicy.Endpoint(address: $0, port: server.port) }
        }
        let text = text(.cameraNetworks)
        do {
            return try NetworkPolicy(parsing: text).excluding(own)
        } catch {
            reject(text, for: .cameraNetworks, because: "\"\(error.entry)\" cannot be read")
            return .standard
        }
    }
}
