import Crypto
import Encodings
import Errors
package import Logging
import ObserverCore
import ObserverStore
package import Postgres
import S3
import System

/// Carries out the actions of a ``CatalogueSchedule`` against the database and the bucket.
package final class CatalogueShell {
    private let holder: String
    private let connection: PostgresConnection
    private let bucket: CatalogueBucket
    private let gate: CatalogueGate
    private let logger: Logger
    private var walk: CatalogueWalk?
    private static let mostChanges = 100

    package init(
        holder: String,
        connection: PostgresConnection,
        bucket: CatalogueBucket,
        gate: CatalogueGate,
        logger: Logger
    ) {
        self.holder = holder
        self.connection = connection
        self.bucket = bucket
        self.gate = gate
        self.logger = logger
    }

    /// Carries out an action that is not a rest, and returns what came of it.
    package func perform(_ action: CatalogueSchedule.Action) -> CatalogueSchedule.Event {
        do {
            return try attempt(action)
        } catch let error as S3Error {
            guard error.kind == .refused else { return .failed(problem: "the store: \(error.detail)") }
            // Who may not look never could: retention has worked without it.
            if action == .compare { gate.open(number: nil) }
            return .refused(
                problem: "the access key may not read or write below \(bucket.path.root): \(error.advice)"
            )
        } catch let error as PostgresError {
            return .failed(problem: "the database: \(error.detail)")
        } catch {
            return .failed(problem: "\(error)")
        }
    }

    private func attempt(_ action: CatalogueSchedule.Action) throws -> CatalogueSchedule.Event {
        switch action {
        case .compare: try compare()
        case .lease: .leased(try status.lease(holder, seconds: CatalogueSchedule.leaseSeconds))
        case .heal: try heal()
        case .advance: try advance()
        case .find:
            .found(try CatalogueStore(connection).due(ManifestDue(at: try status.read().now), limit: Self.mostChanges))
        case .write(let change): try write(change)
        case .writeCameras: try writeCameras()
        case .watch: try watch()
        case .rest: .advanced
        }
    }

    private var status: CatalogueStatusStore { CatalogueStatusStore(connection) }

    /// Writes down the trouble, or its end.
    package func note(_ problem: String?) throws(PostgresError) {
        try status.note(problem)
    }

    /// Gives the lease back.
    package func release() {
        do {
            try status.release(holder)
        } catch {
            logger.info("Lease not given back", [.error: LogValue(error)])
        }
    }

    // MARK: The head

    private func compare() throws -> CatalogueSchedule.Event {
        // The bucket first: the number of the database is raised before that of the bucket.
        let theirs = try bucket.head()
        let ours = try status.read().head
        let standing = ours.standing(to: theirs)
        switch standing {
        case .current: gate.open(number: theirs?.number)
        case .behind: gate.close(CatalogueSchedule.behind)
        case .foreign: gate.close(CatalogueSchedule.foreign)
        }
        return .compared(standing)
    }

    private func advance() throws -> CatalogueSchedule.Event {
        let head = try status.advance()
        try bucket.write(head)
        gate.open(number: head.number)
        return .advanced
    }

    private func heal() throws -> CatalogueSchedule.Event {
        logger.warning("Database behind its bucket", [.reason: .string(CatalogueSchedule.behind)])
        let report = try CatalogueHealer(bucket, connection).heal {
            try status.lease(holder, seconds: CatalogueSchedule.leaseSeconds)
        }
        guard let report else { return .leased(false) }
        let segments = report[CatalogueRestorer.Word.added] + report[CatalogueRestorer.Word.changed]
        logger.warning(
            "Catalogue restored from the bucket",
            [
                .segmentCount: .int(Int(segments)), .gapCount: .int(Int(report[CatalogueRestorer.Word.gaps])),
                .cameraCount: .int(Int(report[CatalogueRestorer.Word.cameras])),
            ]
        )
        return .healed
    }

    // MARK: Manifests

    private func write(_ change: CatalogueStore.Change) throws -> CatalogueSchedule.Event {
        let store = CatalogueStore(connection)
        let manifest = Manifest(
            of: change.hour,
            segments: try store.segments(of: change.hour),
            gaps: try store.gaps(of: change.hour)
        )
        let key = bucket.path.manifest(change.hour)
        if manifest.isEmpty { try bucket.delete(key) } else { try bucket.write(manifest.encode(), to: key) }
        try store.written(change)
        return .written
    }

    private func writeCameras() throws -> CatalogueSchedule.Event {
        let store = CatalogueStore(connection)
        let known = try store.writtenCameras()
        for record in try store.cameras() {
            let bytes = CameraManifest.encode(record)
            let (id, hash) = (CameraID(rawValue: record.camera.id), SHA256.hex(bytes))
            guard known[id] != hash else { continue }
            try bucket.write(bytes, to: bucket.path.camera(id))
            try store.written(id, sha256: hash)
        }
        return .wroteCameras
    }

    // MARK: Watching

    /// Compares the next day; one of several stores that is away does not keep manifests from being written to the first.
    private func watch() throws -> CatalogueSchedule.Event {
        guard bucket.destinations.count > 1 else { return try watchDay() }
        do {
            return try watchDay()
        } catch let error as S3Error {
            logger.info("Stores not compared; will retry", [.error: LogValue(error)])
            walk = nil
            return .watched(isEnd: false)
        }
    }

    /// Compares a day, and keeps what was found; a pass begins where the last one ended.
    private func watchDay() throws -> CatalogueSchedule.Event {
        let runs = CatalogueRunStore(connection)
        if try runs.open(.watch) == nil, let last = try runs.latest(.watch),
            last.startedAt.advanced(bySeconds: CatalogueSchedule.pass.components.seconds) > (try status.read().now)
        {
            return .watched(isEnd: false)
        }
        var run = try runs.open(.watch) ?? runs.begin(.watch, by: "observer-retention")
        var walk = self.walk ?? CatalogueWalk(bucket, connection)
        let day = try walk.next(after: run.place.flatMap { CatalogueDay(path: $0) })
        self.walk = day == nil ? nil : walk
        guard let day else {
            try runs.save(run, isEnd: true)
            return .watched(isEnd: true)
        }
        for finding in try CatalogueComparison(bucket, connection).compare(day) {
            let word = finding.verdict.rawValue
            run.report.add(word, example: finding.verdict.isFinding ? finding.key : nil)
        }
        run.place = day.path
        try runs.save(run)
        return .watched(isEnd: false)
    }
}
