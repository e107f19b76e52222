import System

/// The number of uploads that may be under way at once: more only while more bytes a second come of it, fewer where as many do.
///
/// It compares the goodput of two levels, each measured while as many uploads are under way as may be. On a short fast line a
/// few fill it, on a long one many are needed, and on a slow one a second upload only makes the first take twice as long.
struct UploadConcurrency: Sendable {
    /// Uploads at the start.
    static let start = 8
    /// The shortest measurement; on a slow line it takes longer, up to ``longest``.
    static let shortest: Duration = .seconds(2)
    static let longest: Duration = .seconds(20)
    /// Bytes after which the shortest measurement is long enough.
    static let enough: Int64 = 4 << 20
    /// The share of the expected growth that must come of a higher level.
    private static let leastGrowth = 0.25
    /// The share of the goodput that a lower level must keep.
    private static let leastKept = 0.97
    /// Pauses between two trials that changed nothing.
    private static let pauses: [Duration] = [.seconds(10), .seconds(30), .seconds(60), .seconds(120)]

    private enum Step: Hashable { case base, higher, lower }

    private let most: Int
    private(set) var level: Int
    private var step = Step.base
    /// The goodput of the level that a trial began at, in bytes a second.
    private var base: (level: Int, rate: Double)?
    /// True after a change of the level: what is sent at first says nothing about it.
    private var isSettling = false
    private var window: (begin: MonotonicInstant, bytes: Int64)?
    private var isSaturated = true
    private var nextTrial: MonotonicInstant?
    private var fruitless = 0
    private var triesHigher = true

    init(most: Int) {
        self.most = max(1, most)
        level = min(Self.start, self.most)
    }

    /// Takes note of what has been sent and what is under way.
    ///
    /// - Parameters:
    ///   - sent: The bytes that have been sent since the start of the process.
    ///   - underWay: The uploads under way.
    ///   - isWaiting: True if more uploads wait.
    ///   - now: The present moment.
    mutating func measure(sent: Int64, underWay: Int, isWaiting: Bool, now: MonotonicInstant) {
        guard isWaiting, underWay >= level else {
            // With nothing to send, nothing can be said of the line.
            isSaturated = false
            return restart(sent, now)
        }
        if !isSaturated {
            isSaturated = true
            return restart(sent, now)
        }
        guard let window else { return restart(sent, now) }
        let (bytes, passed) = (sent - window.bytes, now - window.begin)
        if isSettling {
            // A new connection's first bytes go into buffers at once.
            isSettling = passed < Self.shortest / 2 || (bytes < Self.enough / 4 && passed < Self.longest / 2)
            if !isSettling { restart(sent, now) }
            return
        }
        guard passed >= Self.shortest, bytes >= Self.enough || passed >= Self.longest else { return }
        let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
        finish(rate: Double(bytes) / seconds, sent, now)
    }

    /// Begins the measurement anew: something disturbed it.
    mutating func disturb() { window = nil }

    private mutating func restart(_ sent: Int64, _ now: MonotonicInstant) { window = (now, sent) }

    private mutating func finish(rate: Double, _ sent: Int64, _ now: MonotonicInstant) {
        restart(sent, now)
        switch step {
        case .base:
            base = (level, rate)
            guard nextTrial.map({ now >= $0 }) ?? true else { return }
            begin(now)
        case .higher, .lower:
            guard let base else { return step = .base }
            let isHigher = step == .higher
            let growth = Double(level) / Double(base.level) - 1
            let isBetter =
                isHigher ? rate >= base.rate * (1 + Self.leastGrowth * growth) : rate >= base.rate * Self.leastKept
            if isBetter {
                fruitless = 0
                self.base = (level, rate)
                return begin(now)
            }
            change(to: base.level)
            step = .base
            triesHigher = !isHigher
            fruitless += 1
            // The other direction at once, then a pause.
            nextTrial = now + (fruitless % 2 == 1 ? .zero : Self.pauses[min(fruitless / 2, Self.pauses.count) - 1])
        }
    }

    /// Tries another level, where there is one in the direction whose turn it is.
    private mutating func begin(_ now: MonotonicInstant) {
        let higher = min(most, level + max(1, level / 2))
        let lower = max(1, level * 2 / 3)
        let wanted = triesHigher ? higher : lower
        guard wanted != level else {
            step = .base
            triesHigher.toggle()
            fruitless += 1
            nextTrial = now + Self.pauses[min(max(fruitless / 2, 1), Self.pauses.count) - 1]
            return
        }
        step = triesHigher ? .higher : .lower
        change(to: wanted)
    }

    private mutating func change(to next: Int) {
        level = next
        isSettling = true
    }
}
