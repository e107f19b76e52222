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

/// The state that the writers and the thread of one camera share: how far the writers are and how far behind, and
/// whether they failed.
final class WriteQueue: Sendable {
    /// The end of what was written last: in which of the camera's segments, counted from 1, and up to when.
    struct Mark: Hashable, Sendable {
        var ordinal: Int
        var until: Timestamp
    }

    /// Bytes on their way to the disk.
    let queuedBytes = Atomic(0)
    /// True if a segment of this camera failed since `takeFailure`; cheap enough to look at with each packet.
    let hasFailed = Atomic(false)
    private let failure = Mutex<SpoolError?>(nil)
    private let mark = Monitor<Mark?>(nil)
    private let begun = Atomic(0)
    let camera: CameraID

    init(camera: CameraID) {
        self.camera = camera
    }

    func fail(_ error: SpoolError) {
        failure.withLock { $0 = error }
        hasFailed.store(true, ordering: .releasing)
        mark.withLock { _ in }
    }

    /// Up to where the camera's frames were written.
    var written: Mark? { mark.withLock { $0 } }

    func wrote(_ mark: Mark) {
        self.mark.withLock { $0 = mark }
    }

    /// The number of the next segment.
    func nextOrdinal() -> Int {
        begun.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Returns true if something of this segment or a later one was written; waits for it until the deadline or a
    /// failure.
    func hasWritten(_ ordinal: Int, by deadline: MonotonicInstant) -> Bool {
        mark.wait(until: deadline) { ($0?.ordinal ?? 0) >= ordinal || hasFailed.load(ordering: .acquiring) }
            && (written?.ordinal ?? 0) >= ordinal
    }

    func takeFailure() -> SpoolError? {
        hasFailed.store(false, ordering: .releasing)
        return failure.withLock { failure in
            defer { failure = nil }
            return failure
        }
    }
}

/// Writes segments to the disk on threads of its own: the thread of a camera never waits for a disk.
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

    private static let laneLimit = 32 << 20
    private static let poolLimit = 1 << 30

    private let queues: [BlockingQueue<Job>]
    private let queuedBytes = Atomic(0)
    private let spool: Spool
    private let logger: Logger
    private let onCommit: @Sendable (Segment) -> Void

    /// Creates a pool; `onCommit` is called on a writer's thread with each segment that is safe on the disk, and is
    /// short.
    init(spool: Spool, threads count: Int, logger: Logger, onCommit: @escaping @Sendable (Segment) -> Void) {
        self.spool = spool
        self.logger = logger
        self.onCommit = onCommit
        queues = (0..<count).map { _ in BlockingQueue(limit: 100_000) }
    }

    /// The writers; a stop ends each of them when what is queued is on the disk.
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
        push(.begin(writeQueue, header, initSection), bytes: initSection.count, writeQueue)
    }

    /// Appends bytes that end at `mark`; false if the disk is too far behind, then they were not taken.
    func append(_ bytes: MediaBytes, to id: SegmentID, mark: WriteQueue.Mark, writeQueue: WriteQueue) -> Bool {
        push(.append(writeQueue, id, bytes, mark), bytes: bytes.count, writeQueue)
    }

    func end(_ id: SegmentID, _ ending: Ending, writeQueue: WriteQueue) {
        push(.end(writeQueue, id, ending), bytes: 0, writeQueue)
    }

    @discardableResult
    private func push(_ job: Job, bytes: Int, _ writeQueue: WriteQueue) -> Bool {
        guard bytes == 0 || writeQueue.queuedBytes.load(ordering: .relaxed) + bytes <= Self.laneLimit,
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
            attempt(writeQueue, header.id, &open) { open throws(SpoolError) in
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
            attempt(writeQueue, id, &open) { open throws(SpoolError) in
                guard let entry = open[id] else { return }
                try bytes.withUnsafeBytes { buffer throws(SpoolError) in try entry.segment.append(buffer) }
                open[id]?.isDirty = true
                writeQueue.wrote(mark)
            }
        case .end(let writeQueue, let id, let ending):
            attempt(writeQueue, id, &open) { open throws(SpoolError) in
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

    /// A file that failed stays where it is: what is whole in it is recovered by the next start.
    private func attempt(
        _ writeQueue: WriteQueue,
        _ id: SegmentID,
        _ open: inout [SegmentID: Open],
        _ body: (inout [SegmentID: Open]) throws(SpoolError) -> Void
    ) {
        do throws(SpoolError) {
            try body(&open)
        } catch {
            open[id] = nil
            if error.kind == .diskFull { try? spool.releaseReserve() }
            logger.error(
                "Segment could not be written",
                [
                    .cameraID: .int(Int(writeQueue.camera.rawValue)), .segmentID: .string(id.description),
                    .error: LogValue(error),
                ]
            )
            writeQueue.fail(error)
            if error.kind == .directoryNotDurable {
                // Renames may be lost although they were reported as done: only a new start finds out which.
                logger.error("The spool's directory cannot be made durable; ending", [.error: LogValue(error)])
                _exit(1)
            }
        }
    }

    /// Syncs written bytes that are two seconds old.
    private func syncOld(_ open: inout [SegmentID: Open], isIdle: Bool) {
        let now = MonotonicInstant.now()
        for (id, entry) in open where entry.isDirty && now - entry.syncedAt > .seconds(2) {
            attempt(entry.writeQueue, id, &open) { open throws(SpoolError) in
                try entry.segment.sync()
                open[id]?.syncedAt = now
                open[id]?.isDirty = false
            }
            // One at a time while there is work, so that the queue does not wait for all of them.
            if !isIdle { return }
        }
    }
}
