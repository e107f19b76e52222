import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System

/// Copies segments that lie elsewhere to where they belong, one after the other, on a thread of its own.
///
/// Each step may be the last before a crash: the row tells what is left to do, an object that is there already is found, and
/// the file on the way lies where parts of files are cleared away.
final class CopyService: Service {
    let name = "copies"
    private let stores: DestinationStores
    private let plan: CopyPlan
    private let spool: Spool
    private let database: PostgresConfiguration
    private let meter: UploadMeter
    private let logger: Logger

    init(
        stores: DestinationStores,
        plan: CopyPlan,
        spool: Spool,
        database: PostgresConfiguration,
        meter: UploadMeter,
        logger: Logger
    ) {
        (self.stores, self.plan, self.spool) = (stores, plan, spool)
        (self.database, self.meter, self.logger) = (database, meter, logger)
    }

    /// Works until stopped; what is under way then is left to the next start.
    func run(until stop: StopSignal) {
        var plan = plan
        var log = CopyLog(logger)
        let rows = CopyRows(SegmentStore(PostgresConnection(database)), spool: spool.id)
        let copier = SegmentCopier(stores: stores, spool: spool, stop: stop)
        while !stop.isStopped {
            switch plan.next(isQuiet: meter.latest.isQuiet, now: .now()) {
            case .rest(let until):
                log.flush()
                _ = stop.wait(for: max(until - .now(), .zero))  // ignored: both ways it is time
            case .find(let last):
                plan.found(find(after: last, lacking: plan.wanted, rows, &log), now: .now())
            case .copy(let row, let from, let to):
                let outcome = copy(row, from: from, to: to, copier, rows, &log)
                if !stop.isStopped { plan.finished(outcome, to: to, now: .now()) }
            }
        }
        log.flush()
    }

    /// The rows behind one; nil if the database does not answer, which is logged.
    private func find(
        after last: SegmentID?,
        lacking wanted: DestinationSet,
        _ rows: CopyRows,
        _ log: inout CopyLog
    ) -> [CopyPlan.Row]? {
        do throws(PostgresError) {
            return try rows.find(after: last, lacking: wanted)
        } catch {
            log.troubled(error.description)
            return nil
        }
    }

    private func copy(
        _ row: CopyPlan.Row,
        from: Destination,
        to: Destination,
        _ copier: SegmentCopier,
        _ rows: CopyRows,
        _ log: inout CopyLog
    ) -> CopyPlan.Outcome {
        switch copier.copy(row.segment, from: from, to: to) {
        case .there(let object):
            do throws(PostgresError) {
                guard try rows.write(row, object, at: to) else {
                    copier.remove(row.segment, at: to, logger)
                    return .gone
                }
            } catch {
                log.troubled(error.description)
                return .trouble
            }
            log.copied(row.segment, to: to)
            return .copied
        case .different(let reason):
            log.different(row.segment, reason)
            return .different
        case .trouble(let reason):
            log.troubled(reason)
            return .trouble
        }
    }
}

/// The rows of segments that are copied.
struct CopyRows {
    private let store: SegmentStore
    private let spool: SpoolID

    init(_ store: SegmentStore, spool: SpoolID) {
        (self.store, self.spool) = (store, spool)
    }

    /// The rows behind one.
    func find(after last: SegmentID?, lacking wanted: DestinationSet) throws(PostgresError) -> [CopyPlan.Row] {
        try store.elsewhere(lacking: wanted, spool: spool, after: last).map {
            CopyPlan.Row($0.segment, in: $0.destinations)
        }
    }

    /// Writes into the row that another destination has the segment.
    ///
    /// - Returns: False if the segment is not stored any more.
    func write(
        _ row: CopyPlan.Row,
        _ object: StoredObject,
        at destination: Destination
    ) throws(PostgresError) -> Bool {
        // The version that the row names is that of the first that has it.
        let isFirst = row.destinations.members.allSatisfy { destination < $0 }
        let outcome = SegmentStore.Outcome(
            row.segment,
            .stored,
            etag: isFirst ? object.etag : nil,
            storedAt: object.confirmedAt,
            destinations: DestinationSet(destination)
        )
        return try store.write([outcome])[row.segment.id] == .stored
    }
}

/// The log lines of copying: one for many segments, and one for as long as a trouble lasts.
struct CopyLog {
    private let logger: Logger
    private var counts: [Destination: Int] = [:]
    private var trouble: String?
    private var different: Set<SegmentID> = []

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func copied(_ segment: Segment, to destination: Destination) {
        counts[destination, default: 0] += 1
        trouble = nil
    }

    mutating func troubled(_ reason: String) {
        guard trouble == nil else { return }
        trouble = reason
        logger.warning("Copying interrupted; will retry", [.error: .string(reason)])
    }

    mutating func different(_ segment: Segment, _ reason: String) {
        guard different.insert(segment.id).inserted else { return }
        logger.error("Segment not copied", [.segmentID: .string("\(segment.id)"), .error: .string(reason)])
    }

    /// Logs what was copied since the last call.
    mutating func flush() {
        for (destination, count) in counts.sorted(by: { $0.key < $1.key }) {
            logger.info("Segments copied", [.segmentCount: .int(count), .destination: .string(destination.word)])
        }
        counts = [:]
    }
}
