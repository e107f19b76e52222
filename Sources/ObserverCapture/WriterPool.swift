import System
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
        /// The moment of the first frame, in microseconds since the machine booted.
        var begun: Int64
        var media: SegmentMedia
        var end: SegmentEnd
    }

    private enum Job: Sendable {
        case begin(WriteQueue, SegmentHeader, begun: Int64, MediaBytes)
        case append(WriteQueue, SegmentID, MediaBytes, fragment: Int, keyFrame: KeyFramePlace?)
        case end(SegmentID, Ending)
    }

    /// Queued bytes of one camera, at most.
    private static let queueLimit = 32 << 20
    /// Queued bytes of all cameras, at most.
    private static let poolLimit = 1 << 30
    /// Bytes that each job counts for beside what it carries, so that small ones are bounded too.
    private static let jobBytes = 1 << 10

    private let queues: [BlockingQueue<Job>]
    private let hasUnnoticed = Atomic(false)
    private let queuedBytes = Atomic(0)
    private let spool: Spool
    private let clock: SharedClock
    private let gate: WriteGate
    private let snapshots: SnapshotPool
    private let logger: Logger
    private let onCommit: @Sendable (Segment) -> Void

    /// Creates a pool.
    ///
    /// - Parameters:
    ///   - spool: Where the segments go.
    ///   - clock: The time at which they are placed.
    ///   - gate: Decides whether they may.
    ///   - count: The number of threads.
    ///   - snapshots: Learns where key frames lie.
    ///   - logger: Takes failures.
    ///   - onCommit: Called on a writer's thread with each committed segment; must be short.
    init(
        spool: Spool,
        clock: SharedClock,
        gate: WriteGate,
        threads count: Int,
        snapshots: SnapshotPool,
        logger: Logger,
        onCommit: @escaping @Sendable (Segment) -> Void
    ) {
        self.spool = spool
        self.clock = clock
        self.gate = gate
        self.snapshots = snapshots
        self.logger = logger
        self.onCommit = onCommit
        // Their bytes bound them; the end of a segment must never be refused.
        queues = (0..<count).map { _ in BlockingQueue(limit: .max) }
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

    // MARK: For the cameras: `wake` is to follow.

    /// Begins a segment whose first frame was captured at a moment, in microseconds since the machine booted.
    func begin(_ header: SegmentHeader, begun: Int64, initSection: MediaBytes, writeQueue: WriteQueue) -> Bool {
        let job = Job.begin(writeQueue, header, begun: begun, initSection)
        return push(job, bytes: initSection.count + Self.jobBytes, from: writeQueue)
    }

    /// Appends a fragment, whose fate the coverage of the camera is told.
    ///
    /// - Parameters:
    ///   - bytes: The fragment.
    ///   - id: Its segment.
    ///   - fragment: Its number.
    ///   - keyFrame: The place of a key frame in `bytes`, if it begins with one.
    ///   - writeQueue: Takes its fate.
    /// - Returns: False if the disk is too far behind; then it was not accepted, and nothing is told.
    func append(
        _ bytes: MediaBytes,
        to id: SegmentID,
        fragment: Int,
        keyFrame: KeyFramePlace?,
        writeQueue: WriteQueue
    ) -> Bool {
        let job = Job.append(writeQueue, id, bytes, fragment: fragment, keyFrame: keyFrame)
        return push(job, bytes: bytes.count + Self.jobBytes, from: writeQueue)
    }

    func end(_ id: SegmentID, _ ending: Ending, writeQueue: WriteQueue) {
        push(.end(id, ending), bytes: 0, from: writeQueue)
    }

    @discardableResult
    private func push(_ job: Job, bytes: Int, from writeQueue: WriteQueue) -> Bool {
        guard bytes == 0 || writeQueue.queuedBytes.load(ordering: .relaxed) + bytes <= Self.queueLimit,
            bytes == 0 || queuedBytes.load(ordering: .relaxed) + bytes <= Self.poolLimit
        else { return false }
        account(bytes, writeQueue)
        let queue = queues[Int(writeQueue.camera.rawValue.magnitude) % queues.count]
        guard queue.pushUnnoticed(job) else {
            account(-bytes, writeQueue)
            return false
        }
        hasUnnoticed.store(true, ordering: .releasing)
        return true
    }

    /// Wakes the writers if there is something new for them; to be called soon after.
    ///
    /// A loop has something for them from many cameras at once: to wake them for each would cost as much as the writing.
    func wake() {
        guard hasUnnoticed.exchange(false, ordering: .acquiringAndReleasing) else { return }
        for queue in queues { queue.wake() }
    }

    private func account(_ bytes: Int, _ writeQueue: WriteQueue) {
        writeQueue.queuedBytes.wrappingAdd(bytes, ordering: .relaxed)
        queuedBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    // MARK: On the writers' threads

    private func write(_ queue: BlockingQueue<Job>) {
        var writer = SegmentWriter(
            spool: spool,
            clock: clock,
            snapshots: snapshots,
            logger: logger,
            onCommit: onCommit
        )
        while true {
            if let job = queue.pop(within: writer.roundDue - .now()) {
                writer.isOurs = gate.waitUntilOpen { queue.isClosed }
                perform(job, by: &writer)
            } else if queue.isClosed {
                return writer.round()
            }
            if writer.roundDue.hasPassed { writer.round() }
        }
    }

    private func perform(_ job: Job, by writer: inout SegmentWriter) {
        switch job {
        case .begin(let writeQueue, let header, let begun, let bytes):
            account(-bytes.count - Self.jobBytes, writeQueue)
            writer.begin(header, begun: begun, initSection: bytes, writeQueue: writeQueue)
        case .append(let writeQueue, let id, let bytes, let fragment, let keyFrame):
            account(-bytes.count - Self.jobBytes, writeQueue)
            writer.append(bytes, to: id, fragment: fragment, keyFrame: keyFrame, writeQueue: writeQueue)
        case .end(let id, let ending):
            writer.end(id, ending)
        }
    }
}
