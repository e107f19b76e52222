import ObserverCore
import System

/// The segments of a writer that failed, with the times at which to try again: 1 s after the failure, growing to 1 min.
struct UnfinishedSegments {
    private struct Job {
        let id: SegmentID
        let writeQueue: WriteQueue
        var due: MonotonicInstant
        var wait: Duration
    }

    private static let longestWait = Duration.seconds(60)

    private var jobs: [Job] = []

    var count: Int { jobs.count }

    mutating func add(_ id: SegmentID, of writeQueue: WriteQueue, at now: MonotonicInstant) {
        guard !jobs.contains(where: { $0.id == id }) else { return }
        jobs.append(Job(id: id, writeQueue: writeQueue, due: now + .seconds(1), wait: .seconds(1)))
    }

    /// The segment to try now.
    func next(at now: MonotonicInstant) -> (SegmentID, WriteQueue)? {
        jobs.first { $0.due <= now }.map { ($0.id, $0.writeQueue) }
    }

    mutating func remove(_ id: SegmentID) {
        jobs.removeAll { $0.id == id }
    }

    /// Takes note that a segment failed again; it waits twice as long, behind the others.
    mutating func failed(_ id: SegmentID, at now: MonotonicInstant) {
        guard let index = jobs.firstIndex(where: { $0.id == id }) else { return }
        var job = jobs.remove(at: index)
        job.wait = min(job.wait * 2, Self.longestWait)
        job.due = now + job.wait
        jobs.append(job)
    }
}
