package import ObserverCore
package import Postgres

/// The stores of segments that are stored, as the lists of the stores tell.
extension CatalogueImport {
    /// Adds the stores that have objects of the right length.
    ///
    /// - Parameter found: The segments, with the length of the object in each store.
    /// - Returns: The number of rows that changed; their hours are marked.
    /// - Throws: The error that the database reports.
    package func widen(_ found: [(id: SegmentID, lengths: [Destination: Int64])]) throws(PostgresError) -> Int {
        let parts = found.flatMap { segment in
            segment.lengths.map { (id: segment.id, bytes: $1, places: DestinationSet($0)) }
        }
        guard let least = parts.map(\.id).min(), let greatest = parts.map(\.id).max() else { return 0 }
        return try count(
            """
            with written as (update segments s set destinations = s.destinations | n.places, legal_hold = null
            from (
                select id, bytes, bit_or(places) as places
                from unnest(\(parts.map(\.id)), \(parts.map(\.bytes)), \(parts.map(\.places)))
                    as p (id, bytes, places) group by id, bytes
            ) n
            where s.id = n.id and s.id between \(least) and \(greatest) and s.bytes = n.bytes and s.state = 'stored'
                and s.destinations | n.places <> s.destinations
            returning s.id, s.camera_id, s.stream), \(unsafe: CatalogueMarks.segments(of: "written"))
            select count(*) from written
            """
        )
    }

    /// Sets the stores of segments to those that have the object; a segment that none has stays as it is.
    ///
    /// - Parameters:
    ///   - found: The stores that have it.
    ///   - seen: The stores that were asked; others stay.
    /// - Returns: The number of rows that changed; their hours are marked.
    /// - Throws: The error that the database reports.
    package func place(_ found: [SegmentID: DestinationSet], seen: DestinationSet) throws(PostgresError) -> Int {
        let ids = found.keys.sorted()
        guard let least = ids.first, let greatest = ids.last else { return 0 }
        let places = ids.map { found[$0] ?? [] }
        let others = DestinationSet.all.subtracting(seen)
        return try count(
            """
            with written as (update segments s set destinations = s.destinations & \(others) | n.places, legal_hold = null
            from unnest(\(ids), \(places)) as n (id, places)
            where s.id = n.id and s.id between \(least) and \(greatest) and s.state = 'stored'
                and s.destinations & \(others) | n.places <> s.destinations and n.places <> 0
            returning s.id, s.camera_id, s.stream), \(unsafe: CatalogueMarks.segments(of: "written"))
            select count(*) from written
            """
        )
    }

    private func count(_ statement: SQL) throws(PostgresError) -> Int {
        try connection.patiently { () throws(PostgresError) in
            try connection.rows(statement, as: (Int).self, within: .seconds(60)).first ?? 0
        }
    }
}
