import Media
import System

/// The way of one viewer through a live stream: joins it, is sent frames as they come, is dropped to the next key frame where its
/// socket takes no more, and is given up where it takes nothing at all.
///
/// A pure value; what is sent is shared by all viewers.
struct LiveViewer {
    private enum Stage {
        /// The camera's loop is asked for the beginning.
        case joining
        /// The beginning lies in the spool, and is being read; frames that come meanwhile go behind it.
        case reading(LiveJoin, parts: [LivePart])
        /// A key frame is awaited.
        case awaiting
        case flowing
        /// All that is left is to be sent.
        case ending
    }

    /// The state of a viewer after a look at the time.
    enum Verdict: Hashable {
        case stays
        /// Its answer never began.
        case refused
        /// It takes nothing any more.
        case gone
    }

    /// A viewer that lies behind by more goes on with the next key frame.
    private static let lag = Duration.seconds(2)
    /// The most bytes that wait behind the beginning.
    private static let bytesLimit = 4 << 20
    /// A viewer that takes nothing for so long is given up.
    private static let patience = Duration.seconds(8)
    /// The time in which the first segment of a camera has to begin.
    private static let joinLimit = Duration.seconds(3)
    /// Nobody is sent more than this without being asked again who it is.
    private static let longest = Duration.seconds(3600)

    private var stage = Stage.joining
    private var queue: [LiveBytes] = []
    /// When each entry of the queue came; nil for the beginning, which is sent however long it takes.
    private var times: [MonotonicInstant?] = []
    /// The bytes of the queue that are held to `bytesLimit`.
    private var queuedBytes = 0
    /// The bytes of the first entry that were sent.
    private var offset = 0
    private let begun: MonotonicInstant
    private var progressAt: MonotonicInstant
    private(set) var hasAudio = false
    /// The number of times that it was dropped to a key frame.
    private(set) var drops = 0

    init(at now: MonotonicInstant) {
        begun = now
        progressAt = now
    }

    /// A request with an answer that is known already.
    init(answering pieces: [LiveBytes], at now: MonotonicInstant) {
        self.init(at: now)
        stage = .ending
        for piece in pieces + [.end] { append(piece, at: nil) }
    }

    /// True once the head of the answer is on its way.
    var hasBegun: Bool {
        switch stage {
        case .joining, .reading: false
        case .awaiting, .flowing, .ending: true
        }
    }

    /// True while the beginning is being read.
    var isReading: Bool { if case .reading = stage { true } else { false } }

    /// True if everything was sent and nothing more comes.
    var isDone: Bool { if case .ending = stage { queue.isEmpty } else { false } }

    /// True if there is something to send.
    var hasOutput: Bool { !queue.isEmpty }

    /// The bytes to send next, at most so many pieces; the first from the offset on.
    func output(most: Int) -> (pieces: ArraySlice<LiveBytes>, offset: Int) { (queue.prefix(most), offset) }

    // MARK: Events

    /// Takes the answer of the camera's loop; what of it lies in the spool is still to be read.
    mutating func join(_ join: LiveJoin) {
        guard case .joining = stage else { return }
        stage = .reading(join, parts: [])
    }

    /// Takes the head of the answer and what was read from the spool, nil where it could not be; the answer begins.
    mutating func begin(_ head: LiveBytes, group: LiveBytes?, at now: MonotonicInstant) {
        guard case .reading(let join, let parts) = stage else { return }
        hasAudio = join.hasAudio
        progressAt = now
        append(head, at: nil)
        append(LiveBytes(join.head.bytes), at: nil)
        let isWhole = join.isWhole && (join.group == nil || group != nil)
        stage = .awaiting
        if isWhole {
            if let group { append(group, at: nil) }
            if !join.present.isEmpty { append(LiveBytes(join.present), at: nil) }
            stage = .flowing
        }
        for part in parts { take(part, at: now) }
    }

    /// Takes the next frame of the camera.
    mutating func take(_ part: LivePart, at now: MonotonicInstant) {
        if part.kind == nil, !hasAudio, !isReading { return }
        switch stage {
        case .joining, .ending: return
        case .reading(let join, var parts):
            guard parts.count < 500 else {
                // Then a key frame is awaited.
                var late = join
                late.isWhole = false
                stage = .reading(late, parts: [])
                return
            }
            parts.append(part)
            stage = .reading(join, parts: parts)
        case .awaiting:
            guard part.kind == .idr || part.kind == .recovery else { return }
            stage = .flowing
            append(part.bytes, at: part.createdAt)
        case .flowing:
            append(part.bytes, at: part.createdAt)
            // A piece that was begun has to be sent in any case.
            let oldest = times.dropFirst(offset > 0 ? 1 : 0).first { $0 != nil } ?? nil
            if queuedBytes > Self.bytesLimit || oldest.map({ now - $0 > Self.lag }) == true { drop() }
        }
    }

    /// Leaves out what was not sent yet, apart from a piece that was begun.
    mutating func drop() {
        guard case .flowing = stage else { return }
        stage = .awaiting
        drops += 1
        var index = offset > 0 ? 1 : 0
        // The beginning stays: without it nothing can be played.
        while index < queue.count, times[index] == nil { index += 1 }
        let kept = index
        queue.removeSubrange(kept...)
        times.removeSubrange(kept...)
        queuedBytes = zip(queue, times).reduce(0) { $0 + ($1.1 == nil ? 0 : $1.0.framed.count) }
    }

    /// Ends the answer behind what is on its way.
    mutating func end() {
        switch stage {
        case .joining, .reading, .ending: return
        case .awaiting, .flowing:
            stage = .ending
            append(.end, at: nil)
        }
    }

    /// Takes note that bytes were sent.
    mutating func sent(_ count: Int, at now: MonotonicInstant) {
        guard count > 0 else { return }
        progressAt = now
        offset += count
        var done = 0
        while done < queue.count, offset >= queue[done].framed.count {
            offset -= queue[done].framed.count
            if times[done] != nil { queuedBytes -= queue[done].framed.count }
            done += 1
        }
        queue.removeFirst(done)
        times.removeFirst(done)
    }

    /// Looks at the time.
    mutating func check(at now: MonotonicInstant) -> Verdict {
        if !hasBegun { return now - begun > Self.joinLimit ? .refused : .stays }
        if hasOutput, now - progressAt > Self.patience { return .gone }
        if now - begun > Self.longest { end() }
        return .stays
    }

    private mutating func append(_ bytes: LiveBytes, at time: MonotonicInstant?) {
        // Whoever has taken everything is measured from now on.
        if queue.isEmpty { progressAt = max(progressAt, time ?? progressAt) }
        queue.append(bytes)
        times.append(time)
        if time != nil { queuedBytes += bytes.framed.count }
    }
}
