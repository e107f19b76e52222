import ObserverCore
import System

/// Distinguishes refusals of the whole store from those of one segment, and lets a single probe through while the former last.
///
/// A refusal that can only concern the store, or the same code for three segments in a row, opens it. The segment that opened
/// it is the witness: it alone goes through its tries to the one error line. All others wait as they are, and every few seconds
/// one of them is sent to find out whether the store takes segments again.
struct UploadBreaker: Sendable {
    /// Segments in a row with the same refusal that mean the store.
    static let opensAfter = 3
    /// The time between two probes: recovery is noticed within it.
    static let probeInterval: Duration = .seconds(15)

    enum Verdict: Hashable, Sendable {
        /// It concerns this segment, or must be told by it: it uses up a try.
        case counts
        /// It concerns the store: the segment waits.
        case waits
    }

    private var code: String?
    private var refused: Set<SegmentID> = []
    private var nextProbe: MonotonicInstant?
    /// The segment whose tries and dead letter tell of the refusal; nil when it has.
    private(set) var witness: SegmentID?

    init() {}

    var isOpen: Bool { nextProbe != nil }

    /// Returns true if an upload may begin.
    ///
    /// - Parameters:
    ///   - id: The segment.
    ///   - underWay: Uploads under way.
    ///   - now: The present moment.
    /// - Returns: True for every segment while it is closed, and for one at a time while it is open.
    func admits(_ id: SegmentID, underWay: Int, now: MonotonicInstant) -> Bool {
        guard let nextProbe else { return true }
        return underWay == 0 && (id == witness || now >= nextProbe)
    }

    /// Takes note of a refusal.
    mutating func refused(_ id: SegmentID, _ refusal: Refusal, now: MonotonicInstant) -> Verdict {
        if isOpen {
            nextProbe = now + Self.probeInterval
            return id == witness ? .counts : .waits
        }
        if code != refusal.code { (code, refused) = (refusal.code, []) }
        refused.insert(id)
        if refusal.isStoreWide || refused.count >= Self.opensAfter {
            witness = id
            nextProbe = now + Self.probeInterval
        }
        return .counts
    }

    /// Takes note that a probe brought no answer that decides anything.
    mutating func troubled(now: MonotonicInstant) {
        if isOpen { nextProbe = now + Self.probeInterval }
    }

    /// Takes note that the witness is dead-lettered, or gone.
    mutating func isDone(_ id: SegmentID) {
        if id == witness { witness = nil }
    }

    /// Takes note that the store has a segment.
    ///
    /// - Returns: True if it had refused all.
    mutating func accepted() -> Bool {
        defer { self = UploadBreaker() }
        return isOpen
    }
}
