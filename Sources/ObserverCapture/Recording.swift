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
    private struct Measure {
        var begun = MonotonicInstant.now()
        var frames = 0
        var bytes = 0
    }

    private struct Current {
        var id: SegmentID
        var begin: RunSegmenter.Begin
        var media: SegmentMedia
    }

    /// True after the writers refused a fragment; the segment ended before it.
    private var isBehind = false
    private var measure = Measure()
    let streams: StreamDescription

    private let context: RecorderContext
    private let channel: LiveChannel
    private let camera: Camera
    private let epoch: () -> Int64
    private let writeQueue: WriteQueue
    private let run = RunID.makeRandom()
    private var current: Current?
    private var dependentSegments = 0

    init(
        _ streams: StreamDescription,
        camera: Camera,
        epoch: @escaping () -> Int64,
        writeQueue: WriteQueue,
        context: RecorderContext
    ) {
        channel = context.live.channel(camera.id)
        self.streams = streams
        self.camera = camera
        self.epoch = epoch
        self.writeQueue = writeQueue
        self.context = context
    }

    /// The segmenter of this connection, which takes the frames of the stream.
    private(set) lazy var segmenter: RunSegmenter = {
        RunSegmenter(
            streams,
            seconds: Double(camera.segmentSeconds),
            firstSeconds: Self.firstSeconds(camera, at: context.clock.now()),
            pool: context.fragments
        ) { [unowned self] output in take(output) }
    }()

    /// The way of frames to those who watch.
    private(set) lazy var live = LiveFeed(segmenter, channel: channel, writeQueue: writeQueue)

    /// Shifts the cuts of each camera, so that a thousand cameras do not end their files at the same time.
    private static func firstSeconds(_ camera: Camera, at time: Timestamp) -> Double {
        let length = Double(camera.segmentSeconds)
        let phase = (Double(camera.id.rawValue % 1000) * 0.618_034 * length).truncatingRemainder(dividingBy: length)
        let now = Double(time.milliseconds) / 1000
        let left = length - (now - phase).truncatingRemainder(dividingBy: length)
        return left < min(2, length / 2) ? left + length : left
    }

    /// Looks at what the writers made of the fragments, and counts.
    ///
    /// - Parameter receivedBytes: Bytes that came from the camera.
    func update(receivedBytes: Int) {
        measure.bytes = receivedBytes
        measure.frames = segmenter.frames
        if let reason = writeQueue.takeFailure(of: current?.id) {
            abandon()
            writeQueue.coverage.tell(.interrupted(reason))
        } else if isBehind {
            abandon()
        }
        if isBehind, writeQueue.queuedBytes.load(ordering: .relaxed) < 1 << 20 { isBehind = false }
    }

    /// The facts of the video, with its rates as far as they are measured.
    func video(at now: MonotonicInstant) -> VideoInfo {
        var info = VideoInfo(segmenter.streams.video)
        let seconds = Double((now - measure.begun).wholeMilliseconds) / 1000
        if seconds > 2 {
            info.fps = (Double(measure.frames) / seconds * 10).rounded() / 10
            info.bitrate = Int(Double(measure.bytes) * 8 / seconds)
        }
        return info
    }

    /// Ends the segment that cannot be written; once there is room, the next IDR frame begins another.
    private func abandon() {
        segmenter.abandon()
        live.interrupted()
        guard current != nil else { return }
        finish(reason: .lost, flags: [.diskBehind])
    }

    /// The facts from which the stream's health follows.
    func facts(lostPackets: Int) -> StreamHealth.Facts {
        StreamHealth.Facts(
            lostPackets: lostPackets,
            followsArrival: segmenter.timeline.clock != .source && streams.video.hasTimestamp,
            clockJumps: segmenter.timeline.rejoined,
            ownClock: context.clock.trouble,
            dependentSegments: dependentSegments,
            uncommittedSegments: writeQueue.uncommittedSegments.load(ordering: .relaxed),
            leftOut: segmenter.streams.notes
        )
    }

    /// Ends the recording; the rest goes to the writers.
    func end(_ reason: RunSegmenter.EndReason) {
        segmenter.end(reason)
        live.end()
        if current != nil { finish(reason: reason == .stopped ? .stopped : .lost, flags: []) }
    }

    private func take(_ output: RunSegmenter.Output) {
        switch output {
        case .began(let begin): self.begin(begin)
        case .fragment(let fragment): append(fragment)
        case .ended(let end):
            if end.flags.contains(.dependent) { dependentSegments += 1 }
            finish(
                reason: Self.reason(end.reason),
                flags: Set(end.flags.map(SegmentFlag.init)),
                capturedAt: end.capturedAt
            )
        }
    }

    private func begin(_ begin: RunSegmenter.Begin) {
        guard !isBehind else { return live.began(begin, as: nil) }
        let header = SegmentHeader(
            beginning: StreamID(camera.id, .main),
            at: context.clock.time(at: begin.capturedAt / 1000),
            epoch: epoch(),
            run: run,
            sequence: begin.sequence,
            origin: SegmentOrigin(recorder: context.recorder, spoolID: context.spool.id),
            keyPrefix: context.prefix
        )
        let begun = begin.capturedAt / 1000
        guard context.writers.begin(header, begun: begun, initSection: begin.initSection, writeQueue: writeQueue) else {
            isBehind = true
            writeQueue.coverage.tell(.interrupted(.diskBehind))
            return live.began(begin, as: nil)
        }
        current = Current(id: header.id, begin: begin, media: Self.media(begin))
        live.began(begin, as: header.id)
    }

    private func append(_ part: RunSegmenter.Part) {
        let fragment = part.fragment
        guard var now = current else { return live.interrupted() }
        let number = writeQueue.nextFragment()
        let stretch = Stretch(from: part.capturedAt / 1000, to: part.capturedUntil / 1000)
        writeQueue.coverage.tell(
            .queued(CoverageFragment(number: number, segment: now.id, stretches: [stretch]))
        )
        let isTaken = context.writers.append(
            fragment.bytes,
            to: now.id,
            fragment: number,
            keyFrame: keyFrame(of: part, in: now),
            writeQueue: writeQueue
        )
        guard isTaken else {
            isBehind = true
            writeQueue.coverage.tell(.dropped(fragment: number, .diskBehind))
            live.interrupted()
            finish(reason: .lost, flags: [.diskBehind])
            return
        }
        live.appended(fragment)
        now.media.duration90k = fragment.end90k - now.media.start90k
        now.media.frames += fragment.frames
        current = now
    }

    /// The first frame of a fragment, if it can be decoded without any other.
    private func keyFrame(of part: RunSegmenter.Part, in segment: Current) -> KeyFramePlace? {
        guard part.fragment.kind == .idr else { return nil }
        let place = part.fragment.firstFrame
        return KeyFramePlace(
            segment: segment.id,
            range: Int64(place.lowerBound)..<Int64(place.upperBound),
            takenAt: context.clock.time(at: part.capturedAt / 1000),
            codec: segment.begin.streams.video.codec,
            parameters: segment.begin.decoderParameters
        )
    }

    private func finish(
        reason: SegmentEnd.Reason,
        flags: Set<SegmentFlag>,
        capturedAt: Int64? = nil
    ) {
        guard let ended = current else { return }
        current = nil
        if let capturedAt { writeQueue.coverage.tell(.corrected(ended.id, from: capturedAt / 1000)) }
        let ending = WriterPool.Ending(
            begun: (capturedAt ?? ended.begin.capturedAt) / 1000,
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
