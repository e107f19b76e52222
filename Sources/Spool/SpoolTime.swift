package import ObserverCore

/// The time of day as far as it is known, for what earlier processes left in a spool.
package struct SpoolTime: Sendable {
    /// The place of a segment in time.
    package enum Place: Hashable, Sendable {
        /// Where its header says.
        case asWritten
        /// At this moment of the present boot, in microseconds; what was recorded before it has a negative one.
        case at(Int64)
    }

    /// Clocks that stand before this, the beginning of 2025, were never set.
    static let plausible = Timestamp(milliseconds: 1_735_689_600_000)

    /// The identity of the present boot.
    package var boot: String
    package var timeOfDay: TimeOfDay
    /// False while the time of day may still turn out to be another one.
    package var isCertain: Bool

    package init(boot: String, timeOfDay: TimeOfDay, isCertain: Bool) {
        self.boot = boot
        self.timeOfDay = timeOfDay
        self.isCertain = isCertain
    }

    /// Finds the place of a segment that an earlier process began.
    ///
    /// Recordings since the machine booted lie where its clock says. Older ones keep the time that they were given,
    /// unless that has not come yet or was never set: then it is known only that they are older than this boot, and they end there.
    ///
    /// - Parameters:
    ///   - draft: Its draft.
    ///   - ends: The last moment of what each earlier boot left, by its own clock.
    /// - Returns: Its place.
    func place(_ draft: SegmentDraft, ends: [String: Int64]) -> Place {
        guard let begun = draft.begun else { return .asWritten }
        if begun.boot == boot { return .at(begun.uptime) }
        let header = draft.header
        guard !isPossible(header.startedAt) else { return .asWritten }
        return .at(min(begun.uptime.addingSaturated(0 - (ends[begun.boot] ?? begun.uptime)), 0))
    }

    /// Returns true if a time lies between the first that clocks show and the present boot.
    func isPossible(_ time: Timestamp) -> Bool {
        (Self.plausible...max(Self.plausible, timeOfDay.wall(0))).contains(time)
    }
}

/// The time of day that a recorder had proven, for later processes of the same boot.
package struct KeptClock: Codable, Hashable, Sendable {
    package var boot: String
    /// UTC less the machine's own clock, in microseconds.
    package var offset: Int64

    package init(boot: String, offset: Int64) {
        self.boot = boot
        self.offset = offset
    }
}

extension Spool {
    private var clockPath: String { root + "/clock.json" }

    /// The time of day that was proven last; nil if none was.
    ///
    /// - Throws: `SpoolError`.
    package func keptClock() throws(SpoolError) -> KeptClock? {
        guard try Files.exists(clockPath) else { return nil }
        return try SpoolJSON.decode(KeptClock.self, at: clockPath)
    }

    /// Keeps a time of day in place of the one before.
    ///
    /// - Throws: `SpoolError`.
    package func keep(_ clock: KeptClock) throws(SpoolError) {
        try Files.writeDurably(SpoolJSON.encode(clock), to: clockPath)
        try Files.syncDirectory(root)
    }
}
