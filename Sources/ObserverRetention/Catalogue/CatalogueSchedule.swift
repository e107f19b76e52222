package import ObserverCore
package import ObserverStore
package import System
import Lifecycle

/// Decides what the thread does that keeps the catalogue in the bucket.
///
/// Every process compares database and bucket; one at a time, whoever has the lease, writes. Nothing is written from a
/// database that is behind its bucket, so that what the bucket knows better is not lost; what it lacks comes back first.
package struct CatalogueSchedule: Sendable {
    package enum Action: Hashable, Sendable {
        /// Read both heads.
        case compare
        case lease
        /// Bring back what the database lacks.
        case heal
        /// Raise the number, in the database and then in the bucket.
        case advance
        /// Look for hours that are due.
        case find
        case write(CatalogueStore.Change)
        case writeCameras
        /// Compare one day of a stream.
        case watch
        case rest(until: MonotonicInstant)
    }

    package enum Event: Hashable, Sendable {
        case compared(CatalogueHead.Standing)
        case leased(Bool)
        case healed
        case advanced
        case found([CatalogueStore.Change])
        case written
        case wroteCameras
        /// True when all has been compared.
        case watched(isEnd: Bool)
        /// Somebody has seen the number of the database go down.
        case suspected
        case failed(problem: String)
        /// The access key may not read or write what is about the catalogue.
        case refused(problem: String)
    }

    /// The length of a lease, in seconds.
    package static let leaseSeconds: Int64 = 60
    static let renewal: Duration = .seconds(15)
    static let beat: Duration = .seconds(120)
    static let search: Duration = .seconds(60)
    static let cameras: Duration = .seconds(600)
    static let watch: Duration = .seconds(60)
    /// The wait after all has been compared.
    static let pass: Duration = .seconds(24 * 3600)
    private static let refusal: Duration = .seconds(600)

    package private(set) var standing: CatalogueHead.Standing?
    /// The trouble, as a sentence.
    package private(set) var problem: String?
    private var hasLease = false
    private var isAdvanced = false
    private var pending: [CatalogueStore.Change] = []
    private var pauses = Backoff(first: .seconds(1), limit: .seconds(300), jitter: 0.5)
    private var pausedUntil: MonotonicInstant?
    private var nextCompare: MonotonicInstant
    private var nextLease: MonotonicInstant
    private var nextSearch: MonotonicInstant
    private var nextCameras: MonotonicInstant
    private var nextWatch: MonotonicInstant

    package init(now: MonotonicInstant) {
        (nextCompare, nextLease, nextSearch, nextCameras, nextWatch) = (now, now, now, now, now + Self.watch)
    }

    /// Returns the next action.
    package func next(now: MonotonicInstant) -> Action {
        if let pausedUntil, now < pausedUntil { return .rest(until: pausedUntil) }
        if nextCompare <= now { return .compare }
        if nextLease <= now { return .lease }
        guard hasLease, let standing, standing != .foreign else { return .rest(until: min(nextCompare, nextLease)) }
        if standing == .behind { return .heal }
        if !isAdvanced { return .advance }
        if let change = pending.first { return .write(change) }
        if nextSearch <= now { return .find }
        if nextCameras <= now { return .writeCameras }
        if nextWatch <= now { return .watch }
        return .rest(until: [nextCompare, nextLease, nextSearch, nextCameras, nextWatch].min() ?? nextLease)
    }

    /// Takes note of what came of the last action.
    package mutating func take(_ event: Event, now: MonotonicInstant) {
        switch event {
        case .failed(let problem): return pause(problem, until: now + pauses.next())
        case .refused(let problem): return pause(problem, until: now + Self.refusal)
        case .suspected: return suspect(now: now)
        default: break
        }
        switch event {
        case .compared(let found):
            standing = found
            isAdvanced = false
            nextCompare = now + Self.beat
        case .leased(let isMine):
            nextLease = now + Self.renewal
            if isMine != hasLease { pending = [] }
            hasLease = isMine
        case .healed:
            nextCompare = now
        case .advanced: isAdvanced = true
        case .found(let changes):
            pending = changes
            if changes.isEmpty { nextSearch = now + Self.search }
        case .written: if !pending.isEmpty { pending.removeFirst() }
        case .wroteCameras: nextCameras = now + Self.cameras
        case .watched(let isEnd): nextWatch = now + (isEnd ? Self.pass : Self.watch)
        case .suspected, .failed, .refused: break
        }
        problem = standing == .foreign ? Self.foreign : nil
        pauses.reset()
        pausedUntil = nil
    }

    private mutating func pause(_ problem: String, until end: MonotonicInstant) {
        self.problem = problem
        pausedUntil = end
        // What was known may be of another state by then.
        pending = []
        nextLease = end
        nextCompare = end
    }

    private mutating func suspect(now: MonotonicInstant) {
        nextCompare = now
        pending = []
        standing = nil
    }

    static let foreign = """
        the bucket holds the recordings of another database below this prefix; nothing is deleted and nothing about the \
        catalogue written until `observerctl rebuild` has brought them in, or another prefix is set
        """
    static let behind = """
        the database is an earlier state of itself than the bucket knows; what it lacks comes back from there, and nothing is \
        deleted meanwhile
        """
}
