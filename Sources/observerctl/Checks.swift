import Encodings
import AMQP
import Glibc
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import System

/// The checks of `observerctl check`.
///
/// Each check stands alone: one that fails does not hide another.
struct Checks {
    let configuration: ToolConfiguration

    /// The names of the checks: with `s3` go `playback` and `clock`; `spool` and `key` where their settings are there.
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

    func finding(_ name: String, hint: String, _ body: () throws -> String) -> Finding {
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
