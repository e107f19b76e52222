/// Finds decode times for frames of which only the presentation times are known, as RTP has them.
///
/// Frames come in the order in which they are decoded. Where they are shown in another order, a frame's decode time is the
/// smallest presentation time that no frame before it got, delayed by the number of frames that may be out of order; then it
/// never lies after the presentation time and grows evenly from the first frame on. A pure value.
struct DecodeOrder {
    /// The number of frames that may come before frames that are shown earlier.
    private(set) var depth: Int
    /// Presentation times that are not used as decode times yet, in order.
    private var waiting: [Int64] = []
    private var first: Int64 = 0
    /// The number of frames since `first`, up to `depth`.
    private var count = 0
    private var last: Int64?
    /// The last time taken out of `waiting` since `depth` has its value.
    private var taken: Int64?
    /// The one before.
    private var takenBefore: Int64?

    private static let most = 16
    /// A step as large as this is no reordering, but a jump of the clock.
    private static let jump: Int64 = 90_000

    /// Creates an order for frames of which so many, 0 to 16, may be out of order; more are noticed when they come.
    init(depth: Int) {
        self.depth = min(max(depth, 0), Self.most)
    }

    /// The decode time of the next frame, which is shown at `presentation` and lasts for `duration`, in 1/90000 s.
    mutating func decodeTime(presentation: Int64, duration: Int64) -> Int64 {
        // A frame that is shown between others leaves a gap for it; one that lies before several of them does not belong there.
        let isBehind = takenBefore.map { presentation <= $0 } == true
        if let last, isBehind || abs(presentation - last) > Self.jump + Int64(depth) * duration {
            waiting = []
            count = 0
            self.last = nil
            taken = nil
            takenBefore = nil
        }
        if last == nil { first = presentation }
        let place = waiting.firstIndex { $0 > presentation } ?? waiting.endIndex
        waiting.insert(presentation, at: place)
        let time = next(presentation, duration: duration)
        last = time
        return time
    }

    private mutating func next(_ presentation: Int64, duration: Int64) -> Int64 {
        if count < depth {
            count += 1
            return first - Int64(depth - count + 1) * duration
        }
        if let last, let taken, presentation < taken, depth < Self.most {
            // Out of order by more frames than was known: one more waits from now on.
            depth += 1
            count = depth
            self.taken = nil
            return last + 1
        }
        let smallest = waiting.removeFirst()
        takenBefore = taken ?? takenBefore
        taken = smallest
        // Behind a frame that was decoded too early, until the rest has caught up with it. Equal times are passed on.
        guard let last, smallest < last else { return smallest }
        return last + 1
    }
}
