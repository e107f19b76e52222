/// The decision to delete the old recordings of a stream.
package struct RetentionDeletion: Hashable, Sendable {
    /// The reason.
    package enum Reason: String, CaseIterable, Sendable {
        /// They are older than their days.
        case age
        /// They take more room than a rule allows.
        case size
        /// Their camera was deleted together with them.
        case camera
    }

    /// A segment as the decision looks at it.
    package struct Candidate: Hashable, Sendable {
        package var stream: StreamID
        package var span: TimeSpan
        package var state: SegmentState
        /// When it was entered in the catalogue.
        package var enteredAt: Timestamp

        package init(of stream: StreamID, _ span: TimeSpan, _ state: SegmentState, enteredAt: Timestamp) {
            self.stream = stream
            self.span = span
            self.state = state
            self.enteredAt = enteredAt
        }
    }

    package var stream: StreamID
    package var reason: Reason
    /// The full hour before which a segment began that goes.
    package var before: Timestamp
    /// The segments that there are to delete now.
    package var due: RetentionSum

    package init(of stream: StreamID, _ reason: Reason, before: Timestamp, due: RetentionSum) {
        self.stream = stream
        self.reason = reason
        self.before = before
        self.due = due
    }

    /// The time after its start within which a segment is usually entered in the catalogue: it is an hour long at most.
    ///
    /// One that was entered later counts as so much younger.
    package static let graceSeconds: Int64 = 7200

    /// Returns true for a segment that goes; the statement that deletes says the same in SQL.
    ///
    /// - Parameters:
    ///   - candidate: The segment.
    ///   - holds: The times of its camera that are held.
    /// - Returns: False for one that is not in the store yet, whatever its age.
    package func takes(_ candidate: Candidate, holds: [TimeSpan]) -> Bool {
        guard candidate.stream == stream, candidate.state == .stored || candidate.state == .lost,
            candidate.span.startedAt < before,
            candidate.enteredAt < before.advanced(bySeconds: Self.graceSeconds)
        else { return false }
        // A segment without a length is held where it begins.
        let span = TimeSpan(from: candidate.span.start, to: max(candidate.span.end, candidate.span.start + 1))
        return holds.allSatisfy { span.clamped(to: $0).isEmpty }
    }
}
