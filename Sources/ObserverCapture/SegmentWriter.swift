import Crypto
import Encodings
import Glibc
import Lifecycle
import Logging
import Media
import ObserverCore
import Spool
import System

/// Writes the segments of some cameras, commits them in rounds, and finishes later what the disk refused.
///
/// A round makes all segments that have ended durable together: each file and its sidecar are synced, and the directory
/// once for all of them. Belongs to one thread.
struct SegmentWriter {
    private struct Open {
        let writeQueue: WriteQueue
        let segment: OpenSegment
        let initBytes: Int
        let initHash: String
        var syncedAt: MonotonicInstant
    }

    /// A segment whose bytes are all written.
    private struct Ended {
        let open: Open
        let ending: WriterPool.Ending
    }

    /// The time between two rounds.
    private static let roundInterval = Duration.seconds(1)
    /// The time in which the last segments of other cameras may come, to be committed in the same round.
    private static let lastDelay = Duration.milliseconds(20)
    /// The time after which an open file is synced, so that the loss of power costs no more of a long segment.
    private static let syncInterval = Duration.seconds(10)
    /// The time after a failure in which no segment is begun: a disk that fails refuses each of them.
    private static let restInterval = Duration.milliseconds(500)
    /// The time that a round may spend on what failed.
    private static let finishLimit = Duration.milliseconds(250)
    /// The time between two log lines about a disk that fails, which it does for every segment of every camera.
    private static let logInterval = Duration.seconds(10)

    /// False once another recorder may have the cameras: nothing is written on.
    var isOurs = true
    private let spool: Spool
    private let snapshots: SnapshotPool
    private let logger: Logger
    private let onCommit: (Segment) -> Void
    private var open: [SegmentID: Open] = [:]
    private var ended: [Ended] = []
    /// Those that cannot be written on, until their last job, and the reasons.
    private var failed: [SegmentID: Interruption] = [:]
    /// Those whose written part is to be committed.
    private var unfinished = UnfinishedSegments()
    private var isReserveReleased = false
    /// The last failure, and the moment until which no segment is begun after it.
    private var failure: (reason: Interruption, until: MonotonicInstant)?
    /// The failures since the last one that was logged, and the moment from which the next one is.
    private var unlogged = 0
    private var logDue = MonotonicInstant.now()
    /// The moment of the next round.
    private(set) var roundDue = MonotonicInstant.now()

    /// Creates a writer; `snapshots` learns where key frames lie, `onCommit` gets each committed segment.
    init(spool: Spool, snapshots: SnapshotPool, logger: Logger, onCommit: @escaping (Segment) -> Void) {
        self.spool = spool
        self.snapshots = snapshots
        self.logger = logger
        self.onCommit = onCommit
    }

    // MARK: Jobs

    mutating func begin(_ header: SegmentHeader, initSection: MediaBytes, writeQueue: WriteQueue) {
        if let failure, !failure.until.hasPassed { return refuse(header.id, of: writeQueue, failure.reason) }
        do throws(SpoolError) {
            guard isOurs else { throw notOurs }
            let segment = try spool.begin(header)
            var hasher = SHA256Hasher()
            try initSection.withUnsafeBytes { bytes throws(SpoolError) in
                try segment.append(bytes)
                hasher.update(bytes)
            }
            open[header.id] = Open(
                writeQueue: writeQueue,
                segment: segment,
                initBytes: initSection.count,
                initHash: hasher.finalize().hex,
                syncedAt: .now()
            )
        } catch {
            fail(header.id, of: writeQueue, error)
        }
    }

    /// Appends a fragment.
    ///
    /// - Parameters:
    ///   - bytes: The fragment.
    ///   - id: Its segment.
    ///   - fragment: Its number.
    ///   - keyFrame: The place of a key frame in `bytes`, if it begins with one.
    ///   - writeQueue: Takes its fate.
    mutating func append(
        _ bytes: MediaBytes,
        to id: SegmentID,
        fragment: Int,
        keyFrame: KeyFramePlace?,
        writeQueue: WriteQueue
    ) {
        if let reason = failed[id] { return writeQueue.coverage.tell(.dropped(fragment: fragment, reason)) }
        guard let segment = open[id]?.segment else { return }
        do throws(SpoolError) {
            guard isOurs else { throw notOurs }
            let start = segment.bytes
            try bytes.withUnsafeBytes { bytes throws(SpoolError) in try segment.append(bytes) }
            writeQueue.coverage.tell(.written(fragment: fragment))
            if var keyFrame {
                keyFrame.range = keyFrame.range.lowerBound + start..<keyFrame.range.upperBound + start
                snapshots.note(keyFrame, of: writeQueue.camera)
            }
        } catch {
            fail(id, of: writeQueue, error)
        }
    }

    mutating func end(_ id: SegmentID, _ ending: WriterPool.Ending) {
        failed[id] = nil
        guard let entry = open.removeValue(forKey: id) else { return }
        ended.append(Ended(open: entry, ending: ending))
        // Somebody waits for the last segment of a recording.
        if ending.end.reason == .stopped { roundDue = min(roundDue, .now() + Self.lastDelay) }
    }

    private var notOurs: SpoolError {
        SpoolError(.inUse, spool.root, reason: "another recorder has the camera")
    }

    // MARK: Rounds

    /// Commits what has ended, syncs what has waited long, and tries again what failed.
    mutating func round() {
        let now = MonotonicInstant.now()
        roundDue = now + Self.roundInterval
        commitEnded()
        for (id, entry) in open where now - entry.syncedAt >= Self.syncInterval {
            do throws(SpoolError) {
                try entry.segment.sync()
                open[id]?.syncedAt = now
            } catch {
                fail(id, of: entry.writeQueue, error)
            }
        }
        finishFailed(at: now)
    }

    private mutating func commitEnded() {
        var placed: [(segment: Segment, writeQueue: WriteQueue)] = []
        for entry in ended {
            let header = entry.open.segment.header
            do throws(SpoolError) {
                if let segment = try place(entry) {
                    placed.append((segment, entry.open.writeQueue))
                } else {
                    entry.open.writeQueue.coverage.tell(.committed(header.id))
                }
            } catch {
                fail(header.id, of: entry.open.writeQueue, error)
                failed[header.id] = nil
            }
        }
        ended = []
        guard !placed.isEmpty else { return }
        do throws(SpoolError) {
            try spool.settle(placed.map(\.segment.id))
            for (segment, writeQueue) in placed {
                writeQueue.coverage.tell(.committed(segment.id))
                onCommit(segment)
            }
        } catch {
            for (segment, writeQueue) in placed {
                fail(segment.id, of: writeQueue, error)
                failed[segment.id] = nil
            }
        }
    }

    /// Gives a file its final name, durably; returns nil for one without frames, which is discarded.
    private func place(_ entry: Ended) throws(SpoolError) -> Segment? {
        let file = entry.open.segment
        guard entry.ending.media.frames > 0 else {
            try spool.discard(file.header.id)
            return nil
        }
        var media = entry.ending.media
        media.sha256 = try file.finish()
        media.bytes = file.bytes
        media.initBytes = Int64(entry.open.initBytes)
        media.initSHA256 = entry.open.initHash
        var header = file.header
        header.correct(startedAt: entry.ending.startedAt)
        let segment = Segment(header: header, media: media, end: entry.ending.end)
        try spool.place(segment)
        return segment
    }

    // MARK: What failed

    /// Takes note of a failure; what is whole of the file is committed later.
    private mutating func fail(_ id: SegmentID, of writeQueue: WriteQueue, _ error: SpoolError) {
        let reason = Interruption(error)
        failure = (reason, .now() + Self.restInterval)
        open[id] = nil
        unfinished.add(id, of: writeQueue, at: .now())
        if error.kind == .diskFull {
            isReserveReleased = true
            try? spool.releaseReserve()
        }
        unlogged += 1
        if logDue.hasPassed {
            logger.error(
                "Segments not written; will finish them later",
                [
                    .cameraID: .int(Int(writeQueue.camera.rawValue)), .segmentID: .string(id.description),
                    .segmentCount: .int(unlogged), .error: LogValue(error),
                ]
            )
            unlogged = 0
            logDue = .now() + Self.logInterval
        }
        refuse(id, of: writeQueue, reason)
        leave(if: error)
    }

    private mutating func refuse(_ id: SegmentID, of writeQueue: WriteQueue, _ reason: Interruption) {
        failed[id] = reason
        writeQueue.coverage.tell(.failed(id, reason))
        writeQueue.fail(id, reason)
    }

    /// Ends the process where renames may be lost although they were reported as done: only a new start finds out which.
    private func leave(if error: SpoolError) {
        guard error.kind == .directoryNotDurable else { return }
        logger.error("Spool directory not durable; exiting", [.error: LogValue(error)])
        _exit(1)
    }

    /// Tries to commit what is whole of the segments that failed.
    private mutating func finishFailed(at now: MonotonicInstant) {
        guard unfinished.count > 0 else { return keepReserve() }
        let end = now + Self.finishLimit
        while !end.hasPassed, let (id, writeQueue) = unfinished.next(at: now) {
            do throws(SpoolError) {
                let result = try spool.finish(id)
                unfinished.remove(id)
                report(result, of: id, to: writeQueue)
            } catch {
                unfinished.failed(id, at: now)
                leave(if: error)
            }
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

    /// Keeps the reserve again once there is room for it and as much again.
    private mutating func keepReserve() {
        guard isReserveReleased, let space = try? spool.space(), space.freeBytes > 2 * Spool.reserveBytes else {
            return
        }
        isReserveReleased = false
        try? spool.keepReserve()
    }
}
