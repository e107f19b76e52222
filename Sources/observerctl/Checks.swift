import Encodings
import AMQP
import Crypto
import Glibc
import HTTPClient
import HTTPTypes
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import S3
import System

/// The checks of `observerctl check`.
///
/// Each check stands alone: one that fails does not hide another.
struct Checks {
    let configuration: ToolConfiguration

    /// The names of the checks: `s3` and `clock` go together, `spool` and `key` where their settings are there.
    static let names = ["database", "broker", "s3", "spool", "key"]

    /// Tries the parts of these names.
    func run(_ wanted: [String]) -> [Finding] {
        var findings: [Finding] = []
        if wanted.contains("database") { findings.append(database()) }
        if wanted.contains("broker") { findings.append(broker()) }
        if wanted.contains("s3") { findings += storage() }
        if wanted.contains("spool"), configuration.has(.spool) { findings.append(spool()) }
        if wanted.contains("key"), configuration.has(.key) { findings.append(key()) }
        return findings
    }

    private func finding(_ name: String, hint: String, _ body: () throws -> String) -> Finding {
        do {
            return Finding(name: name, isGood: true, detail: try body())
        } catch let error as ConfigurationError {
            return Finding(name: name, error)
        } catch {
            return Finding(name: name, isGood: false, detail: "\(error)", hint: Tool.hint(for: error) ?? hint)
        }
    }

    // MARK: Database and broker

    private func database() -> Finding {
        finding("database", hint: "check OBSERVER_DATABASE_URL") {
            let connection = try configuration.connect()
            let version =
                try connection.rows("select current_setting('server_version')", as: (String).self).first ?? "?"
            // Where the migrations are not at hand, as in a container of a recorder, the tables are not compared.
            guard let directory = try? Migrations.directory(nil) else { return "PostgreSQL \(version)" }
            let migrations = try Migration.load(from: directory)
            guard try Migrator(connection).isUpToDate(migrations) else {
                throw ToolError(.notReady, "migrations are missing", hint: "observerctl migrate")
            }
            try requirePartitions(PartitionStore(connection))
            return "PostgreSQL \(version), migration \(migrations.count)"
        }
    }

    /// Segments of a week without a partition are kept, but their table can't be dropped when they have expired.
    private func requirePartitions(_ store: PartitionStore) throws {
        let condition = try store.condition()
        if let week = condition.missing.first {
            throw ToolError(.notReady, "there is no partition \(week.partition)", hint: "observerctl migrate")
        }
        guard let strays = condition.strays else { return }
        throw ToolError(
            .notReady,

            "segments of \(strays.lowerBound.rfc3339) to \(strays.upperBound.rfc3339) are in no week's partition",
            hint: "check the recorders' clocks; observerctl migrate moves the segments whose week has begun"
        )
    }

    private func broker() -> Finding {
        finding("broker", hint: "check that RabbitMQ runs, and OBSERVER_AMQP_URL") {
            let url = try configuration.broker()
            try AMQPConnection(url, name: "observerctl check").close()
            return "\(url.host):\(url.port)"
        }
    }

    // MARK: S3

    private func storage() -> [Finding] {
        let storage: S3Configuration
        do {
            storage = try configuration.s3()
        } catch {
            return [Finding(name: "s3", error)]
        }
        return HTTPClient.running { [rights(storage, $0), clock(storage, $0)] }
    }

    private func rights(_ storage: S3Configuration, _ http: HTTPClient) -> Finding {
        let client = S3Client(storage, http: http)
        return finding("s3", hint: "check AWS_ENDPOINT_URL_S3, the access key and its rights, and OBSERVER_S3_BUCKET") {
            let bytes = Array("Observer tries whether it may write here.\n".utf8)
            try requireBucket(client)
            let key = "\(try configuration.prefix())/.check/\(UniqueID.makeRandom())"
            try client.put(
                S3Upload(key: key, body: .bytes(bytes), sha256: SHA256.hex(bytes), contentType: "text/plain")
            )
            guard try client.get(key) == bytes else { throw ToolError(.failedCheck, "an object came back changed") }
            try client.delete(key)
            return "bucket \(storage.bucket): may write, read and delete"
        }
    }

    /// Some stores make a bucket when something is put into it, so whether it is there is asked first.
    private func requireBucket(_ client: S3Client) throws {
        do {
            try client.checkBucket()
        } catch {
            guard error.kind == .notFound else { throw error }
            let name = client.configuration.bucket
            throw ToolError(.notFound, "there is no bucket \(name)", hint: "observerctl bucket")
        }
    }

    /// S3 refuses signatures that are 15 minutes off; well before that, times of recordings are wrong.
    private func clock(_ storage: S3Configuration, _ http: HTTPClient) -> Finding {
        finding("clock", hint: "set the clock, and keep it right with chrony or systemd-timesyncd") {
            let response = try http.send(
                HTTPClientRequest(method: .head, url: "\(storage.scheme)://\(storage.authority)/")
            )
            guard let date = response.header("date"), let theirs = HTTPDate.seconds(date) else {
                return "S3 does not say the time, so it is not compared"
            }
            let difference = WallTime.now().seconds - theirs
            guard abs(difference) <= 5 else {
                throw ToolError(.failedCheck, "\(abs(difference)) s \(difference > 0 ? "ahead of" : "behind") S3's")
            }
            return "within \(abs(difference)) s of S3's"
        }
    }

    // MARK: This machine

    /// Less than this is too little for an outage of S3 of any length.
    private static let leastFree: Int64 = 2 << 30

    private func spool() -> Finding {
        finding("spool", hint: "make the folder, give it to the user of the recorders, or move OBSERVER_SPOOL") {
            let folder = try configuration.spool()
            let probe = "\(folder)/.check-\(getpid())"
            let free: Int64
            do throws(SystemError) {
                defer { unlink(probe) }
                let file = try File(opening: probe, flags: O_CREAT | O_EXCL | O_WRONLY, permissions: 0o600)
                try [UInt8](arrayLiteral: 0x78).withUnsafeBufferPointer { (byte) throws(SystemError) in
                    try file.write(UnsafeRawBufferPointer(byte))
                }
                try file.synchronize()
                free = try DiskSpace(at: folder).freeBytes
            } catch {
                throw ToolError(.failedCheck, "cannot write to \(folder): \(error.detail)")
            }
            let gigabytes = Double(free / (1 << 20) * 10 / 1024) / 10
            guard free >= Self.leastFree else {
                throw ToolError(
                    .failedCheck,
                    "only \(gigabytes) GiB free at \(folder)",
                    hint: "free or add disk space: an outage of S3 is bridged by it"
                )
            }
            return "\(folder), \(gigabytes) GiB free"
        }
    }

    private func key() -> Finding {
        finding("key", hint: "make one: observerctl key") {
            guard let text = try configuration.given(.key), [UInt8](base64: text)?.count == 32 else {
                throw ToolError(.invalidInput, "OBSERVER_KEY is not 32 bytes in base64")
            }
            return "32 bytes"
        }
    }
}
