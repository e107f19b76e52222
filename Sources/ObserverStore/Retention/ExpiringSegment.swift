package import ObserverCore
import Postgres

/// A segment that retention has decided to delete.
package struct ExpiringSegment: Hashable, Sendable {
    package var id: SegmentID
    package var objectKey: String
    /// The stores that have its object.
    package var destinations: DestinationSet

    package init(id: SegmentID, objectKey: String, destinations: DestinationSet = .home) {
        self.id = id
        self.objectKey = objectKey
        self.destinations = destinations
    }
}

extension ExpiringSegment {
    /// The columns of ``init(reading:)``, of a table or query `s`.
    static let columns = "s.id, s.object_key, s.destinations"

    init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.next(),
            objectKey: try row.next(),
            destinations: try row.next()
        )
    }
}
