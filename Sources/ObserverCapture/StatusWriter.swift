import System
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// Writes the reports of recorders into the database, on a thread and a connection of its own.
///
/// Recorders never wait for it. Gaps are in the journal of the spool before they are sent. While the database is
/// unavailable, the newest status and snapshot of each camera are kept in memory and written later; rows of segments are
/// kept up to a limit, because the uploader writes them too. It usually does so within seconds, so a row is held back for
/// a moment: it is then written once, as stored.
final class StatusWriter: Service {
    private struct Inbox: Sendable {
        var statuses: [StreamID: CameraStatus] = [:]
        /// In the order in which they are due.
        var segments: [(segment: Segment, due: MonotonicInstant)] = []
        var snapshots: [CameraID: (takenAt: Timestamp, jpeg: [UInt8])] = [:]
        /// Cameras whose snapshots were found to be the newest.
        var looks: Set<CameraID> = []

        var isEmpty: Bool { statuses.isEmpty && segments.isEmpty && snapshots.isEmpty && looks.isEmpty }

        func hasWork(at now: MonotonicInstant) -> Bool {
            !statuses.isEmpty || !snapshots.isEmpty || !looks.isEmpty || segments.first.map { $0.due <= now } ?? false
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
            looks.formUnion(older.looks)
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
    private let journal: GapJournal
    private let journalWriter: JournalWriter
    private let clock: SharedClock
    private let recorder: String
    private let logger: Logger

    init(
        _ configuration: PostgresConfiguration,
        journal: GapJournal,
        clock: SharedClock,
        recorder: String,
        logger: Logger
    ) {
        self.configuration = configuration
        self.journal = journal
        self.clock = clock
        journalWriter = JournalWriter(journal, logger: logger)
        self.recorder = recorder
        self.logger = logger
    }

    /// Both threads: the one that makes gaps durable, and the one that sends.
    var services: [any Service] { [self, journalWriter] }

    /// Takes what the coverage of a stream has decided under a time of day.
    func take(_ actions: [Coverage.Action], under time: TimeOfDay) {
        var changes: [GapChange] = []
        for action in actions {
            switch action {
            case .gap(let change): changes.append(change)
            case .report(let status, _): inbox.withLock { $0.statuses[status.stream] = status }
            }
        }
        if !changes.isEmpty { journalWriter.take(changes, clock: clock.journalClock(time)) }
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

    /// Takes note that the snapshot of a camera shows its newest key frame.
    func noteLook(at camera: CameraID) {
        inbox.withLock { _ = $0.looks.insert(camera) }
    }

    /// Writes until stopped; then writes the rest, for at most 5 s.
    func run(until stop: StopSignal) {
        let connection = PostgresConnection(configuration)
        stop.onStop { [inbox] in inbox.withLock { _ in } }
        var isAway = false
        var deadline: MonotonicInstant?
        while true {
            _ = inbox.wait(until: .now() + .milliseconds(200)) { $0.hasWork(at: .now()) || stop.isStopped }
            if stop.isStopped {
                let end = deadline ?? .now() + .seconds(5)
                deadline = end
                if inbox.withLock({ $0.isEmpty }) && journal.isEmpty || MonotonicInstant.now() >= end { break }
            }
            var work = inbox.withLock { $0.takeWork(at: .now(), all: stop.isStopped) }
            guard !work.isEmpty || !journal.pending(limit: 1).isEmpty else { continue }
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

    /// Writes item by item and removes each when it is written; an error that concerns one costs no other.
    private func write(_ work: inout Inbox, _ connection: PostgresConnection) throws(PostgresError) {
        let store = StatusStore(connection)
        if !work.statuses.isEmpty {
            try write(Array(work.statuses.values), store)
            work.statuses = [:]
        }
        try writeGaps(GapStore(connection))
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
        if !work.looks.isEmpty { try store.noteLooks(at: Array(work.looks)) }
        work.looks = []
    }

    /// Sends what is in the journal, in order; what may have arrived before does no harm.
    private func writeGaps(_ store: GapStore) throws(PostgresError) {
        journal.settle(clock.spoolTime)
        var last = 0
        defer { journal.acknowledge(through: last) }
        for entry in journal.pending() {
            try guarding("gap") { () throws(PostgresError) in try store.apply(entry.change, recorder: recorder) }
            last = entry.number
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

    /// Runs `body`; an error that concerns this item alone costs only that item.
    ///
    /// Any other, such as a database that is gone or a right that is missing, says nothing about it: the item waits.
    private func guarding(_ what: String, _ body: () throws(PostgresError) -> Void) throws(PostgresError) {
        do throws(PostgresError) {
            try body()
        } catch {
            switch error.kind {
            case .uniqueViolation, .foreignKeyViolation, .invalidValue, .decoding, .misuse:
                logger.error("Report not written", [.reportKind: .string(what), .error: LogValue(error)])
            case .configuration, .unavailable, .authentication, .unknownDatabase, .encryption, .pooler,
                .connectionLost, .deadline,
                .interrupted, .overloaded, .forbidden, .schema, .server:
                throw error
            }
        }
    }
}
