import ObserverCore
import ObserverStore
import System

/// The uploader's own account of what waits and of the store.
struct UploadStanding: Sendable {
    /// Segments of one kind, and some of them, spread over all.
    struct Part: Sendable {
        var count: Int
        var sample: [SegmentID]
    }

    /// Segments of each part that are looked at, at most.
    static let sampleSize = 40

    var parts: [Part] = []
    var oldest: SegmentID?
    /// The state of each destination.
    var stores: [Destination: StoreState] = [:]
    /// The words of those that do not work.
    var storeDetails: [Destination: String] = [:]
    /// Those whose place another one takes.
    var passedOver: DestinationSet = []
    /// True if nothing waits that could be sent now: what can wait longer has its turn.
    var isQuiet = true
    /// All bytes that were stored so far.
    var storedBytes: Int64 = 0

    /// The state of home.
    var store: StoreState { stores[.home] ?? .working }
    /// Its words.
    var storeDetail: String? { storeDetails[.home] }

    /// The destinations besides home.
    var others: [DestinationReport] {
        stores.sorted { $0.key < $1.key }.filter { $0.key != .home }.map { destination, state in
            let isPassedOver = passedOver.contains(destination)
            return DestinationReport(
                destination,
                state,
                detail: storeDetails[destination],
                isPassedOver: isPassedOver
            )
        }
    }

    var count: Int { parts.reduce(0) { $0 + $1.count } }
}

/// The last standing, from the uploader's thread to the one that reports it.
final class UploadMeter: Sendable {
    private let standing = Lock(UploadStanding())

    func note(_ standing: UploadStanding) { self.standing.withLock { $0 = standing } }

    var latest: UploadStanding { standing.withLock { $0 } }
}

extension UploadStateMachine {
    private static let mostSearched = 10_000

    /// Everything in the spool that is not in the store: under way, waiting, and dead-lettered.
    func standing(_ now: MonotonicInstant) -> UploadStanding {
        var deferred = Array(deadLettered.keys) + Array(retrying.keys)
        // Those whose time has come wait as well. Of very many that is left out: it is few of them, and a search for each.
        if deferred.count <= Self.mostSearched { deferred.removeAll(where: isWaiting) }
        let oldest = [jobs.keys.min(), firstInBacklog, deferred.min()].compactMap { $0 }.min()
        let size = UploadStanding.sampleSize
        return UploadStanding(
            parts: [
                .init(count: jobs.count, sample: Array(jobs.keys.prefix(size))),
                backlogPart,
                .init(count: deferred.count, sample: Array(deferred.prefix(size))),
            ],
            oldest: oldest,
            stores: sides.mapValues { $0.breaker.isOpen ? .refused : $0.throttle.isOpen ? .working : .paused },
            passedOver: choice.passedOver,
            isQuiet: backlogPart.count == 0 && !isAnyWaiting(now),
            storedBytes: storedBytes
        )
    }
}
