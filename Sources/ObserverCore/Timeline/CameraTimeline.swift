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

    /// The length in milliseconds up to which a hole between segments is none, whatever a row says: no frame lies in it.
    ///
    /// Segments that follow each other have such seams, since their times are cut to milliseconds.
    package static let seam: Int64 = 50

    /// The length in milliseconds below which a stretch without any row is counted with its neighbours: as a gap beside a
    /// gap, otherwise as covered.
    ///
    /// The catalogue's times agree with a clock to 0.2 s, so that less than that says nothing about the recording.
    package static let tolerance: Int64 = 200

    /// The stretch that can be told of: it ends before the future, and before what has no row only because it is recent
    /// (``latest(segmentSeconds:)``).
    package let span: TimeSpan
    package internal(set) var wanted: [TimeSpan] = []
    package internal(set) var covered: [TimeSpan] = []
    package internal(set) var gaps: [Missing] = []
    package internal(set) var unexplained: [TimeSpan] = []
    /// The part of what is covered that is not in the store yet.
    package internal(set) var waiting: [TimeSpan] = []
    /// The part of what is covered that is protected from deletion.
    package internal(set) var held: [TimeSpan] = []
    /// The part of what is not covered that was recorded, and whose bytes are gone.
    package internal(set) var lost: [TimeSpan] = []
    /// The time in which the camera was on whose recordings retention has deleted: it is no longer wanted.
    package internal(set) var expired: [TimeSpan] = []
    /// The size in milliseconds of the cells in which pieces are drawn together; 0: all is as it was.
    package internal(set) var resolution: Int64 = 0

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
    }

    /// Computes the account of a stretch of time.
    ///
    /// - Parameters:
    ///   - facts: The rows of that stretch and a second around it. If it ends less than `latest` before now, they begin no
    ///     later than that and reach until now.
    ///   - asked: The stretch.
    ///   - now: The present in milliseconds.
    ///   - latest: The age up to which missing rows may still come, in milliseconds.
    package init(_ facts: TimelineFacts, of asked: TimeSpan, now: Int64, latest: Int64) {
        let footage = TimeSpanSet(facts.recorded).joined(across: Self.seam)
        let account = facts.account(of: footage)
        let past = TimeSpan(from: .min, to: now)
        let wanted = account.wanted.intersection(past)
        var pieces = TimelinePieces(footage, facts.gaps, wanted: wanted, now: now)
        pieces.absorbSlivers(upTo: Self.tolerance)
        let horizon = pieces.startOfTail(since: now - latest) ?? now
        let end = max(asked.start, min(asked.end, min(now, horizon)))
        let span = TimeSpan(from: asked.start, to: end)
        pieces.cut(to: span)
        self.span = span
        self.wanted = wanted.intersection(span).spans
        let covered = pieces.covered
        let unexplained = pieces.unexplained
        self.covered = covered.spans
        self.unexplained = unexplained.spans
        gaps = pieces.gaps(of: facts, until: end)
        waiting = TimeSpanSet(facts.waiting).joined(across: Self.tolerance).intersection(covered).spans
        held = TimeSpanSet(facts.held).intersection(covered).spans
        lost =
            TimeSpanSet(facts.lost).joined(across: Self.tolerance)
            .intersection(unexplained.union(TimeSpanSet(gaps.map(\.span)))).spans
        expired = account.expired.intersection(span).spans
    }

    /// The lengths of the parts in milliseconds.
    package struct Sums: Hashable, Sendable {
        package var wanted: Int64 = 0
        package var covered: Int64 = 0
        package var gaps: Int64 = 0
        package var unexplained: Int64 = 0
        package var waiting: Int64 = 0
        package var held: Int64 = 0
        package var lost: Int64 = 0
    }

    /// The sums over the parts: what is wanted is what is covered, in gaps and unexplained together.
    package var sums: Sums {
        func sum(_ spans: [TimeSpan]) -> Int64 { spans.reduce(0) { $0.addingSaturated($1.milliseconds) } }
        return Sums(
            wanted: sum(wanted),
            covered: sum(covered),
            gaps: gaps.reduce(0) { $0.addingSaturated($1.span.milliseconds) },
            unexplained: sum(unexplained),
            waiting: sum(waiting),
            held: sum(held),
            lost: sum(lost)
        )
    }
}
