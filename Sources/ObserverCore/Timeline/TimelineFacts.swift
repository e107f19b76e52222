/// The rows from which a timeline follows.
package struct TimelineFacts: Hashable, Sendable {
    /// A movement of a camera's switch.
    package struct Switch: Hashable, Sendable {
        package var at: Timestamp
        package var isActive: Bool

        package init(at: Timestamp, isActive: Bool) {
            self.at = at
            self.isActive = isActive
        }
    }

    /// The stretch of time of which all rows are here.
    package var span: TimeSpan
    package var createdAt: Timestamp
    /// The present position of the switch.
    package var isActive: Bool
    /// The last movement before the stretch, those within it, and the first one after it.
    package var switches: [Switch]
    /// The segments that can be played, whatever their order.
    package var recorded: [TimeSpan]
    /// Those of them that are not in the store yet.
    package var waiting: [TimeSpan]
    package var gaps: [Gap]
    /// The segments whose bytes are gone, whatever their order.
    package var lost: [TimeSpan]
    /// Those that are protected from deletion.
    package var held: [TimeSpan]
    /// Retention has deleted what was recorded before this; nil: nothing was deleted.
    package var deletedBefore: Timestamp?

    package init(
        span: TimeSpan,
        createdAt: Timestamp,
        isActive: Bool,
        switches: [Switch] = [],
        recorded: [TimeSpan] = [],
        waiting: [TimeSpan] = [],
        gaps: [Gap] = [],
        lost: [TimeSpan] = [],
        held: [TimeSpan] = [],
        deletedBefore: Timestamp? = nil
    ) {
        self.span = span
        self.createdAt = createdAt
        self.isActive = isActive
        self.switches = switches
        self.recorded = recorded
        self.waiting = waiting
        self.gaps = gaps
        self.lost = lost
        self.held = held
        self.deletedBefore = deletedBefore
    }

    /// The time in which the camera was wanted, and that in which it was on and what was recorded is deleted.
    ///
    /// Before the first movement that is known, the switch stood the other way, and the camera did not exist before it was
    /// created. Of the time whose recordings retention has deleted, only what is left counts: nobody wants the rest any more.
    func account(of footage: TimeSpanSet) -> (wanted: TimeSpanSet, expired: TimeSpanSet) {
        var spans: [TimeSpan] = []
        let sorted = switches.sorted { $0.at < $1.at }
        var isOn = sorted.first.map { !$0.isActive } ?? isActive
        var since = max(span.start, createdAt.milliseconds)
        for step in sorted {
            let at = step.at.milliseconds
            if isOn { spans.append(TimeSpan(from: since, to: at)) }
            since = max(span.start, at)
            isOn = step.isActive
        }
        if isOn { spans.append(TimeSpan(from: since, to: span.end)) }
        let wanted = TimeSpanSet(spans).intersection(span)
        guard let deletedBefore else { return (wanted, TimeSpanSet()) }
        let deleted = TimeSpanSet([TimeSpan(from: span.start, to: deletedBefore.milliseconds)]).subtracting(footage)
        return (wanted.subtracting(deleted), wanted.intersection(deleted))
    }
}
