import System
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres

/// Writes the reports of recorders into the database, on a thread and a connection of its own.
///
/// Recorders never wait for it. While the database is unavailable, the newest status and snapshot of each camera and all gaps
/// are kept in memory and written later; rows of segments are kept up to a limit, because the uploader writes them too. It
/// usually does so within seconds, so a row is held back for a moment: it is then written once, as stored.
final class StatusWriter: Service {
    enum GapEntry: Sendable {
        case open(Gap)
        case close(StreamID, epoch: Int64, at: Timestamp)
    }

    private struct Inbox: Sendable {
        var statuses: [StreamID: CameraStatus] = [:]
        var gaps: [GapEntry] = []
        /// In the order in which they are due.
        var segments: [(segment: Segment, due: MonotonicInstant)] = []
        var snapshots: [CameraID: (takenAt: Timestamp, jpeg: [UInt8])] = [:]

        var isEmpty: Bool { statuses.isEmpty && gaps.isEmpty && segments.isEmpty && snapshots.isEmpty }

        func hasWork(at now: MonotonicInstant) -> Bool {
            !statuses.isEmpty || !gaps.isEmpty || !snapshots.isEmpty || segments.first.map { $0.due <= now } ?? false
        }

        /// Takes out the work that is due, or all of it.
        mutating func takeWork(at now: MonotonicInstant, all: Bool) -> Inbox {
            let early = all ? [] : segments.drop { $0.due <= now }
            var work = self
            work.segments.removeLast(early.count)
            self = Inbox()
            segments = Array(early)
            return work
        }

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
    /// The time in which the uploader usually stores a segment and writes its row.
    private static let uploadTime: Duration = .seconds(5)

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
        inbox.withLock { $0.statuses[status.stream] = status }
    }

    func openGap(_ gap: Gap) {
        inbox.withLock { $0.gaps.append(.open(gap)) }
    }

    func closeGap(of stream: StreamID, epoch: Int64, at end: Timestamp) {
        inbox.withLock { $0.gaps.append(.close(stream, epoch: epoch, at: end)) }
    }

    func add(_ segment: Segment) {
        inbox.withLock { inbox in
            inbox.segments.append((segment, due: .now() + Self.uploadTime))
            if inbox.segments.count > Self.segmentLimit { inbox.segments.removeFirst(Self.batch) }
        }
    }

    func put(snapshot jpeg: [UInt8], takenAt: Timestamp, of camera: CameraID) {
        inbox.withLock { $0.snapshots[camera] = (takenAt, jpeg) }
    }

    /// Writes until stopped; then writes the rest, for at most 5 s.
    func run(until stop: StopSignal) {
        let connection = PostgresConnection(configuration)
        stop.onStop { [inbox] in inbox.withLock { _ in } }
        var isAway = false
        var deadline: MonotonicInstant?
        while true {
            _ = inbox.wait(until: .now() + .milliseconds(500)) { $0.hasWork(at: .now()) || stop.isStopped }
            if stop.isStopped {
                let end = deadline ?? .now() + .seconds(5)
                deadline = end
                if inbox.withLock({ $0.isEmpty }) || MonotonicInstant.now() >= end { break }
            }
            var work = inbox.withLock { $0.takeWork(at: .now(), all: stop.isStopped) }
            guard !work.isEmpty else { continue }
            do {
                try write(&work, connection)
                if isAway { logger.info("Database available") }
                isAway = false
            } catch {
                if !isAway { logger.warning("Database unavailable; reports kept", [.error: LogValue(error)]) }
                isAway = true
                inbox.withLock { $0.restore(work) }
                stop.wait(for: .milliseconds(500))
                if stop.isStopped { _ = StopSignal().wait(for: .milliseconds(100)) }
                continue
            }
            // Gathers a batch instead of writing single rows.
            stop.wait(for: .milliseconds(50))
        }
        connection.close()
    }

    /// Writes item by item and removes each when it is written; an error that is not temporary costs only its own item.
    private func write(_ work: inout Inbox, _ connection: PostgresConnection) throws(PostgresError) {
        let store = StatusStore(connection)
        let gaps = GapStore(connection)
        if !work.statuses.isEmpty {
            try write(Array(work.statuses.values), store)
            work.statuses = [:]
        }
        while let entry = work.gaps.first {
            try guarding("gap") { () throws(PostgresError) in
                switch entry {
                case .open(let gap): try gaps.open(gap, recorder: recorder)
                case .close(let stream, let epoch, let end): try gaps.close(stream, epoch: epoch, at: end)
                }
            }
            work.gaps.removeFirst()
        }
        while !work.segments.isEmpty {
            let batch = work.segments.prefix(Self.batch).map(\.segment)
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

    /// Writes statuses; one that is refused costs no other.
    private func write(_ statuses: [CameraStatus], _ store: StatusStore) throws(PostgresError) {
        do throws(PostgresError) {
            try store.write(statuses)
        } catch  where !error.isTemporary {
            for status in statuses {
                try guarding("status") { () throws(PostgresError) in try store.write([status]) }
            }
        }
    }

    /// Writes rows; one that is refused costs no other.
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
            logger.error("Report not written", [.reportKind: .string(what), .error: LogValue(error)])
        }
    }
}
