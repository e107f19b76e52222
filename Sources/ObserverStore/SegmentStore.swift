package import ObserverCore
package import Postgres

/// A segment with what became of it.
package struct SegmentRecord: Hashable, Sendable {
    package var segment: Segment
    package var state: SegmentState
    /// Refused uploads.
    package var tries: Int
    package var error: String?
    /// The store's name for this version of the object.
    package var etag: String?
    package var storedAt: Timestamp?
    package var createdAt: Timestamp
    /// Where the object is, once it is stored.
    package var destinations: DestinationSet

    package init(
        segment: Segment,
        state: SegmentState,
        tries: Int = 0,
        error: String? = nil,
        etag: String? = nil,
        storedAt: Timestamp? = nil,
        createdAt: Timestamp,
        destinations: DestinationSet = .home
    ) {
        self.segment = segment
        self.state = state
        self.tries = tries
        self.error = error
        self.etag = etag
        self.storedAt = storedAt
        self.createdAt = createdAt
        self.destinations = destinations
    }
}

/// The catalogue of recordings.
///
/// Writing is idempotent and states move forward only, so everything may be repeated and come in any order: a late
/// "spooled" does not undo "stored". Every write carries the whole segment, because the row may not be there yet: the
/// database may have been away when it was recorded. The sums of the hours and of the backlog are kept by the same
/// statement.
package struct SegmentStore {
    let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The sessions with the database so far: between two of them it may have been restored to an earlier state.
    package var sessionCount: Int { connection.sessionCount }

    // MARK: Writing

    /// Registers segments that are committed to the spool; rows that exist stay as they are.
    package func upsertSpooled(_ segments: [Segment]) throws(PostgresError) {
        try write(segments.map { Outcome($0, .spooled) })
    }

    /// A segment and what became of it.
    package struct Outcome: Hashable, Sendable {
        package var segment: Segment
        package var state: SegmentState
        package var tries: Int
        package var error: String?
        package var etag: String?
        package var storedAt: Timestamp?
        package var destinations: DestinationSet

        /// - Parameters:
        ///   - segment: As in its sidecar.
        ///   - state: What became of it.
        ///   - tries: Refused uploads; the row keeps the higher number.
        ///   - error: Why it failed or is lost.
        ///   - etag: Of the stored object.
        ///   - storedAt: When S3 confirmed it; nil for `stored`: at this moment, by the database's clock.
        ///   - destinations: Where the object is; counts for `stored` alone.
        package init(
            _ segment: Segment,
            _ state: SegmentState,
            tries: Int = 0,
            error: String? = nil,
            etag: String? = nil,
            storedAt: Timestamp? = nil,
            destinations: DestinationSet = .home
        ) {
            self.segment = segment
            self.state = state
            self.tries = tries
            self.error = error
            self.etag = etag
            self.storedAt = storedAt
            self.destinations = destinations
        }
    }

    /// Writes what became of segments, in one statement and by identifier, so that writers don't lock each other out; of
    /// several outcomes of one segment the last counts.
    ///
    /// - Returns: The states that the rows have now. Only they tell what the catalogue knows: a row may have gone further
    ///   than this.
    /// - Throws: The error that the database reports.
    @discardableResult
    package func write(_ outcomes: [Outcome]) throws(PostgresError) -> [SegmentID: SegmentState] {
        guard !outcomes.isEmpty else { return [:] }
        let latest = Dictionary(outcomes.map { ($0.segment.id, $0) }) { _, last in last }
        let sorted = latest.values.sorted { $0.segment.id < $1.segment.id }
        let written = try connection.rows(Self.writeStatement(sorted), as: (SegmentID, SegmentState).self)
        var states = Dictionary(written) { first, _ in first }
        let unchanged = latest.keys.filter { states[$0] == nil }
        // A statement of its own sees what others have committed meanwhile.
        states.merge(try self.states(of: unchanged)) { first, _ in first }
        return states
    }

    // MARK: Reading

    /// One segment.
    package func get(_ id: SegmentID) throws(PostgresError) -> SegmentRecord? {
        try connection.first("\(unsafe: Self.selection) where id = \(id)") { row throws(PostgresError) in
            try SegmentRecord(reading: &row)
        }
    }

    /// Returns true if there is such a segment, of a camera or a stream where they are given.
    package func has(
        _ id: SegmentID,
        of camera: CameraID? = nil,
        _ kind: StreamKind? = nil
    ) throws(PostgresError) -> Bool {
        let statement: SQL = """
            select id from segments where id = \(id) and (\(camera)::bigint is null or camera_id = \(camera))
                and (\(kind)::smallint is null or stream = \(kind))
            """
        return try !connection.rows(statement, as: (SegmentID).self).isEmpty
    }

    /// Returns the newest segment of a stream that still exists.
    package func newest(of camera: CameraID, _ kind: StreamKind = .main) throws(PostgresError) -> SegmentRecord? {
        try connection.first(Self.newestStatement(of: camera, kind)) { row throws(PostgresError) in
            try SegmentRecord(reading: &row)
        }
    }

    /// The states of those of these segments that have a row.
    package func states(of ids: [SegmentID]) throws(PostgresError) -> [SegmentID: SegmentState] {
        guard let least = ids.min(), let greatest = ids.max() else { return [:] }
        // The range, unlike the array, leaves out partitions.
        let statement: SQL = """
            select id, state from segments where id = any(\(ids)) and id between \(least) and \(greatest)
            """
        let rows = try connection.rows(statement, as: (SegmentID, SegmentState).self)
        return Dictionary(rows) { first, _ in first }
    }

    /// Those of these segments that have a row.
    package func records(of ids: [SegmentID]) throws(PostgresError) -> [SegmentID: SegmentRecord] {
        guard let least = ids.min(), let greatest = ids.max() else { return [:] }
        let statement: SQL = """
            \(unsafe: Self.selection) where id = any(\(ids)) and id between \(least) and \(greatest)
            """
        let records = try connection.query(statement) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
        return Dictionary(records.map { ($0.segment.id, $0) }) { first, _ in first }
    }

    /// Returns if the database answers.
    package func ping() throws(PostgresError) {
        _ = try connection.execute("select 1")  // ignored: it answered
    }

    /// Which segments to list.
    package struct Query: Sendable {
        package var camera: CameraID
        package var stream: StreamKind
        /// Only what ends after this.
        package var from: Timestamp?
        /// Only what starts before this.
        package var to: Timestamp?
        /// Only what follows this one in the order asked for: the last one of the page before.
        package var after: SegmentID?
        package var limit: Int
        package var isNewestFirst: Bool
        /// True for what retention has deleted, or is about to, instead of what is there.
        package var isExpired = false

        package static let longestPage = 500

        package init(
            camera: CameraID,
            stream: StreamKind = .main,
            from: Timestamp? = nil,
            to: Timestamp? = nil,
            after: SegmentID? = nil,
            limit: Int = Query.longestPage,
            isNewestFirst: Bool = false
        ) {
            self.camera = camera
            self.stream = stream
            self.from = from
            self.to = to
            self.after = after
            self.limit = min(max(limit, 1), Self.longestPage)
            self.isNewestFirst = isNewestFirst
        }
    }

    /// Returns the segments of a stream that have not expired in the order of their recording, paged by identifier, so that
    /// segments recorded meanwhile shift nothing.
    package func list(_ query: Query) throws(PostgresError) -> [SegmentRecord] {
        try connection.query(Self.statement(query)) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
    }

    /// The dead-lettered uploads, newest first.
    package func failed(limit: Int = 100) throws(PostgresError) -> [SegmentRecord] {
        let statement: SQL = """
            \(unsafe: Self.selection) where state = 'failed' order by id desc limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
    }
}
