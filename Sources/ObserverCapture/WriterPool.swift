import Encodings
import System
import Crypto
import Glibc
import Lifecycle
import Logging
import Media
import ObserverCore
import Spool
import Synchronization

/// Writes segments to the disk on threads of its own, so that the thread of a camera never waits for a disk.
///
/// A camera always has the same writer, so that its bytes stay in order.
final class WriterPool: Sendable {
    /// The facts of a segment when its last bytes are on their way; the writer adds size and hashes.
    struct Ending: Sendable {
        var startedAt: Timestamp
        var media: SegmentMedia
        var end: SegmentEnd
    }

    private enum Job: Sendable {
        case begin(WriteQueue, SegmentHeader, MediaBytes)
        case append(WriteQueue, SegmentID, MediaBytes, WriteQueue.Mark)
        case end(WriteQueue, SegmentID, Ending)
    }

    /// Queued bytes of one camera, at most.
    private static let queueLimit = 32 << 20
    /// Queued bytes of all cameras, at most.
    private static let poolLimit = 1 << 30

    private let queues: [BlockingQueue<Job>]
    private let queuedBytes = Atomic(0)
    private let spool: Spool
    private let logger: Logger
    private let onCommit: @Sendable (Segment) -> Void

    /// Creates a pool; `onCommit` is called on a writer's thread with each committed segment, and must be short.
    init(spool: Spool, threads count: Int, logger: Logger, onCommit: @escaping @Sendable (Segment) -> Void) {
        self.spool = spool
        self.logger = logger
        self.onCommit = onCommit
        queues = (0..<count).map { _ in BlockingQueue(limit: 100_000) }
    }

    /// The writers; a stop ends each of them once its queue is empty.
    var services: [any Service] {
        queues.indices.map { Writer(name: "writer-\($0)", pool: self, queue: queues[$0]) }
    }

    private struct Writer: Service {
        let name: String
        let pool: WriterPool
        let queue: BlockingQueue<Job>

        func run(until stop: StopSignal) {
            stop.onStop { [queue] in queue.close() }
            pool.write(queue)
        }
    }

    func begin(_ header: SegmentHeader, initSection: MediaBytes, writeQueue: WriteQueue) -> Bool {
        push(.begin(writeQueue, header, initSection), bytes: initSection.count, from: writeQueue)
    }

    /// Appends bytes that end at `mark`.
    ///
    /// - Returns: False if the disk is too far behind; then they were not accepted.
    func append(_ bytes: MediaBytes, to id: SegmentID, mark: WriteQueue.Mark, writeQueue: WriteQueue) -> Bool {
        push(.append(writeQueue, id, bytes, mark), bytes: bytes.count, from: writeQueue)
    }

    func end(_ id: SegmentID, _ ending: Ending, writeQueue: WriteQueue) {
        push(.end(writeQueue, id, ending), bytes: 0, from: writeQueue)
    }

    @discardableResult
    private func push(_ job: Job, bytes: Int, from writeQueue: WriteQueue) -> Bool {
        guard bytes == 0 || writeQueue.queuedBytes.load(ordering: .relaxed) + bytes <= Self.queueLimit,
            bytes == 0 || queuedBytes.load(ordering: .relaxed) + bytes <= Self.poolLimit
        else { return false }
        account(bytes, writeQueue)
        let queue = queues[Int(writeQueue.camera.rawValue.magnitude) % queues.count]
        guard queue.push(job) else {
            account(-bytes, writeQueue)
            return false
        }
        return true
    }

    private func account(_ bytes: Int, _ writeQueue: WriteQueue) {
        writeQueue.queuedBytes.wrappingAdd(bytes, ordering: .relaxed)
        queuedBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    // MARK: On the writers' threads

    private struct Open {
        let writeQueue: WriteQueue
        let segment: OpenSegment
        let initBytes: Int
        let initHash: String
        var syncedAt: MonotonicInstant
        var isDirty = false
    }

    private func write(_ queue: BlockingQueue<Job>) {
        var open: [SegmentID: Open] = [:]
        while true {
            let job = queue.pop(within: .milliseconds(500))
            if let job {
                perform(job, &open)
            } else if queue.isClosed {
                return
            }
            syncOld(&open, isIdle: job == nil)
        }
    }

    private func perform(_ job: Job, _ open: inout [SegmentID: Open]) {
        switch job {
        case .begin(let writeQueue, let header, let bytes):
            account(-bytes.count, writeQueue)
            attempt(header.id, of: writeQueue, in: &open) { open throws(SpoolError) in
                let segment = try spool.begin(header)
                try bytes.withUnsafeBytes { buffer throws(SpoolError) in
                    try segment.append(buffer)
                    var hasher = SHA256Hasher()
                    hasher.update(buffer)
                    open[header.id] = Open(
                        writeQueue: writeQueue,
                        segment: segment,
                        initBytes: bytes.count,
                        initHash: hasher.finalize().hex,
                        syncedAt: .now()
                    )
                }
            }
        case .append(let writeQueue, let id, let bytes, let mark):
            account(-bytes.count, writeQueue)
            attempt(id, of: writeQueue, in: &open) { open throws(SpoolError) in
                guard let entry = open[id] else { return }
                try bytes.withUnsafeBytes { buffer throws(SpoolError) in try entry.segment.append(buffer) }
                open[id]?.isDirty = true
                writeQueue.wrote(mark)
            }
        case .end(let writeQueue, let id, let ending):
            attempt(id, of: writeQueue, in: &open) { open throws(SpoolError) in
                guard let entry = open.removeValue(forKey: id) else { return }
                try finish(entry, ending)
            }
        }
    }

    private func finish(_ entry: Open, _ ending: Ending) throws(SpoolError) {
        guard ending.media.frames > 0 else { return try spool.discard(entry.segment.header.id) }
        var media = ending.media
        media.sha256 = try entry.segment.finish()
        media.bytes = entry.segment.bytes
        media.initBytes = Int64(entry.initBytes)
        media.initSHA256 = entry.initHash
        var header = entry.segment.header
        header.correct(startedAt: ending.startedAt)
        let segment = Segment(header: header, media: media, end: ending.end)
        try spool.commit(segment)
        onCommit(segment)
    }

    /// Runs `body`; a file that failed stays where it is, and its complete fragments are recovered by the next start.
    private func attempt(
        _ id: SegmentID,
        of writeQueue: WriteQueue,
        in open: inout [SegmentID: Open],
        _ body: (inout [SegmentID: Open]) throws(SpoolError) -> Void
    ) {
        do throws(SpoolError) {
            try body(&open)
        } catch {
            open[id] = nil
            if error.kind == .diskFull { try? spool.releaseReserve() }
            logger.error(
                "Segment not written",
                [
                    .cameraID: .int(Int(writeQueue.camera.rawValue)), .segmentID: .string(id.description),
                    .error: LogValue(error),
                ]
            )
            writeQueue.fail(error)
            if error.kind == .directoryNotDurable {
                // Renames may be lost although they were reported as done; only a new start finds out which.
                logger.error("Spool directory not durable; exiting", [.error: LogValue(error)])
                _exit(1)
            }
        }
    }

    /// Syncs files two seconds after their last sync.
    private func syncOld(_ open: inout [SegmentID: Open], isIdle: Bool) {
        let now = MonotonicInstant.now()
        for (id, entry) in open where entry.isDirty && now - entry.syncedAt > .seconds(2) {
            attempt(id, of: entry.writeQueue, in: &open) { open throws(SpoolError) in
                try entry.segment.sync()
                open[id]?.syncedAt = now
                open[id]?.isDirty = false
            }
            // One at a time while there is work, so that the queue does not wait for all of them.
            if !isIdle { return }
        }
    }
}
