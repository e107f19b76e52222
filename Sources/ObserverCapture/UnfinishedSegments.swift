import ObserverCore
import Spool
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
        /// The segment as it was begun.
        let draft: SegmentDraft
        let work: Work
        let writeQueue: WriteQueue
        /// The header at its place in time; nil until that is known.
        var place: SegmentHeader?
        fileprivate var due: MonotonicInstant
        fileprivate var wait = firstWait
    }

    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(60)

    private var jobs: [Job] = []

    var count: Int { jobs.count }

    /// Adds a segment.
    ///
    /// - Parameters:
    ///   - work: The thing to do with it.
    ///   - draft: The segment as it was begun.
    ///   - place: Its header at its place in time, if it was given one already.
    ///   - writeQueue: Takes its fate.
    ///   - now: The present moment.
    mutating func add(
        _ work: Work,
        _ draft: SegmentDraft,
        at place: SegmentHeader? = nil,
        of writeQueue: WriteQueue,
        now: MonotonicInstant
    ) {
        guard !jobs.contains(where: { $0.draft.header.id == draft.header.id }) else { return }
        jobs.append(Job(draft: draft, work: work, writeQueue: writeQueue, place: place, due: now + Self.firstWait))
    }

    /// Keeps the place in time that a segment was given, so that it is the same in each attempt.
    mutating func place(_ id: SegmentID, at header: SegmentHeader) {
        for index in jobs.indices where jobs[index].draft.header.id == id { jobs[index].place = header }
    }

    /// The segment to try now.
    func next(at now: MonotonicInstant) -> Job? {
        jobs.first { $0.due <= now }
    }

    mutating func remove(_ id: SegmentID) {
        jobs.removeAll { $0.draft.header.id == id }
    }

    /// Takes note that a segment failed again; it waits twice as long, behind the others.
    mutating func failed(_ id: SegmentID, at now: MonotonicInstant) {
        guard let index = jobs.firstIndex(where: { $0.draft.header.id == id }) else { return }
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
