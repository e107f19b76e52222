import Lifecycle
import Media
import ObserverCore
import Spool
import Synchronization

/// One connection to a camera, while it is read: cuts its stream and hands the pieces to the writers.
///
/// Belongs to the camera's thread.
final class Recording {
    /// What is measured for people.
    struct Measure {
        var begun = Monotonic.now()
        var frames = 0
        var bytes = 0
    }

    private struct Current {
        var id: SegmentID
        var ordinal: Int
        var begin: StreamCutter.Begin
        var end90k: Int64
        var frames = 0
    }

    /// UTC up to which the camera is recorded, as far as this connection goes, if the writers do not fail.
    private(set) var coveredUntil: Timestamp?
    /// The segment with which recording began, or began again, until something of it is known to be written.
    private var beginning: (ordinal: Int, from: Timestamp)?
    private var isUncovered = true
    /// The writers could not take a fragment: the segment was ended before it.
    private(set) var isBehind = false
    private var failure: SpoolError?
    private(set) var measure = Measure()
    let streams: StreamDescription

    private let context: RecorderContext
    private let camera: Camera
    private let epoch: () -> Int64
    private let lane: WriterLane
    private let run = RunID.makeRandom()
    private var cutter: StreamCutter?
    private var current: Current?
    private var pictureDue = Monotonic.now()

    init(
        _ streams: StreamDescription,
        camera: Camera,
        epoch: @escaping () -> Int64,
        lane: WriterLane,
        context: RecorderContext
    ) {
        self.streams = streams
        self.camera = camera
        self.epoch = epoch
        self.lane = lane
        self.context = context
        let seconds = Double(camera.segmentSeconds)
        let made = StreamCutter(streams, seconds: seconds, firstSeconds: Self.firstSeconds(camera)) {
            [unowned self] output in
            take(output)
        }
        cutter = made
        made.wantsPicture = context.pictureInterval != nil
    }

    /// Cuts lie at different moments for different cameras, so that a thousand do not end their files together.
    private static func firstSeconds(_ camera: Camera) -> Double {
        let length = Double(camera.segmentSeconds)
        let phase = (Double(camera.id.rawValue % 1000) * 0.618_034 * length).truncatingRemainder(dividingBy: length)
        let now = Double(Timestamp.now().milliseconds) / 1000
        let left = length - (now - phase).truncatingRemainder(dividingBy: length)
        return left < min(2, length / 2) ? left + length : left
    }

    /// Takes a packet.
    func take(_ packet: MediaPacket) throws(MediaError) {
        guard let cutter else { return }
        measure.bytes += packet.bytes.count
        try cutter.take(packet, arrival: Monotonic.now().nanoseconds, wallClock: Timestamp.now().microseconds)
        if lane.hasFailed.load(ordering: .relaxed), let error = lane.takeFailure() {
            failure = error
            abandon(cutter)
            // What was queued behind is lost as well.
            coveredUntil = lane.written?.until
        } else if isBehind {
            abandon(cutter)
        }
        measure.frames = cutter.frames
    }

    /// Why the writers could not write, if they could not since the last call.
    func takeFailure() -> SpoolError? {
        defer { failure = nil }
        return failure
    }

    /// Ends the segment that cannot be written; the next instant picture begins another, once there is room.
    private func abandon(_ cutter: StreamCutter) {
        cutter.abandon()
        isUncovered = true
        beginning = nil
        guard current != nil else { return }
        finish(reason: .lost, flags: ["disk_behind"], startedAt: nil)
    }

    /// Tells from when on the camera is recorded again.
    ///
    /// What is merely queued does not count, it may never reach the disk.
    ///
    /// - Parameter deadline: Until when to wait for the disk.
    /// - Returns: Nil if nothing has changed since the last call.
    func takeNewlyCovered(by deadline: Monotonic = .now()) -> Timestamp? {
        guard let begun = beginning, lane.hasWritten(begun.ordinal, by: deadline) else { return nil }
        beginning = nil
        return begun.from
    }

    /// Asks for a picture when it is time for one.
    func askForPicture() {
        guard let interval = context.pictureInterval, Monotonic.now() >= pictureDue else { return }
        pictureDue = .now() + interval
        cutter?.wantsPicture = true
    }

    /// Goes on once the writers have caught up.
    func resumeIfCaughtUp() {
        if lane.queuedBytes.load(ordering: .relaxed) < 1 << 20 { isBehind = false }
    }

    /// Ends the recording; what is left goes to the writers.
    func end(_ reason: StreamCutter.EndReason) {
        // What cannot be written at the end is missing at most a fragment; the segment ends before it.
        try? cutter?.end(reason)
        if current != nil { finish(reason: reason == .stopped ? .stopped : .lost, flags: [], startedAt: nil) }
        cutter = nil
    }

    private func take(_ output: StreamCutter.Output) {
        switch output {
        case .began(let begin): self.begin(begin)
        case .fragment(let fragment): append(fragment)
        case .ended(let end):
            finish(reason: Self.reason(end.reason), flags: end.flags, startedAt: end.startedAt)
        case .picture(let picture):
            pictureDue = context.pictureInterval.map { .now() + $0 } ?? pictureDue
            context.pictures.take(picture, at: .now(), of: camera.id)
        }
    }

    private func begin(_ begin: StreamCutter.Begin) {
        guard !isBehind else { return }
        let startedAt = Self.milliseconds(begin.startedAt)
        let id = SegmentID.make(at: startedAt)
        let epoch = epoch()
        let draft = SegmentDraft(
            id: id,
            cameraID: camera.id,
            epoch: epoch,
            run: run,
            sequence: begin.sequence,
            host: context.spool.host,
            worker: context.worker,
            startedAt: startedAt,
            objectKey: ObjectKey.make(
                prefix: context.prefix,
                camera: camera.id,
                start: startedAt,
                epoch: epoch,
                id: id
            )
        )
        guard context.writers.begin(draft, initSection: begin.initSection, lane: lane) else {
            isBehind = true
            return
        }
        let ordinal = lane.nextOrdinal()
        current = Current(id: id, ordinal: ordinal, begin: begin, end90k: begin.mediaStart90k)
        guard isUncovered else { return }
        isUncovered = false
        beginning = (ordinal, startedAt)
    }

    private func append(_ fragment: StreamCutter.Fragment) {
        guard var now = current else { return }
        let until = Timestamp(
            microseconds: fragment.startedAt + (fragment.mediaEnd90k - now.begin.mediaStart90k) * 100 / 9
        )
        let mark = WriterLane.Mark(ordinal: now.ordinal, until: until)
        guard context.writers.append(fragment.bytes, to: now.id, mark: mark, lane: lane) else {
            isBehind = true
            finish(reason: .lost, flags: ["disk_behind"], startedAt: fragment.startedAt)
            return
        }
        now.end90k = fragment.mediaEnd90k
        now.frames += fragment.frames
        current = now
        coveredUntil = until
    }

    private func finish(reason: SegmentEnd, flags: [String], startedAt: Int64?) {
        guard let ended = current else { return }
        current = nil
        let video = ended.begin.streams.video
        let ending = SegmentEnding(
            reason: reason,
            flags: flags,
            startedAt: Self.milliseconds(startedAt ?? ended.begin.startedAt),
            mediaStart90k: ended.begin.mediaStart90k,
            mediaDuration90k: ended.end90k - ended.begin.mediaStart90k,
            frames: ended.frames,
            codecs: ended.begin.codecs,
            width: video.width,
            height: video.height,
            hasAudio: ended.begin.streams.audio != nil
        )
        context.writers.end(ended.id, ending, lane: lane)
    }

    /// Segments know milliseconds, as their JSON does, so that row, sidecar and message agree.
    private static func milliseconds(_ microseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: Timestamp(microseconds: microseconds).milliseconds)
    }

    private static func reason(_ reason: StreamCutter.EndReason) -> SegmentEnd {
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
