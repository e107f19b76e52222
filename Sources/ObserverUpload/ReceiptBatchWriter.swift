import Encodings
import Crypto
import Glibc
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// What the receiptWriter's thread does, and what it remembers from one time to the next.
struct ReceiptBatchWriter: ~Copyable {
    private let spool: Spool
    private let store: SegmentStore
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void
    /// Receipts that are still to be posted in this pass.
    private var posts: ArraySlice<SegmentID> = []
    /// Why rows could not be written, while that lasts; told once.
    private var rowProblem: String?
    /// Rows that were refused and receipts that could not be read, each told once.
    private var told: Set<SegmentID> = []

    init(
        spool: Spool,
        store: SegmentStore,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.store = store
        self.crashPoints = crashPoints
        self.logger = logger
        self.report = report
    }

    mutating func work(_ batch: [ReceiptWriter.Task]) {
        var receipts = keep(
            batch.compactMap { task in
                guard case .keep(let segment, let etag, let tries) = task else { return nil }
                return Receipt(segment: segment, etag: etag, storedAt: Self.now(), tries: tries)
            }
        )
        for task in batch {
            switch task {
            case .keep: break
            case .keepAgain(let receipt):
                receipts[receipt.segment.id] = Kept(receipt: receipt, isAwaited: true)
            case .fail(let segment, let failure, let tries): fail(segment, failure, tries)
            case .lookUp(let id): lookUp(id)
            case .discard(let id): remove(id)
            case .hash(let segment): report(.hashed(segment.id, hash(segment)))
            case .post(let ids): posts = ids[...]
            }
        }
        if !receipts.isEmpty { _ = post(Array(receipts.values)) }  // ignored: what has no row is posted later
    }

    // MARK: - Stored

    private struct Kept {
        let receipt: Receipt
        /// Whether the state machine waits for it.
        let isAwaited: Bool
        /// Why there is no receipt on the disk; then only the row proves the upload.
        var problem: String?
    }

    /// Whether there are receipts that nobody waits for.
    var hasPosts: Bool { !posts.isEmpty }

    /// Posts some of the receipts that nobody waits for.
    ///
    /// When the database does not take them, the rest is left to the next pass.
    mutating func postSome() {
        let some = posts.prefix(128)
        posts = posts.dropFirst(some.count)
        var kept: [Kept] = []
        for id in some {
            if let receipt = load(id) { kept.append(Kept(receipt: receipt, isAwaited: false)) }
        }
        if !kept.isEmpty, !post(kept) { posts = [] }
    }

    /// Writes receipts: together, or one by one when that fails, to know which of them are on the disk.
    private func keep(_ receipts: [Receipt]) -> [SegmentID: Kept] {
        guard !receipts.isEmpty else { return [:] }
        crashPoints.reach(.afterPut)
        var kept: [SegmentID: Kept] = [:]
        do {
            try spool.write(receipts)
            for receipt in receipts { kept[receipt.segment.id] = Kept(receipt: receipt, isAwaited: true) }
        } catch {
            error.endIfNotDurable(logger)
            for receipt in receipts { kept[receipt.segment.id] = keepAlone(receipt) }
        }
        crashPoints.reach(.afterReceipt)
        return kept
    }

    private func keepAlone(_ receipt: Receipt) -> Kept {
        do {
            try spool.write(receipt)
            return Kept(receipt: receipt, isAwaited: true)
        } catch {
            error.endIfNotDurable(logger)
            return Kept(receipt: receipt, isAwaited: true, problem: error.description)
        }
    }

    private mutating func load(_ id: SegmentID) -> Receipt? {
        do {
            return try spool.receipt(id)
        } catch {
            if told.insert(id).inserted {
                logger.error("Receipt cannot be read", [.segmentID: .string("\(id)"), .error: LogValue(error)])
            }
            // A disk that fails says nothing about what is on it.
            if error.kind == .corrupt { spool.putAside("stored/\(id).json", logger) }
            return nil
        }
    }

    /// Posts rows, and removes what the rows or the receipts prove to be stored; false when the database takes none.
    private mutating func post(_ all: [Kept]) -> Bool {
        let (posted, isAvailable) = write(
            all.map { kept in
                SegmentStore.Outcome(
                    kept.receipt.segment,
                    .stored,
                    etag: kept.receipt.etag,
                    storedAt: kept.receipt.storedAt
                )
            }
        )
        crashPoints.reach(.afterRow)
        for kept in all {
            let id = kept.receipt.segment.id
            let hasRow = posted.contains(id)
            guard hasRow || kept.problem == nil else {
                logger.error(
                    "Receipt cannot be written",
                    [.segmentID: .string(id.description), .error: .string(kept.problem ?? "")]
                )
                report(.kept(id, problem: kept.problem))
                continue
            }
            remove(id)
            crashPoints.reach(.afterDelete)
            if hasRow { forget(id) }
            if kept.isAwaited { report(.kept(id, problem: nil)) }
        }
        return isAvailable
    }

    private func remove(_ id: SegmentID) {
        do {
            try spool.removeReady(id)
        } catch {
            logger.error("File cannot be deleted", [.segmentID: .string(id.description), .error: LogValue(error)])
        }
    }

    private func forget(_ id: SegmentID) {
        do {
            try spool.removeReceipt(id)
        } catch {
            logger.error(
                "Receipt cannot be deleted",
                [.segmentID: .string(id.description), .error: LogValue(error)]
            )
        }
    }

    // MARK: - Rows

    /// Writes rows: all in one statement, or one by one when one of them is refused for what it holds.
    ///
    /// - Returns: Which rows are written, and whether the database takes rows at all.
    private mutating func write(_ outcomes: [SegmentStore.Outcome]) -> (posted: Set<SegmentID>, isAvailable: Bool) {
        do {
            try store.write(outcomes)
            if rowProblem != nil { logger.info("The database takes rows again") }
            rowProblem = nil
            let posted = Set(outcomes.map(\.segment.id))
            told.subtract(posted)
            return (posted, true)
        } catch {
            guard error.isOfValues else {
                tell(error)
                return ([], false)
            }
            guard outcomes.count > 1 else {
                if let id = outcomes.first?.segment.id, told.insert(id).inserted {
                    logger.error("Row refused", [.segmentID: .string("\(id)"), .error: .string("\(error)")])
                }
                return ([], true)
            }
            var posted: Set<SegmentID> = []
            for outcome in outcomes {
                let one = write([outcome])
                posted.formUnion(one.posted)
                guard one.isAvailable else { return (posted, false) }
            }
            return (posted, true)
        }
    }

    /// Says why no rows can be written: once, until they can or the cause is another.
    private mutating func tell(_ error: PostgresError) {
        let problem = error.isTemporary ? "away" : error.kind.rawValue
        guard rowProblem != problem else { return }
        rowProblem = problem
        if error.isTemporary {
            logger.warning("The database is away; uploads go on, rows follow", [.error: LogValue(error)])
        } else {
            logger.error("Rows cannot be written; uploads go on, rows follow", [.error: LogValue(error)])
        }
    }

    // MARK: - Not stored

    private mutating func fail(_ segment: Segment, _ failure: Failure, _ tries: Int) {
        let state: SegmentState = failure.kind == .missing ? .lost : .failed
        let text = "\(failure.kind.rawValue): \(failure.detail)"
        // What could not be written is in the log, and in the next cycle.
        _ = write([SegmentStore.Outcome(segment, state, tries: tries, error: text)])
        crashPoints.reach(.afterDeadLetter)
    }

    private func lookUp(_ id: SegmentID) {
        do {
            report(.lookedUp(id, .known(try store.states(of: [id])[id])))
        } catch {
            report(.lookedUp(id, .away))
        }
    }

    private func hash(_ segment: Segment) -> HashOutcome {
        let file = open(spool.media(segment.id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return .unreadable(String(cString: strerror(errno))) }
        defer { close(file) }
        var hasher = SHA256Hasher()
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(String(cString: strerror(errno))) }
            guard count > 0 else { break }
            chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return hasher.finalize().hex == segment.media.sha256 ? .intact : .different
    }

    private static func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
    }
}

extension PostgresError {
    /// Whether another row could have been written all the same.
    fileprivate var isOfValues: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .invalidValue: true
        case .configuration, .unavailable, .authentication, .unknownDatabase, .connectionLost, .deadline: false
        case .interrupted, .overloaded, .forbidden, .schema, .server, .decoding, .misuse: false
        }
    }
}
