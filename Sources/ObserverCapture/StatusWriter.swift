import System
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres

/// Writes what recorders report into the database, on a thread and a connection of its own.
///
/// Recorders never wait for it. While the database is away the newest status of each camera, all gaps and the newest
/// snapshot are kept and written later; rows of segments are kept up to a limit, because the uploader writes them too.
final class StatusWriter: Service {
    enum GapEntry: Sendable {
        case open(Gap)
        case close(CameraID, Timestamp)
    }

    private struct Inbox: Sendable {
        var statuses: [CameraID: CameraStatus] = [:]
        var gaps: [GapEntry] = []
        var segments: [Segment] = []
        var snapshots: [CameraID: (takenAt: Timestamp, jpeg: [UInt8])] = [:]

        var isEmpty: Bool { statuses.isEmpty && gaps.isEmpty && segments.isEmpty && snapshots.isEmpty }

        /// Puts back what could not be written, behind what is newer.
        mutating func restore(_ older: Inbox) {
            statuses.merge(older.statuses) { newer, _ in newer }
            snapshots.merge(older.snapshots) { newer, _ in newer }
            gaps = older.gaps + gaps
            segments = Array((older.segments + segments).suffix(StatusWriter.segmentLimit))
        }
    }

    private static let segmentLimit = 20_000
    private static let batch = 100

    let name = "status-writer"
    private let inbox = Monitor(Inbox())
    private let configuration: PostgresConfiguration
    private let recorder: String
    private let logger: Logger

    init(_ configuration: PostgresConfiguration, recorder: String, logger: Logger) {
        self.configuration = configuration
        self.recorder = recorder
        self.logger = logger
    }

    func report(_ status: CameraStatus) {
        inbox.withLock { $0.statuses[status.cameraID] = status }
    }

    func openGap(_ gap: Gap) {
        inbox.withLock { $0.gaps.append(.open(gap)) }
    }

    func closeGap(of camera: CameraID, at end: Timestamp) {
        inbox.withLock { $0.gaps.append(.close(camera, end)) }
    }

    func add(_ segment: Segment) {
        inbox.withLock { inbox in
            inbox.segments.append(segment)
            if inbox.segments.count > Self.segmentLimit { inbox.segments.removeFirst(Self.batch) }
        }
    }

    func put(snapshot jpeg: [UInt8], takenAt: Timestamp, of camera: CameraID) {
        inbox.withLock { $0.snapshots[camera] = (takenAt, jpeg) }
    }

    /// Writes until stopped, then what is left, for at most 5 s.
    func run(until stop: StopSignal) {
        let connection = PostgresConnection(configuration)
        stop.onStop { [inbox] in inbox.withLock { _ in } }
        var isAway = false
        var deadline: MonotonicInstant?
        while true {
            _ = inbox.wait(until: .now() + .milliseconds(500)) { !$0.isEmpty || stop.isStopped }
            if stop.isStopped {
                let end = deadline ?? .now() + .seconds(5)
                deadline = end
                if inbox.withLock({ $0.isEmpty }) || MonotonicInstant.now() >= end { break }
            }
            var work = inbox.withLock { inbox in
                defer { inbox = Inbox() }
                return inbox
            }
            guard !work.isEmpty else { continue }
            do {
                try write(&work, connection)
                if isAway { logger.info("Database is back") }
                isAway = false
            } catch {
                if !isAway { logger.warning("Database is away; reports are kept", [.error: LogValue(error)]) }
                isAway = true
                inbox.withLock { $0.restore(work) }
                stop.wait(for: .milliseconds(500))
                if stop.isStopped { _ = StopSignal().wait(for: .milliseconds(100)) }
                continue
            }
            // Batches instead of single rows.
            stop.wait(for: .milliseconds(50))
        }
        connection.close()
    }

    /// Writes piece by piece and removes what was written; an error that is not temporary costs only its own piece.
    private func write(_ work: inout Inbox, _ connection: PostgresConnection) throws(PostgresError) {
        let store = StatusStore(connection)
        if !work.statuses.isEmpty {
            let statuses = Array(work.statuses.values)
            try guarding("status") { () throws(PostgresError) in try store.write(statuses) }
            work.statuses = [:]
        }
        while let entry = work.gaps.first {
            try guarding("gap") { () throws(PostgresError) in
                switch entry {
                case .open(let gap): try store.openGap(gap, recorder: recorder)
                case .close(let camera, let end): try store.closeGap(of: camera, at: end)
                }
            }
            work.gaps.removeFirst()
        }
        while !work.segments.isEmpty {
            let batch = Array(work.segments.prefix(Self.batch))
            try writeSegments(batch, SegmentStore(connection))
            work.segments.removeFirst(batch.count)
        }
        while let (camera, snapshot) = work.snapshots.first {
            try guarding("snapshot") { () throws(PostgresError) in
                try store.putSnapshot(snapshot.jpeg, takenAt: snapshot.takenAt, of: camera)
            }
            work.snapshots[camera] = nil
        }
    }

    /// Writes rows; one that cannot be written costs no other.
    ///
    /// The uploader may be writing the same segment at this moment, which the database reports as a duplicate of its
    /// key; a moment later the statement finds the row and leaves it as it is.
    private func writeSegments(_ batch: [Segment], _ store: SegmentStore) throws(PostgresError) {
        do throws(PostgresError) {
            try store.upsertSpooled(batch)
        } catch  where !error.isTemporary {
            for segment in batch {
                try guarding("segment") { () throws(PostgresError) in try store.upsertSpooled([segment]) }
            }
        }
    }

    private func guarding(_ what: String, _ body: () throws(PostgresError) -> Void) throws(PostgresError) {
        do throws(PostgresError) {
            try body()
        } catch  where !error.isTemporary {
            logger.error("Report could not be written", [.reportKind: .string(what), .error: LogValue(error)])
        }
    }
}
