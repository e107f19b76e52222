/// The account of a camera's time: each millisecond in which it was wanted is covered, in a gap, or unexplained.
///
/// Footage counts before a gap row that claims the same time, and of two gaps that which began first. All times are cut to
/// milliseconds before anything is computed, so that sums agree exactly.
package struct CameraTimeline: Hashable, Sendable {
    /// A stretch without a recording that has a row.
    package struct Missing: Hashable, Sendable {
        package var span: TimeSpan
        package var cause: Cause
        /// A sentence for people.
        package var detail: String?
        /// True while the gap goes on beyond the end of the timeline.
        package var lasts: Bool

        package init(span: TimeSpan, cause: Cause, detail: String?, lasts: Bool = false) {
            self.span = span
            self.cause = cause
            self.detail = detail
            self.lasts = lasts
        }
    }

    /// The length in milliseconds below which a stretch without any row is counted with its neighbours: as a gap beside a
    /// gap, otherwise as covered.
    ///
    /// The catalogue's times agree with a clock to 0.2 s, so that less than that says nothing about the recording.
    package static let tolerance: Int64 = 200

    /// The stretch that can be told of: it ends before the future, and before what has no row only because it is recent
    /// (``latest(segmentSeconds:)``).
    package let span: TimeSpan
    package let wanted: [TimeSpan]
    package let covered: [TimeSpan]
    package let gaps: [Missing]
    package let unexplained: [TimeSpan]
    /// The part of what is covered that is not in the store yet.
    package let waiting: [TimeSpan]
    /// The part of what is covered that is protected from deletion.
    package let held: [TimeSpan]

    /// The age in milliseconds up to which time after the last row is not called unexplained.
    ///
    /// A recorder commits a segment at twice its length at the latest, and a row for it or for a gap comes within seconds;
    /// a recorder that died is replaced within 20 s.
    package static func latest(segmentSeconds: Int) -> Int64 {
        Int64(2 * min(max(segmentSeconds, 0), 3600) + 20) * 1000
    }

    /// An account of time in which nothing was wanted.
    package init(nothingIn span: TimeSpan) {
        self.span = span
        wanted = []
        covered = []
        gaps = []
        unexplained = []
        waiting = []
        held = []
    }

    /// Computes the account of a stretch of time.
    ///
    /// - Parameters:
    ///   - facts: The rows of that stretch and a second around it. If it ends less than `latest` before now, they begin no
    ///     later than that and reach until now.
    ///   - asked: The stretch.
    ///   - now: The present in milliseconds.
    ///   - latest: The age up to which missing rows may still come, in milliseconds.
    ///   - resolution: The length in milliseconds below which what is covered between missing stretches counts as missing
    ///     too; nothing that is missing is ever left out.
    package init(
        _ facts: TimelineFacts,
        of asked: TimeSpan,
        now: Int64,
        latest: Int64,
        resolution: Int64 = 0
    ) {
        let wanted = facts.wanted.intersection(TimeSpan(from: .min, to: now))
        var pieces = TimelinePieces(facts, wanted: wanted, now: now)
        pieces.absorbSlivers(upTo: Self.tolerance)
        let horizon = pieces.startOfTail(since: now - latest) ?? now
        let end = max(asked.start, min(asked.end, min(now, horizon)))
        let span = TimeSpan(from: asked.start, to: end)
        pieces.cut(to: span)
        pieces.coarsen(to: resolution)
        self.span = span
        self.wanted = wanted.intersection(span).spans
        let covered = pieces.covered
        self.covered = covered.spans
        unexplained = pieces.unexplained.spans
        gaps = pieces.gaps(of: facts, until: end)
        waiting = TimeSpanSet(facts.waiting).joined(across: Self.tolerance).intersection(covered).spans
        held = TimeSpanSet(facts.held).intersection(covered).spans
    }
}
