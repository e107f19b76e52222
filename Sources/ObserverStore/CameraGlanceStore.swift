package import ObserverCore
package import Postgres

/// A camera's state in a few words and numbers, for pages that stand open.
package struct CameraGlance: Hashable, Sendable {
    package var id: CameraID
    package var version: Int64
    package var isActive: Bool
    package var state: CameraState
    package var since: Timestamp?
    package var cause: Cause?
    package var lastFrameAt: Timestamp?
    /// The length of its video that still waits for S3.
    package var backlogMilliseconds: Int64
    package var snapshotAt: Timestamp?
    /// True if it matches the text and the tag that were asked for; the state does not count.
    package var matches: Bool

    package init(
        id: CameraID,
        version: Int64 = 1,
        isActive: Bool = true,
        state: CameraState = .recording,
        since: Timestamp? = nil,
        cause: Cause? = nil,
        lastFrameAt: Timestamp? = nil,
        backlogMilliseconds: Int64 = 0,
        snapshotAt: Timestamp? = nil,
        matches: Bool = true
    ) {
        self.id = id
        self.version = version
        self.isActive = isActive
        self.state = state
        self.since = since
        self.cause = cause
        self.lastFrameAt = lastFrameAt
        self.backlogMilliseconds = backlogMilliseconds
        self.snapshotAt = snapshotAt
        self.matches = matches
    }
}

/// All cameras at one moment: how many do what, and those of a page; counts and rows are of the same answer.
package struct CameraGlances: Hashable, Sendable {
    /// How many cameras are in each state.
    package var counts: [CameraState: Int] = [:]
    /// The numbers of all that the filter lets through, in their order.
    package var matching: [CameraID] = []
    /// The cameras of the page, and those that are kept on it, by number.
    package var page: [CameraGlance] = []

    /// - Parameters:
    ///   - all: All cameras, by number.
    ///   - query: The filter and the page; `ids` are those that stay on it whatever they match.
    package init(_ all: [CameraGlance], _ query: CameraQuery) {
        let kept = Set(query.ids ?? [])
        var room = query.limit
        for camera in all {
            counts[camera.state, default: 0] += 1
            let isMatch = camera.matches && (query.state == nil || camera.state == query.state)
            if isMatch { matching.append(camera.id) }
            let isOnPage = isMatch && camera.id > query.after ?? CameraID(rawValue: 0) && room > 0
            if isOnPage { room -= 1 }
            if isOnPage || kept.contains(camera.id) { page.append(camera) }
        }
    }

    /// How many cameras there are.
    package var total: Int { counts.values.reduce(0, +) }
}

/// Reads all cameras in one short statement, many times an hour for each page that stands open.
package struct CameraGlanceStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The cameras at present.
    package func read(_ query: CameraQuery) throws(PostgresError) -> CameraGlances {
        let text = query.text.flatMap { $0.isEmpty ? nil : $0.limited(to: 200) }
        let statement: SQL = """
            select \(unsafe: Self.columns), (\(text)::text is null or position(lower(\(text)) in lower(concat_ws(E'\\n', c.name, c.location,
                c.location_details, array_to_string(c.tags, E'\\n')))) > 0)
                and (\(query.tag)::text is null or c.tags @> array[\(query.tag?.limited(to: 200))::text])
            \(unsafe: Self.source)
            """
        let all = try connection.query(statement) { row throws(PostgresError) in
            CameraGlance(
                id: try row.next(),
                version: try row.next(),
                isActive: try row.next(),
                state: try row.next(),
                since: try row.next(),
                cause: try row.next(),
                lastFrameAt: try row.next(),
                backlogMilliseconds: try row.next(),
                snapshotAt: try row.next(),
                matches: try row.next()
            )
        }
        return CameraGlances(all, query)
    }

    private static let columns = """
        c.id, c.version, c.is_active, d.state, \(CameraSQL.since), \(CameraSQL.cause), s.last_frame_at,
        coalesce(b.waiting_ms, 0), p.taken_at
        """

    private static let source = """
        \(CameraSQL.joins())
        left join camera_backlog b on b.camera_id = c.id and b.stream = 0
        left join camera_snapshots p on p.camera_id = c.id
        where c.deleted_at is null order by c.id
        """
}
