import Crypto
import Encodings
import Glibc
import Lifecycle
import Logging
import Media
import ObserverCore
import Spool
import Synchronization
import System

/// Writes the segments of some cameras, commits them in rounds, and finishes later what the disk refused.
///
/// A round makes all segments that have ended durable together: each file and its sidecar are synced, and the directory
/// once for all of them. Belongs to one thread.
struct SegmentWriter {
    private struct Open {
        let writeQueue: WriteQueue
        let draft: SegmentDraft
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

    /// A segment whose bytes are on the disk; it waits for its place in time.
    private struct Complete {
        let writeQueue: WriteQueue
        let draft: SegmentDraft
        let segment: Segment
    }

    /// The time between two rounds.
    private static let roundInterval = Duration.seconds(1)
    /// The time in which the last segments of other cameras may come, to be committed in the same round.
    private static let lastDelay = Duration.milliseconds(20)
    /// The time after which an open file is synced, so that the loss of power costs no more of a long segment; one of usual length
    /// ends before.
    private static let syncInterval = Duration.seconds(12)
    /// The time after a failure in which no segment is begun: a disk that fails refuses each of them.
    private static let restInterval = Duration.milliseconds(500)
    /// The time that a round may spend on what failed.
    private static let finishLimit = Duration.milliseconds(250)
    /// The time between two log lines about a disk that fails, which it does for every segment of every camera.
    private static let logInterval = Duration.seconds(10)
    /// The time between two looks if there is room for the reserve again.
    private static let reserveInterval = Duration.seconds(5)

    /// False once another recorder may have the cameras: nothing is written on.
    var isOurs = true
    private let spool: Spool
    private let clock: SharedClock
    private let snapshots: SnapshotPool
    private let logger: Logger
    private let onCommit: (Segment) -> Void
    private var open: [SegmentID: Open] = [:]
    private var ended: [Ended] = []
    private var complete: [Complete] = []
    /// Those that cannot be written on, until their last job, and the reasons.
    private var failed: [SegmentID: Interruption] = [:]
    /// Those that are to be committed, or deleted, once the disk works.
    private var unfinished = UnfinishedSegments()
    private var reserveDue = MonotonicInstant.now() + reserveInterval
    /// The last failure, and the moment until which no segment is begun after it.
    private var failure: (reason: Interruption, until: MonotonicInstant)?
    /// True after a failure, until something is committed.
    private var hasFailed = false
    /// The failures since the last one that was logged, and the moment from which the next one is.
    private var unlogged = 0
    private var logDue = MonotonicInstant.now()
    /// The moment of the next round.
    private(set) var roundDue = MonotonicInstant.now()

    /// Creates a writer; `snapshots` learns where key frames lie, `onCommit` gets each committed segment.
    init(
        spool: Spool,
        clock: SharedClock,
        snapshots: SnapshotPool,
        logger: Logger,
        onCommit: @escaping (Segment) -> Void
    ) {
        self.spool = spool
        self.clock = clock
        self.snapshots = snapshots
        self.logger = logger
        self.onCommit = onCommit
    }

    // MARK: Jobs

    mutating func begin(_ header: SegmentHeader, begun: Int64, initSection: MediaBytes, writeQueue: WriteQueue) {
        if let failure, !failure.until.hasPassed { return refuse(header.id, of: writeQueue, failure.reason) }
        let draft = SegmentDraft(header, begun: clock.bootMoment(at: begun))
        var isBegun = false
        do throws(SpoolError) {
            guard isOurs else { throw notOurs }
            isBegun = true
            let segment = try spool.begin(header, begun: draft.begun)
            var hasher = SHA256Hasher()
            try initSection.withUnsafeBytes { bytes throws(SpoolError) in
                try segment.append(bytes)
                hasher.update(bytes)
            }
            open[header.id] = Open(
                writeQueue: writeQueue,
                draft: draft,
                segment: segment,
                initBytes: initSection.count,
                initHash: hasher.finalize().hex,
                syncedAt: .now()
            )
            if failure != nil { hurry() }
        } catch {
            if isBegun { unfinished.add(.discard, draft, of: writeQueue, now: .now()) }
            fail(header.id, of: writeQueue, error)
            rest(after: error)
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
            writeQueue.tellWritten()
            if var keyFrame {
                keyFrame.range = keyFrame.range.lowerBound + start..<keyFrame.range.upperBound + start
                snapshots.note(keyFrame, of: writeQueue.camera)
            }
        } catch {
            abandon(id, error)
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
                abandon(id, error)
            }
        }
        finishFailed(at: now)
        keepReserve()
    }

    /// Commits all that has ended; while nobody knows what time it is, what is complete waits for its place.
    private mutating func commitEnded() {
        for entry in ended {
            let (open, writeQueue) = (entry.open, entry.open.writeQueue)
            guard entry.ending.media.frames > 0 else {
                writeQueue.coverage.tell(.committed(open.draft.header.id))
                discard(open.draft, of: writeQueue)
                continue
            }
            let found = whole(entry)
            do throws(SpoolError) {
                try open.segment.syncBytes()
                complete.append(found)
            } catch {
                failToCommit(found, error)
            }
        }
        ended = []
        if !complete.isEmpty, clock.isCertain { place() }
    }

    /// Gives what is complete its time and its final name, durably.
    private mutating func place() {
        var placed: [(entry: Complete, segment: Segment)] = []
        for entry in complete {
            let segment = timed(entry.segment, of: entry.draft)
            do throws(SpoolError) {
                try spool.move(entry.draft, to: segment.header)
                try spool.place(segment)
                placed.append((entry, segment))
            } catch {
                failToCommit(entry, at: segment.header, error)
            }
        }
        complete = []
        guard !placed.isEmpty else { return }
        do throws(SpoolError) {
            let left = try spool.settle(placed.map(\.segment.id))
            for (entry, segment) in placed {
                if left.contains(segment.id) {
                    let draft = SegmentDraft(segment.header, begun: entry.draft.begun)
                    unfinished.add(.discard, draft, of: entry.writeQueue, now: .now())
                }
                entry.writeQueue.coverage.tell(.committed(entry.draft.header.id))
                onCommit(segment)
            }
            if hasFailed { hurry() }
        } catch {
            for (entry, segment) in placed { failToCommit(entry, at: segment.header, error) }
        }
    }

    /// The segment as it is to be committed, but for its time.
    private func whole(_ entry: Ended) -> Complete {
        let (file, header) = (entry.open.segment, entry.open.draft.header)
        var media = entry.ending.media
        media.sha256 = file.finish()
        media.bytes = file.bytes
        media.initBytes = Int64(entry.open.initBytes)
        media.initSHA256 = entry.open.initHash
        return Complete(
            writeQueue: entry.open.writeQueue,
            draft: SegmentDraft(header, begun: clock.bootMoment(at: entry.ending.begun)),
            segment: Segment(header: header, media: media, end: entry.ending.end)
        )
    }

    /// The header of a segment at its place in time.
    private func placed(_ draft: SegmentDraft) -> SegmentHeader {
        guard let begun = draft.begun else { return draft.header }
        return draft.header.moved(to: clock.time(at: begun.uptime))
    }

    /// A segment at its place in time.
    private func timed(_ segment: Segment, of draft: SegmentDraft, at place: SegmentHeader? = nil) -> Segment {
        var end = segment.end
        if let begun = draft.begun?.uptime {
            let length = end.durationMilliseconds.multipliedSaturated(by: 1000)
            if clock.wasWrong(from: begun, to: begun.addingSaturated(length)) { end.flags.insert(.wallStep) }
        }
        return Segment(header: place ?? placed(draft), media: segment.media, end: end)
    }

    private mutating func discard(_ draft: SegmentDraft, of writeQueue: WriteQueue) {
        do throws(SpoolError) {
            try spool.discard(draft.header.id)
        } catch {
            unfinished.add(.discard, draft, of: writeQueue, now: .now())
            log(error, draft.header.id, of: writeQueue)
        }
    }

    // MARK: What failed

    /// Takes note of a segment that could not be committed; its camera records on.
    private mutating func failToCommit(_ entry: Complete, at place: SegmentHeader? = nil, _ error: SpoolError) {
        unfinished.add(.commit(entry.segment), entry.draft, at: place, of: entry.writeQueue, now: .now())
        entry.writeQueue.uncommittedSegments.wrappingAdd(1, ordering: .relaxed)
        if error.kind == .diskFull { try? spool.releaseReserve() }
        log(error, entry.segment.id, of: entry.writeQueue)
    }

    /// Takes note of a segment that cannot be written on; what is whole of it is committed later.
    private mutating func abandon(_ id: SegmentID, _ error: SpoolError) {
        guard let entry = open.removeValue(forKey: id) else { return }
        unfinished.add(.salvage, entry.draft, of: entry.writeQueue, now: .now())
        fail(id, of: entry.writeQueue, error)
        rest(after: error)
    }

    private mutating func fail(_ id: SegmentID, of writeQueue: WriteQueue, _ error: SpoolError) {
        if error.kind == .diskFull { try? spool.releaseReserve() }
        log(error, id, of: writeQueue)
        refuse(id, of: writeQueue, Interruption(error))
    }

    private mutating func refuse(_ id: SegmentID, of writeQueue: WriteQueue, _ reason: Interruption) {
        failed[id] = reason
        writeQueue.coverage.tell(.failed(id, reason))
        writeQueue.fail(id, reason)
    }

    /// Begins nothing for a moment.
    private mutating func rest(after error: SpoolError) {
        failure = (Interruption(error), .now() + Self.restInterval)
    }

    /// Takes note that the disk works again.
    private mutating func hurry() {
        hasFailed = false
        failure = nil
        unfinished.hurry(at: .now())
    }

    private mutating func log(_ error: SpoolError, _ id: SegmentID, of writeQueue: WriteQueue) {
        hasFailed = true
        unlogged += 1
        guard logDue.hasPassed else { return }
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

    /// Tries again what failed.
    private mutating func finishFailed(at now: MonotonicInstant) {
        guard unfinished.count > 0 else { return }
        let end = now + Self.finishLimit
        var finished = 0
        while !end.hasPassed, let job = unfinished.next(at: now) {
            do throws(SpoolError) {
                if try finish(job) { finished += 1 }
                unfinished.remove(job.draft.header.id)
                if hasFailed { hurry() }
            } catch {
                unfinished.failed(job.draft.header.id, at: now)
            }
        }
        if finished > 0 { logger.info("Segments finished after a failure", [.segmentCount: .int(finished)]) }
    }

    /// Returns true if a segment was committed.
    private mutating func finish(_ job: UnfinishedSegments.Job) throws(SpoolError) -> Bool {
        let (id, coverage) = (job.draft.header.id, job.writeQueue.coverage)
        guard job.work != .discard else {
            try spool.discard(id)
            return false
        }
        guard job.place != nil || clock.isCertain else {
            throw SpoolError(.inUse, spool.root, reason: "the time of day is not known yet")
        }
        let place = job.place ?? placed(job.draft)
        unfinished.place(id, at: place)
        var whole: Segment?
        if case .commit(let segment) = job.work { whole = timed(segment, of: job.draft, at: place) }
        let result = try spool.finish(job.draft, as: place, whole: whole)
        if whole != nil { job.writeQueue.uncommittedSegments.wrappingSubtract(1, ordering: .relaxed) }
        if case .segment(let segment)? = result {
            coverage.tell(
                segment == whole
                    ? .committed(id) : .shortened(id, milliseconds: segment.end.durationMilliseconds)
            )
            onCommit(segment)
            return true
        }
        // Nothing moves a file whose commit was under way but an uploader that has stored it.
        if result == nil, whole != nil {
            coverage.tell(.committed(id))
            return true
        }
        logger.warning(
            "Nothing to finish in segment",
            [.cameraID: .int(Int(job.writeQueue.camera.rawValue)), .segmentID: .string(id.description)]
        )
        coverage.tell(.abandoned(id, Interruption(.diskFailed, "what was written could not be read back")))
        return false
    }

    /// Keeps the reserve again once there is room for it and as much again.
    private mutating func keepReserve() {
        guard reserveDue.hasPassed else { return }
        reserveDue = .now() + Self.reserveInterval
        try? spool.keepReserve()
    }
}
