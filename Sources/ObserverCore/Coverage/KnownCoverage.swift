/// The facts about a stream that earlier recorders left behind: in the database, in the spool, in the journal.
package struct KnownCoverage: Hashable, Sendable {
    /// A stretch of time by the wall clocks of others.
    package struct Period: Hashable, Sendable {
        package var from: Timestamp
        package var to: Timestamp

        package init(from: Timestamp, to: Timestamp) {
            self.from = from
            self.to = to
        }
    }

    /// The last switching on.
    package var wantedSince: Timestamp
    /// The switching off after it; nil if the camera is wanted.
    package var switchedOffAt: Timestamp?
    /// Earlier times for which the camera was wanted, as far back as anything may be missing.
    package var wantedBefore: [Period]
    /// The newest segments, in any order; all that are newer than the newest gap, as far as possible.
    package var recorded: [Period]
    /// Stretches that earlier processes recorded since the machine booted, by its own clock.
    ///
    /// They lie where this process's own do.
    package var measured: [Stretch] = []
    /// The newest gap, which may be open.
    package var gap: Gap?
    /// True if the gap was noted since the machine booted, by its own clock: it lies where this process's own time does.
    package var isGapMeasured = false
    /// True if the recorder before goes on until this one records, or cannot, for ten seconds at most.
    package var isHandedOver = false

    package init(
        wantedSince: Timestamp,
        switchedOffAt: Timestamp? = nil,
        wantedBefore: [Period] = [],
        recorded: [Period] = [],
        measured: [Stretch] = [],
        gap: Gap? = nil
    ) {
        self.wantedSince = wantedSince
        self.switchedOffAt = switchedOffAt
        self.wantedBefore = wantedBefore
        self.recorded = recorded
        self.measured = measured
        self.gap = gap
    }
}
