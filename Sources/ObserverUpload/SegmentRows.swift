import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// The rows of segments, with the outcomes that decisions need.
struct SegmentRows {
    private let store: SegmentStore
    private let logger: Logger
    /// Segments whose refused row or spoilt receipt has been logged.
    private var logged: Set<SegmentID> = []
    private var sessions = 0

    init(_ store: SegmentStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Returns true if the database was connected to anew since the last call.
    mutating func isReconnected() -> Bool {
        defer { sessions = store.sessionCount }
        return sessions > 0 && store.sessionCount > sessions
    }

    /// Writes rows `stored`.
    mutating func write(_ receipts: [Receipt]) -> RowsOutcome {
        do {
            return .written(try states(receipts.map(SegmentStore.Outcome.init)))
        } catch {
            return .unavailable(error.description)
        }
    }

    /// Writes a row `failed` or `lost`; one that cannot be written comes again with the next cycle.
    mutating func fail(_ segment: Segment, _ failure: Failure, tries: Int) {
        let state: SegmentState = failure.kind == .missing ? .lost : .failed
        write(segment, state, error: "\(failure.kind.rawValue): \(failure.detail)", tries: tries)
    }

    private mutating func write(_ segment: Segment, _ state: SegmentState, error text: String, tries: Int) {
        do {
            // Ignored: the row may have gone further.
            _ = try states([SegmentStore.Outcome(segment, state, tries: tries, error: text)])
        } catch {
            let id = LogValue.string("\(segment.id)")
            logger.warning("Row of failed upload not written", [.segmentID: id, .error: LogValue(error)])
        }
    }

    /// Writes into the row of a failed segment that its file is gone; it is looked for once more before it is lost.
    mutating func noteMissing(_ segment: Segment) {
        write(segment, .failed, error: "missing: its file is not in the spool any more", tries: 0)
    }

    /// Looks up rows.
    func find(_ ids: [SegmentID]) -> [SegmentID: RowOutcome] {
        do {
            let records = try store.records(of: ids)
            return Dictionary(
                ids.map { id in
                    (id, .known(records[id].map { RowOutcome.Row($0.segment, $0.state) }))
                }
            ) { first, _ in first }
        } catch {
            return [:]
        }
    }

    /// Writes the rows that are missing for a page of receipts.
    mutating func replay(_ page: Spool.ReceiptPage?) -> ReplayOutcome {
        do {
            guard let page else {
                try store.ping()
                return .unreadable
            }
            let states = try store.states(of: page.lines.map(\.id))
            if page.lines.isEmpty { try store.ping() }
            var missing: [Receipt] = []
            for line in page.lines where !(states[line.id]?.provesUpload ?? false) {
                if let receipt = line.receipt {
                    missing.append(receipt)
                } else if logged.insert(line.id).inserted {
                    logger.error("Receipt damaged; row not written", [.segmentID: .string("\(line.id)")])
                }
            }
            if !missing.isEmpty {
                let written = try self.states(missing.map(SegmentStore.Outcome.init))
                let count = missing.count { written[$0.segment.id]?.provesUpload ?? false }
                logger.info("Rows written from receipts", [.segmentCount: .int(count)])
            }
            return .done(to: page.end, isLast: page.isLast)
        } catch {
            return .unavailable(error.description)
        }
    }

    /// Writes rows: all in one statement, or one by one if one of them is refused for its values.
    private mutating func states(
        _ outcomes: [SegmentStore.Outcome]
    ) throws(PostgresError) -> [SegmentID: SegmentState] {
        do {
            let states = try store.write(outcomes)
            logged.subtract(states.keys)
            return states
        } catch {
            guard error.isOfValues else { throw error }
            guard outcomes.count > 1 else {
                if let id = outcomes.first?.segment.id, logged.insert(id).inserted {
                    logger.error("Row refused", [.segmentID: .string("\(id)"), .error: .string("\(error)")])
                }
                return [:]
            }
            var states: [SegmentID: SegmentState] = [:]
            for outcome in outcomes { states.merge(try self.states([outcome])) { first, _ in first } }
            return states
        }
    }
}

extension SegmentStore.Outcome {
    fileprivate init(_ receipt: Receipt) {
        self.init(
            receipt.segment,
            .stored,
            etag: receipt.etag,
            storedAt: receipt.storedAt,
            destinations: receipt.destinations
        )
    }
}

extension PostgresError {
    /// True if another row could have been written all the same.
    fileprivate var isOfValues: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .invalidValue: true
        case .configuration, .unavailable, .authentication, .unknownDatabase, .encryption, .pooler: false
        case .connectionLost, .deadline: false
        case .interrupted, .overloaded, .forbidden, .schema, .server, .decoding, .misuse: false
        }
    }
}
