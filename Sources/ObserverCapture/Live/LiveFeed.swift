import Lifecycle
import Media
import ObserverCore
import System

/// The loop's side of live pictures: knows where the present group of frames lies, and hands frames out while somebody watches.
///
/// Belongs to the recording of one connection, on the camera's loop.
final class LiveFeed {
    /// The frames since the last key frame that lie in the spool.
    private struct Group {
        var segment: SegmentID
        var start: Int64
        var end: Int64
        var start90k: Int64
        var marks: [LiveMark] = []
        var hasAudio = false
    }

    /// A larger group is not sent: its viewers wait for the next key frame.
    static let groupLimit: Int64 = 8 << 20
    private static let marksLimit = 64
    /// Audio that did not come for longer is left out, because players wait for it.
    private static let audioPatience: Int64 = 1_500_000_000
    /// Viewers without audio begin anew once it has come for so long, and has not ceased in the time before.
    private static let soundDelay = Duration.seconds(2)
    private static let soundRest = Duration.seconds(60)

    private let channel: LiveChannel
    private let writeQueue: WriteQueue
    private unowned let segmenter: RunSegmenter
    private var head: RunSegmenter.Head?
    private var group: Group?
    /// True while the present fragment continues a group that cannot be sent out of its file.
    private var isBroken = false
    /// True once a segment began in the middle of a group: what is before it lies in a file that may be gone soon.
    private var hasLongGroups = false
    /// The fragments since the last key frame, of a camera with such groups.
    private var kept: [Fragment] = []
    private var segment: SegmentID?
    private var written: Int64 = 0
    private var watch = LiveChannel.Watch()
    private var waiting: [LiveToken] = []
    private var isHeard = false
    private var heardSince: MonotonicInstant?
    private var ceasedAt: MonotonicInstant?
    private var isSoundTold = false

    init(_ segmenter: RunSegmenter, channel: LiveChannel, writeQueue: WriteQueue) {
        self.segmenter = segmenter
        self.channel = channel
        self.writeQueue = writeQueue
        segmenter.onMove = { [weak self] in
            guard let self, watch.isAny else { return }
            self.channel.tell(.ended(self.channel.camera, .times))
        }
    }

    // MARK: What is recorded

    /// A segment begins; `id` is nil where it is not written.
    func began(_ begin: RunSegmenter.Begin, as id: SegmentID?) {
        let isNew = head.map { $0.bytes !== begin.initSection } ?? false
        if isNew { kept = [] }
        head = RunSegmenter.Head(bytes: begin.initSection, codecs: begin.codecs)
        segment = id
        written = Int64(begin.initSection.count)
        group = nil
        // It has a key frame first, or what follows is of no use alone.
        isBroken = true
        if isNew, watch.isAny { channel.tell(.ended(channel.camera, .parameters)) }
        answer()
    }

    /// A fragment was given to the writers.
    func appended(_ fragment: Fragment) {
        let start = written
        written += Int64(fragment.bytes.count)
        if watch.fragments { tell(fragment) }
        keep(fragment)
        guard let segment else { return }
        if fragment.kind != .dependent {
            isBroken = false
            group = Group(segment: segment, start: start, end: start, start90k: fragment.start90k)
        }
        guard var present = group else {
            (isBroken, hasLongGroups) = (true, true)
            return
        }
        present.end = written
        present.hasAudio = present.hasAudio || fragment.hasAudio
        present.marks.append(LiveMark(bytes: written - present.start, end90k: fragment.end90k))
        guard present.end - present.start <= Self.groupLimit, present.marks.count <= Self.marksLimit else {
            group = nil
            return isBroken = true
        }
        group = present
    }

    private func keep(_ fragment: Fragment) {
        if fragment.kind != .dependent { kept = [] }
        // Without its beginning a group is of no use.
        guard hasLongGroups, fragment.kind != .dependent || !kept.isEmpty else { return }
        kept.append(fragment)
        let bytes = kept.reduce(0) { $0 + $1.bytes.count }
        if bytes > Int(Self.groupLimit) || kept.count > Self.marksLimit { kept = [] }
    }

    /// A fragment was not written, or the segment ended early.
    func interrupted() {
        segment = nil
        group = nil
        kept = []
        isBroken = true
    }

    /// The connection is over.
    func end() {
        segmenter.watch(nil)
        if watch.isAny { channel.tell(.ended(channel.camera, .run)) }
    }

    private func tell(_ fragment: Fragment) {
        listen(at: .now())
        let part = LiveFragment(
            bytes: fragment.bytes,
            start90k: fragment.start90k,
            end90k: fragment.end90k,
            kind: fragment.kind,
            hasAudio: fragment.hasAudio
        )
        channel.tell(.fragment(channel.camera, part))
    }

    // MARK: Who watches

    /// Takes over what is asked for; returns the viewers that wait for the first segment.
    func take(_ watch: LiveChannel.Watch, joins: [LiveToken]) {
        self.watch = watch
        if watch.frames != segmenter.isWatched {
            segmenter.watch(watch.frames ? { [unowned self] in handOut($0) } : nil)
        }
        waiting += joins
        answer()
    }

    /// The viewers that have got no answer, for the recording that follows.
    var unanswered: [LiveToken] { waiting }

    private func handOut(_ part: FramePart) {
        let now = MonotonicInstant.now()
        if part.kind == nil { hear(at: now) } else { listen(at: now) }
        channel.tell(.part(channel.camera, LivePart(bytes: LiveBytes(part.bytes), kind: part.kind, createdAt: now)))
    }

    /// Ends what has no audio once it comes in: a player was not told of it.
    private func hear(at now: MonotonicInstant) {
        isHeard = true
        let since = heardSince ?? now
        heardSince = since
        let isCalm = ceasedAt.map { now - $0 > Self.soundRest } ?? true
        guard !isSoundTold, isCalm, now - since > Self.soundDelay else { return }
        isSoundTold = true
        channel.tell(.ended(channel.camera, .sound))
    }

    /// Ends what has audio once none comes any more: a player would wait for it.
    private func listen(at now: MonotonicInstant) {
        guard isHeard, !hasAudio(at: now) else { return }
        (isHeard, isSoundTold, heardSince, ceasedAt) = (false, false, nil, now)
        channel.tell(.ended(channel.camera, .audio))
    }

    /// Returns true while audio is coming in.
    private func hasAudio(at now: MonotonicInstant) -> Bool {
        segmenter.audioArrival.map { now.nanoseconds - $0 < Self.audioPatience } ?? false
    }

    private func answer() {
        guard !waiting.isEmpty, let head else { return }
        let join = join(head, at: .now())
        for token in waiting { channel.tell(.joined(token, join, writeQueue)) }
        waiting = []
    }

    private func join(_ full: RunSegmenter.Head, at now: MonotonicInstant) -> LiveJoin {
        let isHeard = segmenter.streams.audio != nil && hasAudio(at: now)
        self.isHeard = isHeard || self.isHeard
        let head = isHeard ? full : segmenter.videoHead ?? full
        var join = LiveJoin(head: head, hasAudio: isHeard)
        let present = segmenter.presentBytes <= Self.groupLimit ? segmenter.presentFragment() : nil
        if let present, present.kind != .dependent {
            // The group began with the fragment that is being put together.
            join.present = present.bytes
        } else if let group, segmenter.isWatched || watch.fragments, !isBroken {
            join.group = LivePlace(segment: group.segment, range: group.start..<group.end)
            join.marks = group.marks
            join.groupStart90k = group.start90k
            join.present = present?.bytes ?? []
            join.isWhole = segmenter.presentBytes <= Self.groupLimit
        } else if !kept.isEmpty, segmenter.presentBytes <= Self.groupLimit {
            for fragment in kept { fragment.bytes.withUnsafeBytes { join.present.append(contentsOf: $0) } }
            join.present += present?.bytes ?? []
        } else {
            join.isWhole = false
        }
        // A player that was told of no audio must not get any.
        let wasHeard = segmenter.presentHasAudio || group?.hasAudio == true || kept.contains(where: \.hasAudio)
        if !isHeard, wasHeard { join.isWhole = false }
        return join
    }
}
