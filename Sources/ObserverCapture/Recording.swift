import ObserverConfiguration
import System
import Media
import ObserverCore
import Spool
import Synchronization

/// One connection to a camera: cuts its stream into segments and passes the fragments to the writers.
///
/// Belongs to the camera's thread.
final class Recording {
    /// Counters for the status.
    struct Measure {
        var begun = MonotonicInstant.now()
        var frames = 0
        var bytes = 0
    }

    private struct Current {
        var id: SegmentID
        var ordinal: Int
        var begin: RunSegmenter.Begin
        var media: SegmentMedia
    }

    /// The moment up to which this connection is recorded, provided that the writers do not fail.
    private(set) var coveredUntil: Timestamp?
    /// The segment with which recording began or resumed, until a part of it is known to be written.
    private var beginning: (ordinal: Int, from: Timestamp)?
    private var isUncovered = true
    /// True after the writers refused a fragment; the segment ended before it.
    private(set) var isBehind = false
    private var failure: SpoolError?
    private(set) var measure = Measure()
    let streams: StreamDescription

    private let context: RecorderContext
    private let camera: Camera
    private let epoch: () -> Int64
    private let writeQueue: WriteQueue
    private let run = RunID.makeRandom()
    private var current: Current?
    private var snapshotDue = MonotonicInstant.now()

    init(
        _ streams: StreamDescription,
        camera: Camera,
        epoch: @escaping () -> Int64,
        writeQueue: WriteQueue,
        context: RecorderContext
    ) {
        self.streams = streams
        self.camera = camera
        self.epoch = epoch
        self.writeQueue = writeQueue
        self.context = context
    }

    /// The segmenter of this connection, which takes the frames of the stream.
    private(set) lazy var segmenter: RunSegmenter = {
        let made = RunSegmenter(
            streams,
            seconds: Double(camera.segmentSeconds),
            firstSeconds: Self.firstSeconds(camera)
        ) { [unowned self] output in take(output) }
        made.wantsSnapshot = context.snapshotInterval != nil
        return made
    }()

    /// Shifts the cuts of each camera, so that a thousand cameras do not end their files at the same time.
    private static func firstSeconds(_ camera: Camera) -> Double {
        let length = Double(camera.segmentSeconds)
        let phase = (Double(camera.id.rawValue % 1000) * 0.618_034 * length).truncatingRemainder(dividingBy: length)
        let now = Double(Timestamp.now().milliseconds) / 1000
        let left = length - (now - phase).truncatingRemainder(dividingBy: length)
        return left < min(2, length / 2) ? left + length : left
    }

    /// Looks at what the writers made of the fragments, and counts.
    ///
    /// - Parameter receivedBytes: Bytes that came from the camera.
    func update(receivedBytes: Int) {
        measure.bytes = receivedBytes
        measure.frames = segmenter.frames
        if writeQueue.hasFailed.load(ordering: .relaxed), let error = writeQueue.takeFailure() {
            failure = error
            abandon(segmenter)
            // Fragments that were queued behind it are lost as well.
            coveredUntil = writeQueue.written?.until
        } else if isBehind {
            abandon(segmenter)
        }
    }

    /// The failure of the writers since the last call, if there was one.
    func takeFailure() -> SpoolError? {
        defer { failure = nil }
        return failure
    }

    /// Ends the segment that cannot be written; once there is room, the next IDR frame begins another.
    private func abandon(_ segmenter: RunSegmenter) {
        segmenter.abandon()
        isUncovered = true
        beginning = nil
        guard current != nil else { return }
        finish(reason: .lost, flags: [.diskBehind], startedAt: nil)
    }

    /// Takes the moment since which the camera is recorded again.
    ///
    /// Queued fragments do not count, because they may never reach the disk.
    ///
    /// - Parameter deadline: The time to wait for the disk.
    /// - Returns: Nil if nothing has changed since the last call.
    func takeNewlyCovered(by deadline: MonotonicInstant = .now()) -> Timestamp? {
        guard let begun = beginning, writeQueue.hasWritten(begun.ordinal, by: deadline) else { return nil }
        beginning = nil
        return begun.from
    }

    /// Requests a snapshot if one is due.
    func requestSnapshot() {
        guard let interval = context.snapshotInterval, MonotonicInstant.now() >= snapshotDue else { return }
        snapshotDue = .now() + interval
        segmenter.wantsSnapshot = true
    }

    /// Resumes once the writers have caught up.
    func resumeIfCaughtUp() {
        if writeQueue.queuedBytes.load(ordering: .relaxed) < 1 << 20 { isBehind = false }
    }

    /// Ends the recording; the rest goes to the writers.
    func end(_ reason: RunSegmenter.EndReason) {
        segmenter.end(reason)
        if current != nil { finish(reason: reason == .stopped ? .stopped : .lost, flags: [], startedAt: nil) }
    }

    private func take(_ output: RunSegmenter.Output) {
        switch output {
        case .began(let begin): self.begin(begin)
        case .fragment(let part): append(part)
        case .ended(let end):
            finish(
                reason: Self.reason(end.reason),
                flags: Set(end.flags.map(SegmentFlag.init)),
                startedAt: end.startedAt
            )
        case .keyFrame(let frame):
            snapshotDue = context.snapshotInterval.map { .now() + $0 } ?? snapshotDue
            context.snapshots.take(frame, at: .now(), of: camera.id)
        }
    }

    private func begin(_ begin: RunSegmenter.Begin) {
        guard !isBehind else { return }
        let startedAt = Self.milliseconds(begin.startedAt)
        let header = SegmentHeader(
            beginning: StreamID(camera.id, .main),
            at: startedAt,
            epoch: epoch(),
            run: run,
            sequence: begin.sequence,
            origin: SegmentOrigin(recorder: context.recorder, spoolID: context.spool.id),
            keyPrefix: context.prefix
        )
        guard context.writers.begin(header, initSection: begin.initSection, writeQueue: writeQueue) else {
            isBehind = true
            return
        }
        let ordinal = writeQueue.nextOrdinal()
        current = Current(id: header.id, ordinal: ordinal, begin: begin, media: Self.media(begin))
        guard isUncovered else { return }
        isUncovered = false
        beginning = (ordinal, startedAt)
    }

    private func append(_ part: RunSegmenter.Part) {
        guard var now = current else { return }
        let fragment = part.fragment
        let until = Timestamp(microseconds: part.startedAt + (fragment.end90k - now.begin.mediaStart90k) * 100 / 9)
        let mark = WriteQueue.Mark(ordinal: now.ordinal, until: until)
        guard context.writers.append(fragment.bytes, to: now.id, mark: mark, writeQueue: writeQueue) else {
            isBehind = true
            finish(reason: .lost, flags: [.diskBehind], startedAt: part.startedAt)
            return
        }
        now.media.duration90k = fragment.end90k - now.media.start90k
        now.media.frames += fragment.frames
        current = now
        coveredUntil = until
    }

    private func finish(reason: SegmentEnd.Reason, flags: Set<SegmentFlag>, startedAt: Int64?) {
        guard let ended = current else { return }
        current = nil
        let ending = WriterPool.Ending(
            startedAt: Self.milliseconds(startedAt ?? ended.begin.startedAt),
            media: ended.media,
            end: SegmentEnd(reason, durationMilliseconds: ended.media.durationMilliseconds, flags: flags)
        )
        context.writers.end(ended.id, ending, writeQueue: writeQueue)
    }

    private static func media(_ begin: RunSegmenter.Begin) -> SegmentMedia {
        let video = begin.streams.video
        var media = SegmentMedia(
            codecs: begin.codecs,
            width: video.width,
            height: video.height,
            hasAudio: begin.streams.audio != nil
        )
        media.start90k = begin.mediaStart90k
        return media
    }

    /// Rounds down to milliseconds, the precision of the JSON, so that row, sidecar and message agree.
    private static func milliseconds(_ microseconds: Int64) -> Timestamp {
        let time = Timestamp(milliseconds: Timestamp(microseconds: microseconds).milliseconds)
        // A machine whose clock was never set records all the same.
        return min(max(time, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
    }

    private static func reason(_ reason: RunSegmenter.EndReason) -> SegmentEnd.Reason {
        switch reason {
        case .cut(.duration): .duration
        case .cut(.parameters): .parameters
        case .cut(.oversize): .oversize
        case .cut(.clock): .clock
        case .stopped: .stopped
        case .lost: .lost
        }
    }
}

extension SegmentFlag {
    init(_ flag: RunSegmenter.Flag) {
        switch flag {
        case .clockArrival: self = .clockArrival
        case .clockJoined: self = .clockJoined
        case .timestampsNudged: self = .timestampsNudged
        case .recoveryStart: self = .recoveryStart
        case .dependent: self = .dependent
        case .audioDropped: self = .audioDropped
        case .wallStep: self = .wallStep
        }
    }
}
