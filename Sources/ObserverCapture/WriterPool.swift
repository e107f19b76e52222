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
        case append(WriteQueue, SegmentID, MediaBytes, fragment: Int)
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
    private let isReserveReleased = Atomic(false)

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

    /// Appends a fragment, whose fate the coverage of the camera is told.
    ///
    /// - Returns: False if the disk is too far behind; then it was not accepted, and nothing is told.
    func append(_ bytes: MediaBytes, to id: SegmentID, fragment: Int, writeQueue: WriteQueue) -> Bool {
        push(.append(writeQueue, id, bytes, fragment: fragment), bytes: bytes.count, from: writeQueue)
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

    /// The segments of one writer.
    private struct Segments {
        var open: [SegmentID: Open] = [:]
        /// Those that cannot be written on, until their last job, and the reasons.
        var failed: [SegmentID: Interruption] = [:]
        /// Those whose written part is to be committed.
        var unfinished = UnfinishedSegments()
    }

    private func write(_ queue: BlockingQueue<Job>) {
        var segments = Segments()
        while true {
            let job = queue.pop(within: .milliseconds(500))
            if let job {
                perform(job, &segments)
            } else if queue.isClosed {
                return
            }
            syncOld(&segments, isIdle: job == nil)
            finishOne(&segments)
        }
    }

    private func perform(_ job: Job, _ segments: inout Segments) {
        switch job {
        case .begin(let writeQueue, let header, let bytes):
            account(-bytes.count, writeQueue)
            attempt(header.id, of: writeQueue, in: &segments) { segments throws(SpoolError) in
                let segment = try spool.begin(header)
                try bytes.withUnsafeBytes { buffer throws(SpoolError) in
                    try segment.append(buffer)
                    var hasher = SHA256Hasher()
                    hasher.update(buffer)
                    segments.open[header.id] = Open(
                        writeQueue: writeQueue,
                        segment: segment,
                        initBytes: bytes.count,
                        initHash: hasher.finalize().hex,
                        syncedAt: .now()
                    )
                }
            }
        case .append(let writeQueue, let id, let bytes, let fragment):
            account(-bytes.count, writeQueue)
            if let reason = segments.failed[id] {
                return writeQueue.coverage.tell(.dropped(fragment: fragment, reason))
            }
            attempt(id, of: writeQueue, in: &segments) { segments throws(SpoolError) in
                guard let entry = segments.open[id] else { return }
                try bytes.withUnsafeBytes { buffer throws(SpoolError) in try entry.segment.append(buffer) }
                segments.open[id]?.isDirty = true
                writeQueue.coverage.tell(.written(fragment: fragment))
            }
        case .end(let writeQueue, let id, let ending):
            attempt(id, of: writeQueue, in: &segments) { segments throws(SpoolError) in
                guard let entry = segments.open.removeValue(forKey: id) else { return }
                try finish(entry, ending)
                writeQueue.coverage.tell(.committed(id))
            }
            segments.failed[id] = nil
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

    /// Runs `body`; what is whole of a file that failed is committed later.
    private func attempt(
        _ id: SegmentID,
        of writeQueue: WriteQueue,
        in segments: inout Segments,
        _ body: (inout Segments) throws(SpoolError) -> Void
    ) {
        do throws(SpoolError) {
            try body(&segments)
        } catch {
            let reason = Interruption(error)
            segments.open[id] = nil
            segments.failed[id] = reason
            segments.unfinished.add(id, of: writeQueue, at: .now())
            if error.kind == .diskFull { releaseReserve() }
            logger.error(
                "Segment not written; will finish it later",
                [
                    .cameraID: .int(Int(writeQueue.camera.rawValue)), .segmentID: .string(id.description),
                    .error: LogValue(error),
                ]
            )
            writeQueue.coverage.tell(.failed(id, reason))
            writeQueue.fail(id, reason)
            leave(if: error)
        }
    }

    /// Ends the process where renames may be lost although they were reported as done: only a new start finds out which.
    private func leave(if error: SpoolError) {
        guard error.kind == .directoryNotDurable else { return }
        logger.error("Spool directory not durable; exiting", [.error: LogValue(error)])
        _exit(1)
    }

    /// Syncs files two seconds after their last sync.
    private func syncOld(_ segments: inout Segments, isIdle: Bool) {
        let now = MonotonicInstant.now()
        for (id, entry) in segments.open where entry.isDirty && now - entry.syncedAt > .seconds(2) {
            attempt(id, of: entry.writeQueue, in: &segments) { segments throws(SpoolError) in
                try entry.segment.sync()
                segments.open[id]?.syncedAt = now
                segments.open[id]?.isDirty = false
            }
            // One at a time while there is work, so that the queue does not wait for all of them.
            if !isIdle { return }
        }
    }

    // MARK: What failed

    /// Tries to commit what is whole of one segment that failed.
    private func finishOne(_ segments: inout Segments) {
        let now = MonotonicInstant.now()
        guard let (id, writeQueue) = segments.unfinished.next(at: now) else { return keepReserve() }
        do throws(SpoolError) {
            let result = try spool.finish(id)
            segments.unfinished.remove(id)
            report(result, of: id, to: writeQueue)
        } catch {
            segments.unfinished.failed(id, at: now)
            leave(if: error)
        }
    }

    private func report(_ result: Recovered?, of id: SegmentID, to writeQueue: WriteQueue) {
        let fields: [LogKey: LogValue] = [
            .cameraID: .int(Int(writeQueue.camera.rawValue)), .segmentID: .string(id.description),
        ]
        guard case .segment(let segment)? = result else {
            logger.warning("Nothing to finish in segment", fields)
            let reason = Interruption(.diskFailed, "what was written could not be read back")
            return writeQueue.coverage.tell(.abandoned(id, reason))
        }
        logger.info("Segment finished after a failure", fields)
        writeQueue.coverage.tell(.shortened(id, milliseconds: segment.end.durationMilliseconds))
        onCommit(segment)
    }

    private func releaseReserve() {
        isReserveReleased.store(true, ordering: .relaxed)
        try? spool.releaseReserve()
    }

    /// Keeps the reserve again once there is room for it and as much again.
    private func keepReserve() {
        guard isReserveReleased.load(ordering: .relaxed), let space = try? spool.space(),
            space.freeBytes > 2 * Spool.reserveBytes
        else { return }
        isReserveReleased.store(false, ordering: .relaxed)
        try? spool.keepReserve()
    }
}
