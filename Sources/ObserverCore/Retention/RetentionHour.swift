import Encodings

/// The recordings of a stream in one hour (UTC).
package struct RetentionHour: Hashable, Sendable {
    package var stream: StreamID
    /// Its start.
    package var hour: Timestamp
    /// The segments that began in it.
    package var sum: RetentionSum
    /// Those of them that no rule deletes: they are held, or not in the store yet.
    package var kept: RetentionSum
    /// When the last of them was entered in the catalogue, by the database's clock; nil: none was.
    package var enteredAt: Timestamp?

    package init(
        of stream: StreamID,
        hour: Timestamp,
        sum: RetentionSum,
        kept: RetentionSum = .zero,
        enteredAt: Timestamp? = nil
    ) {
        self.stream = stream
        self.hour = hour
        self.sum = sum
        self.kept = kept
        self.enteredAt = enteredAt
    }

    /// The part that a rule may delete.
    package var free: RetentionSum { sum - kept }

    /// The end of the hour to which it belongs by age: its own, or a later one if it was entered long after its time, as
    /// happens when a recorder's clock is years behind.
    package var age: Timestamp {
        let end = hour.advanced(bySeconds: 3600)
        guard let enteredAt else { return end }
        let late = enteredAt.advanced(bySeconds: -RetentionDeletion.graceSeconds)
        return max(end, late.startOfHour.advanced(bySeconds: 3600))
    }
}

extension Timestamp {
    /// The full hour (UTC) at or before this moment.
    package var startOfHour: Timestamp {
        Timestamp(microseconds: microseconds.flooredQuotient(by: 3_600_000_000).multipliedSaturated(by: 3_600_000_000))
    }
}
