/// Decides which hours are written to the bucket.
///
/// An hour is written when it is over and its last segments have had time to be stored; a late change, as when a backlog is
/// uploaded, gathers others for ten minutes. An hour that is not over, because a clock is wrong, is not waited for.
package struct ManifestDue: Hashable, Sendable {
    private static let grace: Int64 = 300
    private static let gathering: Int64 = 600
    private static let longest: Int64 = 2 * 3600 + 600

    /// Hours that began later are not over.
    package let latestHour: Timestamp
    /// Changes that came first after this are still gathered.
    package let latestChange: Timestamp
    /// Changes that came first before this are written in any case.
    package let oldestChange: Timestamp

    /// The bounds at a moment.
    package init(at now: Timestamp) {
        latestHour = now.advanced(bySeconds: -3600 - Self.grace)
        latestChange = now.advanced(bySeconds: -Self.gathering)
        oldestChange = now.advanced(bySeconds: -Self.longest)
    }

    /// Returns true if an hour is to be written that changed first at a moment after it was written last.
    package func includes(hour: Timestamp, changedAt change: Timestamp) -> Bool {
        change <= oldestChange || (hour <= latestHour && change <= latestChange)
    }
}
