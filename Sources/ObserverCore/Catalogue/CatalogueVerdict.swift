/// The judgement about a segment of which a row, a file in a spool and an object in the bucket are known, or known not to be.
package enum CatalogueVerdict: String, CaseIterable, Sendable {
    /// Row and object agree.
    case sound
    /// On its way: recorded, and not in the bucket yet.
    case waiting
    /// The object is there, and the row does not say so.
    case unnoted
    /// The row says that it is stored, the object is not there, and the file is: it can be stored again.
    case restorable
    /// The row says that it is stored, and neither object nor file is there.
    case missing
    /// The object has another length than the row says.
    case different
    /// An object without a row.
    case orphan
    /// A file without a row, which the uploader enters.
    case unentered
    /// Stored, and the file is still there, which the uploader removes.
    case leftover
    /// On its way by its row, and its spool does not have it any more.
    case gone
    /// Deleted by its row, and the object is still there.
    case undeleted
    /// One of its stores does not have it, and another one has.
    case incomplete
    /// It lies in a store alone, by its row, that is not set up.
    case unreachable

    /// The knowledge about a file.
    package enum File: Hashable, Sendable {
        case there
        case absent
        /// Its spool is on another machine.
        case unknown
    }

    /// Judges; nil where there is nothing to judge.
    ///
    /// - Parameters:
    ///   - state: The state of the row; nil: there is none.
    ///   - file: What is known of the file.
    ///   - hasObject: True if the bucket has an object under its key.
    ///   - isWhole: False if that object has another length than the row says.
    ///   - places: The stores that should have it and those that have, of a row that is stored.
    package init?(
        state: SegmentState?,
        file: File,
        hasObject: Bool,
        isWhole: Bool = true,
        places: Places = Places()
    ) {
        switch (state, file, hasObject) {
        case (.stored, _, false) where places.isElsewhere: self = .unreachable
        case (.stored, _, true) where isWhole && !places.missing.isEmpty: self = .incomplete
        case (.stored, _, true) where isWhole && !places.unnoted.isEmpty: self = .unnoted
        case (nil, .there, false): self = .unentered
        case (nil, _, true): self = .orphan
        case (nil, _, false): return nil
        case (.expired, _, true): self = .undeleted
        case (.expired, _, false): return nil
        // Retention is at it.
        case (.expiring, _, _): self = .sound
        case (.stored, .there, false): self = .restorable
        case (.stored, _, false): self = .missing
        case (.stored, _, true) where !isWhole: self = .different
        case (.stored, .there, true): self = .leftover
        case (.stored, _, true): self = .sound
        case (.spooled, _, true), (.failed, _, true), (.lost, _, true): self = isWhole ? .unnoted : .different
        case (.spooled, .absent, false), (.failed, .absent, false): self = .gone
        case (.spooled, _, false), (.failed, _, false): self = .waiting
        case (.lost, .there, false): self = .waiting
        case (.lost, _, false): self = .sound
        }
    }

    /// The stores of a segment, by its row and by what lies in them.
    package struct Places: Hashable, Sendable {
        /// Should have it, and have not.
        package var missing: DestinationSet
        /// Have it, and the row does not say so.
        package var unnoted: DestinationSet
        /// True if the row names a store that nobody has looked into.
        package var isElsewhere: Bool

        /// Creates the comparison.
        ///
        /// - Parameters:
        ///   - noted: The stores that the row names.
        ///   - found: Those that have the object.
        ///   - seen: Those that were looked into.
        package init(noted: DestinationSet = .home, found: DestinationSet = .home, seen: DestinationSet = .home) {
            missing = noted.intersection(seen).subtracting(found)
            unnoted = found.subtracting(noted)
            isElsewhere = !noted.isSubset(of: seen)
        }
    }

    /// True if somebody should look at it.
    package var isFinding: Bool {
        switch self {
        case .sound, .waiting, .leftover, .unentered: false
        case .unnoted, .restorable, .missing, .different, .orphan, .gone, .undeleted, .incomplete, .unreachable: true
        }
    }

    /// True if there is a remedy that a command can carry out.
    package var isMendable: Bool { isFinding && self != .different && self != .unreachable }

    /// True if the remedy takes something away: a recording that counts as stored, or an object.
    package var isDestructive: Bool {
        switch self {
        case .missing, .restorable, .gone, .undeleted: true
        case .sound, .waiting, .leftover, .unentered, .unnoted, .different, .orphan, .unreachable, .incomplete: false
        }
    }
}
