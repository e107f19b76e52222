import Crypto
import Glibc
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// The one thread that writes receipts and rows, and deletes what both prove to be stored.
///
/// It takes what has piled up in one go: a receipt each, one statement for all rows. A database that is away holds
/// nothing up: the receipt is the durable proof, and the sweep posts it later.
final class Bookkeeper: Sendable {
    enum Task: Sendable {
        /// S3 has it.
        case keep(Segment, etag: String?, tries: Int)
        /// There is a receipt; whoever asked wants to hear that the rest is done.
        case keepAgain(Receipt)
        /// There is a receipt; nobody waits.
        case post(SegmentID)
        /// Three refusals, or the bytes are gone.
        case fail(Segment, Failure, tries: Int)
        case lookUp(SegmentID)
        /// Only leftovers: the row says that it is stored.
        case discard(SegmentID)
        case hash(Segment)
    }

    private static let patience: Duration = .milliseconds(50)

    private let tasks = BlockingQueue<Task>(limit: 100_000)
    private let spool: Spool
    private let database: ConnectionConfiguration
    private let crashPoints: CrashPoints
    private let logger: Logger
    private let report: @Sendable (UploadStateMachine.Event) -> Void

    init(
        spool: Spool,
        database: ConnectionConfiguration,
        crashPoints: CrashPoints,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) {
        self.spool = spool
        self.database = database
        self.crashPoints = crashPoints
        self.logger = logger
        self.report = report
    }

    /// Adds work; false when there is far too much, or after ``stop()``.
    @discardableResult
    func add(_ task: Task) -> Bool { tasks.push(task) }

    /// What was added is still done.
    func stop() { tasks.close() }

    /// Works until stopped.
    func run() {
        let store = SegmentStore(Connection(database))
        while true {
            guard let first = tasks.pop(within: .seconds(1)) else {
                if tasks.isClosed { return }
                continue
            }
            // A little patience brings several receipts under one fsync and several rows into one statement.
            let departure = Monotonic.now() + Self.patience
            var batch = [first]
            while batch.count < 128, let next = tasks.pop(within: max(departure - Monotonic.now(), .zero)) {
                batch.append(next)
            }
            work(batch, store)
        }
    }

    private func work(_ batch: [Task], _ store: SegmentStore) {
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
            case .post(let id):
                if receipts[id] == nil, let receipt = load(id) {
                    receipts[id] = Kept(receipt: receipt, isAwaited: false)
                }
            case .fail(let segment, let failure, let tries): fail(segment, failure, tries, store)
            case .lookUp(let id): lookUp(id, store)
            case .discard(let id): remove(id)
            case .hash(let segment): hash(segment)
            }
        }
        if !receipts.isEmpty { post(Array(receipts.values), store) }
    }

    // MARK: - Stored

    private struct Kept {
        let receipt: Receipt
        /// Whether the state machine waits for it.
        let isAwaited: Bool
        /// Why there is no receipt on the disk; then only the row proves the upload.
        var problem: String?
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
            return Kept(receipt: receipt, isAwaited: true, problem: error.description)
        }
    }

    private func load(_ id: SegmentID) -> Receipt? {
        do {
            return try spool.receipt(id)
        } catch {
            logger.error("Receipt cannot be read", ["segment.id": .string(id.description), "error": LogValue(error)])
            quarantine("stored/\(id).json")
            return nil
        }
    }

    private func post(_ all: [Kept], _ store: SegmentStore) {
        let posted = write(
            all.map { kept in
                SegmentStore.Outcome(
                    kept.receipt.segment,
                    .stored,
                    etag: kept.receipt.etag,
                    storedAt: kept.receipt.storedAt
                )
            },
            store
        )
        crashPoints.reach(.afterRow)
        for kept in all {
            let id = kept.receipt.segment.id
            let hasRow = posted.contains(id)
            guard hasRow || kept.problem == nil else {
                logger.error(
                    "Receipt cannot be written",
                    ["segment.id": .string(id.description), "error": .string(kept.problem ?? "")]
                )
                report(.kept(id, problem: kept.problem))
                continue
            }
            remove(id)
            crashPoints.reach(.afterDelete)
            if hasRow { forget(id) }
            if kept.isAwaited { report(.kept(id, problem: nil)) }
        }
    }

    /// Posts rows: all in one statement, or one by one when one of them is refused.
    private func write(_ outcomes: [SegmentStore.Outcome], _ store: SegmentStore) -> Set<SegmentID> {
        do {
            try store.write(outcomes)
            return Set(outcomes.map(\.segment.id))
        } catch {
            guard !error.isTemporary else {
                logger.debug("Rows are posted later", ["rows": .int(outcomes.count), "error": .string("\(error)")])
                return []
            }
            guard let only = outcomes.first, outcomes.count > 1 else {
                let id = outcomes.first?.segment.id.description ?? ""
                logger.error("Row refused", ["segment.id": .string(id), "error": .string("\(error)")])
                return []
            }
            let rest = Array(outcomes.dropFirst())
            return rest.reduce(into: write([only], store)) { $0.formUnion(write([$1], store)) }
        }
    }

    private func remove(_ id: SegmentID) {
        do {
            try spool.removeReady(id)
        } catch {
            logger.error("File cannot be deleted", ["segment.id": .string(id.description), "error": LogValue(error)])
        }
    }

    private func forget(_ id: SegmentID) {
        do {
            try spool.removeReceipt(id)
        } catch {
            logger.error(
                "Receipt cannot be deleted",
                ["segment.id": .string(id.description), "error": LogValue(error)]
            )
        }
    }

    // MARK: - Not stored

    private func fail(_ segment: Segment, _ failure: Failure, _ tries: Int, _ store: SegmentStore) {
        let state: SegmentState = failure.kind == .missing ? .lost : .failed
        let text = "\(failure.kind.rawValue): \(failure.detail)"
        // What could not be written is in the log, and in the next cycle.
        _ = write([SegmentStore.Outcome(segment, state, tries: tries, error: text)], store)
        crashPoints.reach(.afterPark)
    }

    private func lookUp(_ id: SegmentID, _ store: SegmentStore) {
        do {
            report(.lookedUp(id, .known(try store.states(of: [id])[id])))
        } catch {
            report(.lookedUp(id, .away))
        }
    }

    private func hash(_ segment: Segment) {
        let file = open(spool.media(segment.id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return report(.hashed(segment.id, isIntact: false)) }
        defer { close(file) }
        var hasher = SHA256Hasher()
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        report(.hashed(segment.id, isIntact: hasher.finalize().hex == segment.sha256))
    }

    func quarantine(_ name: String) {
        do {
            try spool.quarantine(name)
            logger.warning("Put in quarantine", ["file": .string(name)])
        } catch {
            logger.error("Quarantine failed", ["file": .string(name), "error": LogValue(error)])
        }
    }

    private static func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
    }
}
