import ObserverCore
import System

/// The segments of a writer that failed, with the times at which to try again: 1 s after the failure, growing to 1 min, and
/// at once when the disk works again.
struct UnfinishedSegments {
    /// The thing to do with a segment.
    enum Work: Hashable {
        /// All of it was written: commit it.
        case commit(Segment)
        /// A part of it was written: commit what is whole.
        case salvage
        /// Nothing of it is left to keep: delete its files.
        case discard
    }

    struct Job {
        let header: SegmentHeader
        let work: Work
        let writeQueue: WriteQueue
        fileprivate var due: MonotonicInstant
        fileprivate var wait = firstWait
    }

    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(60)

    private var jobs: [Job] = []

    var count: Int { jobs.count }

    mutating func add(_ work: Work, _ header: SegmentHeader, of writeQueue: WriteQueue, at now: MonotonicInstant) {
        guard !jobs.contains(where: { $0.header.id == header.id }) else { return }
        jobs.append(Job(header: header, work: work, writeQueue: writeQueue, due: now + Self.firstWait))
    }

    /// The segment to try now.
    func next(at now: MonotonicInstant) -> Job? {
        jobs.first { $0.due <= now }
    }

    mutating func remove(_ id: SegmentID) {
        jobs.removeAll { $0.header.id == id }
    }

    /// Takes note that a segment failed again; it waits twice as long, behind the others.
    mutating func failed(_ id: SegmentID, at now: MonotonicInstant) {
        guard let index = jobs.firstIndex(where: { $0.header.id == id }) else { return }
        var job = jobs.remove(at: index)
        job.wait = min(job.wait * 2, Self.longestWait)
        job.due = now + job.wait
        jobs.append(job)
    }

    /// Takes note that the disk works: those that have waited longest for nothing wait no more.
    mutating func hurry(at now: MonotonicInstant) {
        for index in jobs.indices where jobs[index].wait > Self.firstWait {
            (jobs[index].due, jobs[index].wait) = (now, Self.firstWait)
        }
    }
}
