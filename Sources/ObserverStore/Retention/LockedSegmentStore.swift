package import ObserverCore
package import Postgres

/// Segments whose time is over and that the store protects from deletion.
package struct LockedSegmentStore {
    private let connection: PostgresConnection
    /// The seconds after which one is tried again of which the store does not say until when.
    static let retrySeconds: Int64 = 3600

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The protection of a segment's object.
    package struct Protection: Hashable, Sendable {
        package var id: SegmentID
        /// Nil: the store does not say.
        package var until: Timestamp?
        package var hasLegalHold: Bool

        package init(of id: SegmentID, until: Timestamp? = nil, hasLegalHold: Bool = false) {
            self.id = id
            self.until = until
            self.hasLegalHold = hasLegalHold
        }
    }

    /// Takes note of protections: these segments stay expiring and are tried again later.
    package func note(_ protections: [Protection]) throws(PostgresError) {
        guard !protections.isEmpty else { return }
        let sorted = Dictionary(protections.map { ($0.id, $0) }) { $1 }.values.sorted { $0.id < $1.id }
        try connection.execute(
            """
            insert into locked_segments as l (id, until, has_legal_hold)
            select * from unnest(\(sorted.map(\.id)), \(sorted.map(\.until)), \(sorted.map(\.hasLegalHold)))
            on conflict (id) do update
                set until = excluded.until, has_legal_hold = excluded.has_legal_hold, tried_at = now()
            """
        )
    }

    /// The number of protected segments, and until when.
    package struct Sum: Hashable, Sendable {
        package var segments: Int64
        package var bytes: Int64
        /// The first and the last of the times that the store says.
        package var firstUntil: Timestamp?
        package var lastUntil: Timestamp?

        package init(segments: Int64 = 0, bytes: Int64 = 0, firstUntil: Timestamp? = nil, lastUntil: Timestamp? = nil) {
            self.segments = segments
            self.bytes = bytes
            self.firstUntil = firstUntil
            self.lastUntil = lastUntil
        }
    }

    /// Reads the sum.
    package func sum() throws(PostgresError) -> Sum {
        let statement: SQL = """
            select count(*), coalesce(sum(s.bytes), 0)::bigint, min(l.until), max(l.until)
            from segments s join locked_segments l on l.id = s.id where s.state = 'expiring'
            """
        let rows = try connection.rows(
            statement,
            as: (Int64, Int64, Timestamp?, Timestamp?).self,
            within: .seconds(20)
        )
        return rows.first.map { Sum(segments: $0.0, bytes: $0.1, firstUntil: $0.2, lastUntil: $0.3) } ?? Sum()
    }

    /// The condition for a segment `s` that is not tried now.
    static let isProtected = """
        exists (select from locked_segments l
            where l.id = s.id and coalesce(l.until, l.tried_at + interval '\(retrySeconds) seconds') > now())
        """
}
