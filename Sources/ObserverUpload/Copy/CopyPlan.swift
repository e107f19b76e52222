import Lifecycle
package import ObserverCore
package import System

/// Decides which segment is copied next to where it belongs: `(rows, outcomes, is there time, now) -> step`.
///
/// Segments lie elsewhere because a destination took nothing for a while. They are found by their rows, oldest first, so that
/// nothing has to be remembered over a restart; and everything that waits in the spool comes first. Nothing here does I/O.
package struct CopyPlan: Sendable {
    /// A segment that one of the wanted destinations lacks.
    package struct Row: Hashable, Sendable {
        package var segment: Segment
        package var destinations: DestinationSet

        package init(_ segment: Segment, in destinations: DestinationSet) {
            (self.segment, self.destinations) = (segment, destinations)
        }
    }

    package enum Step: Hashable, Sendable {
        case rest(until: MonotonicInstant)
        /// Look for rows behind this one.
        case find(after: SegmentID?)
        case copy(Row, from: Destination, to: Destination)
    }

    package enum Outcome: Hashable, Sendable {
        /// The destination has it, and the row says so.
        case copied
        /// It is not stored any more.
        case gone
        /// There are other bytes than its row describes.
        case different
        /// A store, the database or the disk did not do its part; the next attempt may succeed.
        case trouble
    }

    /// The time after which a segment whose bytes were other ones is looked at again.
    private static let differentPause: Duration = .seconds(6 * 3600)
    private static let mostDifferent = 10_000
    /// The time after which it is asked again whether there is time.
    private static let busyPause: Duration = .seconds(2)

    package let wanted: DestinationSet
    private let interval: Duration
    private var rows: [Row] = []
    private var cursor: SegmentID?
    private var rest: MonotonicInstant?
    private var pause = Pause(Backoff(first: .seconds(1), limit: .seconds(60), jitter: 0.5))
    private var different: [SegmentID: MonotonicInstant] = [:]
    private var random: JitterSource

    /// Creates a plan that begins with the oldest row.
    ///
    /// - Parameters:
    ///   - wanted: The destinations that segments belong in.
    ///   - interval: The time between two looks at all rows.
    ///   - seed: The number that all jitter follows from.
    package init(wanted: DestinationSet, interval: Duration, seed: UInt64) {
        (self.wanted, self.interval) = (wanted, interval)
        random = JitterSource(seed: seed)
    }

    /// Returns what is to be done now.
    ///
    /// - Parameters:
    ///   - isQuiet: Nothing waits in the spool that could be sent now.
    ///   - now: The present moment.
    /// - Returns: The step.
    package mutating func next(isQuiet: Bool, now: MonotonicInstant) -> Step {
        if let rest, now < rest { return .rest(until: rest) }
        guard isQuiet else { return .rest(until: now + Self.busyPause) }
        while let row = rows.first {
            let isSpared = different[row.segment.id].map { now < $0 } ?? false
            if !isSpared, let to = wanted.subtracting(row.destinations).members.first,
                let from = row.destinations.members.first
            {
                return .copy(row, from: from, to: to)
            }
            rows.removeFirst()
        }
        return .find(after: cursor)
    }

    /// Takes the rows behind the last one; none at the end, nil where the database did not answer.
    package mutating func found(_ page: [Row]?, now: MonotonicInstant) {
        guard let page else { return troubled(now) }
        pause.end()
        rows = page
        cursor = page.last?.segment.id
        guard page.isEmpty else { return }
        different = different.filter { now < $0.value }
        rest = now + interval
    }

    /// Takes the outcome of a copy.
    package mutating func finished(_ outcome: Outcome, to destination: Destination, now: MonotonicInstant) {
        guard let row = rows.first else { return }
        if outcome == .trouble { return troubled(now) }
        pause.end()
        switch outcome {
        case .copied: rows[0].destinations.insert(destination)
        case .gone: rows.removeFirst()
        case .different:
            rows.removeFirst()
            if different.count < Self.mostDifferent { different[row.segment.id] = now + Self.differentPause }
        case .trouble: break
        }
    }

    private mutating func troubled(_ now: MonotonicInstant) {
        pause.begin(now, &random)
        rest = pause.moment
    }
}
