package import ObserverCore
package import Postgres

/// A change of what is kept: of a rule or of a hold.
package struct RetentionChange: Hashable, Sendable {
    /// The kinds of changes.
    package enum Event: String, CaseIterable, Sendable {
        /// A rule was written, or another written in its place.
        case ruleWritten = "rule_written"
        case ruleDeleted = "rule_deleted"
        case held
        case released
    }

    package var id: Int64
    package var at: Timestamp
    package var actor: String
    package var event: Event
    package var scope: RetentionScope
    /// The figures of the rule before; nil: there was none.
    package var old: RetentionPolicy.Limits?
    /// The figures of the rule after; nil: it was deleted.
    package var new: RetentionPolicy.Limits?
    package var hold: Int64?
    /// The reason of the hold, or of its release.
    package var reason: String?

    package init(
        id: Int64,
        at: Timestamp,
        actor: String,
        event: Event,
        scope: RetentionScope,
        old: RetentionPolicy.Limits? = nil,
        new: RetentionPolicy.Limits? = nil,
        hold: Int64? = nil,
        reason: String? = nil
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.event = event
        self.scope = scope
        self.old = old
        self.new = new
        self.hold = hold
        self.reason = reason
    }

    init(reading row: inout PostgresRow) throws(PostgresError) {
        id = try row.next()
        at = try row.next()
        actor = try row.next()
        event = try row.next()
        let camera = try row.next(CameraID?.self)
        let tag = try row.next(String?.self)
        scope = camera.map { .camera($0) } ?? tag.map { .tag($0) } ?? .all
        old = try Self.limits(&row)
        new = try Self.limits(&row)
        hold = try row.next()
        reason = try row.next()
    }

    private static func limits(_ row: inout PostgresRow) throws(PostgresError) -> RetentionPolicy.Limits? {
        let limits = RetentionPolicy.Limits(
            longestDays: try row.next(Int?.self),
            shortestDays: try row.next(Int?.self),
            mostBytes: try row.next()
        )
        return limits == RetentionPolicy.Limits() ? nil : limits
    }
}

extension RetentionChange.Event: SQLValue {}

/// The changes of rules and holds: who, when, and from what to what.
package struct RetentionHistoryStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The changes, newest first.
    ///
    /// - Parameters:
    ///   - camera: Those of one camera alone.
    ///   - after: Only those that follow this one: the last of the page before.
    ///   - limit: The most of them.
    /// - Returns: The changes of the page.
    /// - Throws: The error that the database reports.
    package func list(
        camera: CameraID? = nil,
        after: Int64? = nil,
        limit: Int = 500
    ) throws(PostgresError) -> [RetentionChange] {
        let statement: SQL = """
            select id, at, actor, event, camera_id, tag, old_longest_days, old_shortest_days, old_most_bytes,
                new_longest_days, new_shortest_days, new_most_bytes, hold_id, reason
            from retention_history
            where (\(camera)::bigint is null or camera_id = \(camera)) and id < coalesce(\(after), 9223372036854775807)
            order by id desc limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try RetentionChange(reading: &row) }
    }

    /// Returns true if there is such a change, of a camera where one is given.
    package func has(_ id: Int64, of camera: CameraID? = nil) throws(PostgresError) -> Bool {
        let statement: SQL = """
            select id from retention_history
            where id = \(id) and (\(camera)::bigint is null or camera_id = \(camera))
            """
        return try !connection.rows(statement, as: (Int64).self).isEmpty
    }

    /// Writes down the change of a rule; belongs in its transaction.
    func note(
        _ scope: RetentionScope,
        old: RetentionPolicy.Limits?,
        new: RetentionPolicy.Limits?,
        by actor: Actor
    ) throws(PostgresError) {
        let event: RetentionChange.Event = new == nil ? .ruleDeleted : .ruleWritten
        try connection.execute(
            """
            insert into retention_history (actor, event, camera_id, tag, old_longest_days, old_shortest_days,
                old_most_bytes, new_longest_days, new_shortest_days, new_most_bytes)
            values (\(actor.description.limited(to: 80)), \(event), \(scope.camera), \(scope.tag),
                \(old?.longestDays.map { Int32(clamping: $0) }), \(old?.shortestDays.map { Int32(clamping: $0) }),
                \(old?.mostBytes), \(new?.longestDays.map { Int32(clamping: $0) }),
                \(new?.shortestDays.map { Int32(clamping: $0) }), \(new?.mostBytes))
            """
        )
    }

    /// Writes down a hold or its release; belongs in its transaction.
    func note(_ hold: Hold, _ event: RetentionChange.Event, reason: String, by actor: Actor) throws(PostgresError) {
        try connection.execute(
            """
            insert into retention_history (actor, event, camera_id, hold_id, reason)
            values (\(actor.description.limited(to: 80)), \(event), \(hold.camera), \(hold.id), \(reason))
            """
        )
    }
}
