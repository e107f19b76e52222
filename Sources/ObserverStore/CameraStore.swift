package import ObserverCore
package import Postgres

/// The cameras that people manage.
///
/// Every call is one statement; a deleted camera is not found. Each switching on or off is kept in `camera_switches`
/// with its actor.
package struct CameraStore {
    let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Reading

    /// The cameras of a page, by number.
    package func list(_ query: CameraQuery) throws(PostgresError) -> [CameraListing] {
        try connection.query(Self.statement(query)) { row throws(PostgresError) in try CameraListing(reading: &row) }
    }

    /// Lends each row of a page (columns: ``CameraColumn``), for lists that are written without a copy.
    ///
    /// - Returns: How many rows there were.
    @discardableResult
    package func forEachRow(
        _ query: CameraQuery,
        _ body: (inout PostgresRow) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        try connection.forEachRow(Self.statement(query), body)
    }

    /// One camera; nil when there is none of that number.
    package func get(_ id: CameraID) throws(PostgresError) -> CameraListing? {
        let statement: SQL = "\(unsafe: Self.detailed) where c.id = \(id) and c.deleted_at is null"
        return try connection.first(statement) { row throws(PostgresError) in try CameraListing(reading: &row) }
    }

    /// Returns true if there is a camera of that number, or was one.
    package func hasHad(_ id: CameraID) throws(PostgresError) -> Bool {
        try !connection.rows("select id from cameras where id = \(id)", as: (CameraID).self).isEmpty
    }

    /// How many cameras there are and how many of them are on.
    package func count() throws(PostgresError) -> (all: Int, active: Int) {
        let statement: SQL = "select count(*), count(*) filter (where is_active) from cameras where deleted_at is null"
        return try connection.rows(statement, as: (Int, Int).self).first.map { (all: $0.0, active: $0.1) } ?? (0, 0)
    }

    // MARK: Writing

    /// Takes a number for a camera that is yet to be created, because its password is sealed with it.
    package func reserveID() throws(PostgresError) -> CameraID {
        let statement: SQL = "select nextval(pg_get_serial_sequence('cameras', 'id'))"
        guard let id = try connection.rows(statement, as: (CameraID).self).first else {
            throw PostgresError(.decoding)
        }
        return id
    }

    /// Creates a camera.
    ///
    /// - Parameters:
    ///   - settings: Its fields, all of which are stored; its addresses as they may be shown.
    ///   - id: A reserved number; nil takes the next one.
    ///   - sealedPassword: The password, sealed with the number.
    ///   - sealedAddresses: The whole addresses, sealed with the number.
    ///   - actor: The originator.
    /// - Returns: The camera.
    /// - Throws: The error that the database reports.
    package func create(
        _ settings: CameraSettings,
        id: CameraID? = nil,
        sealedPassword: [UInt8]? = nil,
        sealedAddresses: SealedAddresses = SealedAddresses(),
        by actor: Actor
    ) throws(PostgresError) -> CameraListing {
        let statement: SQL = """
            with changed as (
                insert into cameras (id, name, location, location_details, url, url_sealed, username, password_sealed, is_active,
                    sub_url, sub_url_sealed, segment_seconds, transport, tls, audio, retention_days, priority, tags)
                values (coalesce(\(id), nextval(pg_get_serial_sequence('cameras', 'id'))), \(settings.name),
                    \(settings.location), \(settings.locationDetails), \(settings.url), \(sealedAddresses.url),
                    \(settings.username), \(sealedPassword), \(settings.isActive), \(settings.subURL),
                    \(sealedAddresses.subURL), \(settings.segmentSeconds),
                    \(settings.transport), \(settings.tls), \(settings.audio), \(settings.retentionDays), \(settings.priority),
                    \(settings.tags))
                returning *
            ), switched as (
                insert into camera_switches (camera_id, at, is_active, actor)
                select id, clock_timestamp(), true, \(actor.text) from changed where is_active
            )
            \(unsafe: Self.changed)
            """
        let created = try connection.first(statement) { row throws(PostgresError) in try CameraListing(reading: &row) }
        guard let created else { throw PostgresError(.decoding) }
        return created
    }

    /// The outcome of a change.
    package enum ChangeResult: Hashable, Sendable {
        /// The camera as it is; `isChanged` is false when it was so already (and its version has not risen).
        case done(CameraListing, isChanged: Bool)
        /// The caller had seen another version than the present one.
        case conflict(version: Int64)
        case notFound
    }

    /// Changes a camera.
    ///
    /// - Parameters:
    ///   - id: Which one.
    ///   - changes: The fields to change; addresses as they may be shown. The password in it is not used.
    ///   - sealedPassword: The password, sealed with the number; setting one always counts as a change.
    ///   - sealedAddresses: Those of the changed addresses, whole and sealed with the number; one always counts as a change.
    ///   - expected: The version the caller has seen; nil: whatever it is.
    ///   - actor: The originator.
    /// - Returns: The outcome.
    /// - Throws: The error that the database reports.
    package func patch(
        _ id: CameraID,
        _ changes: CameraChanges,
        sealedPassword: Change<[UInt8]> = .keep,
        sealedAddresses: SealedAddresses = SealedAddresses(),
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws(PostgresError) -> ChangeResult {
        let new = changes.settings
        let statement: SQL = """
            with actor as (select \(actor.text) as name), target as (
                select * from cameras where id = \(id) and deleted_at is null for update
            ), wanted as (
                select id, version, coalesce(\(changes[\.name]), name) as name,
                    coalesce(\(changes[\.location]), location) as location,
                    case when \(changes.sets(\.locationDetails)) then \(new.locationDetails)
                        else location_details end as location_details,
                    coalesce(\(changes[\.url]), url) as url,
                    case when \(changes.sets(\.url)) then \(sealedAddresses.url) else url_sealed end as url_sealed,
                    case when \(changes.sets(\.username)) then \(new.username) else username end as username,
                    case when \(sealedPassword.isKept) then password_sealed
                        else \(sealedPassword.value) end as password_sealed,
                    coalesce(\(changes[\.isActive]), is_active) as is_active,
                    case when \(changes.sets(\.subURL)) then \(new.subURL) else sub_url end as sub_url,
                    case when \(changes.sets(\.subURL)) then \(sealedAddresses.subURL)
                        else sub_url_sealed end as sub_url_sealed,
                    coalesce(\(changes[\.segmentSeconds])::integer, segment_seconds) as segment_seconds,
                    coalesce(\(changes[\.transport]), transport) as transport,
                    coalesce(\(changes[\.tls]), tls) as tls,
                    coalesce(\(changes[\.audio]), audio) as audio,
                    coalesce(\(changes[\.retentionDays])::integer, retention_days) as retention_days,
                    coalesce(\(changes[\.priority])::smallint, priority) as priority,
                    coalesce(\(changes[\.tags]), tags) as tags
                from target
            ), changed as (
                update cameras c set name = n.name, location = n.location, location_details = n.location_details,
                    url = n.url, url_sealed = n.url_sealed, sub_url_sealed = n.sub_url_sealed, username = n.username, password_sealed = n.password_sealed, is_active = n.is_active,
                    sub_url = n.sub_url, segment_seconds = n.segment_seconds, transport = n.transport,
                    tls = n.tls, audio = n.audio, retention_days = n.retention_days, priority = n.priority, tags = n.tags,
                    version = c.version + 1, updated_at = now()
                from wanted n
                where c.id = n.id and n.version = coalesce(\(expected), n.version)
                    and (c.name, c.location, c.location_details, c.url, c.username, c.password_sealed, c.is_active,
                        c.sub_url, c.segment_seconds, c.transport, c.tls, c.audio, c.retention_days, c.priority, c.tags,
                        c.url_sealed, c.sub_url_sealed)
                    is distinct from (n.name, n.location, n.location_details, n.url, n.username, n.password_sealed,
                        n.is_active, n.sub_url, n.segment_seconds, n.transport, n.tls, n.audio, n.retention_days,
                        n.priority, n.tags, n.url_sealed, n.sub_url_sealed)
                returning c.*
            ), \(unsafe: Self.switched)
            \(unsafe: Self.changedOrSame)
            """
        return try change(statement, expecting: expected)
    }

    /// Switches a camera on or off, over whatever version it has or over the one that is expected.
    package func setActive(
        _ id: CameraID,
        _ isActive: Bool,
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws(PostgresError) -> ChangeResult {
        let statement: SQL = """
            with actor as (select \(actor.text) as name), target as (
                select * from cameras where id = \(id) and deleted_at is null for update
            ), changed as (
                update cameras c set is_active = \(isActive), version = c.version + 1, updated_at = now()
                from target n
                where c.id = n.id and n.version = coalesce(\(expected), n.version) and c.is_active <> \(isActive)
                returning c.*
            ), \(unsafe: Self.switched)
            \(unsafe: Self.changedOrSame)
            """
        return try change(statement, expecting: expected)
    }

    /// Deletes a camera: switches it off, forgets its address, user, password and snapshot, and hides it; its recordings
    /// follow their retention, or go with it.
    package func delete(
        _ id: CameraID,
        withRecordings: Bool = false,
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws(PostgresError) -> ChangeResult {
        let statement: SQL = """
            with actor as (select \(actor.text) as name), target as (
                select * from cameras where id = \(id) and deleted_at is null for update
            ), changed as (
                update cameras c set is_active = false, url = 'rtsp://deleted.invalid/', sub_url = null,
                    url_sealed = null, sub_url_sealed = null, username = null, password_sealed = null, deleted_at = now(), version = c.version + 1, updated_at = now(),
                    discards_recordings = \(withRecordings)
                from target n
                where c.id = n.id and n.version = coalesce(\(expected), n.version)
                returning c.*
            ), \(unsafe: Self.switched), forgotten as (
                delete from camera_snapshots where camera_id in (select id from changed)
            )
            \(unsafe: Self.changedOrSame)
            """
        return try change(statement, expecting: expected)
    }

    private func change(_ statement: SQL, expecting expected: Int64?) throws(PostgresError) -> ChangeResult {
        let result = try connection.first(statement) { row throws(PostgresError) in
            let listing = try CameraListing(reading: &row)
            return (listing, before: try row.next(Int64.self))
        }
        guard let (listing, before) = result else { return .notFound }
        if let expected, expected != before { return .conflict(version: before) }
        return .done(listing, isChanged: listing.camera.version != before)
    }
}

extension CameraStore {
    /// A time for which a camera was wanted.
    package struct Wanted: Hashable, Sendable {
        package var from: Timestamp
        /// Nil while it lasts.
        package var to: Timestamp?

        init(from start: Timestamp, to end: Timestamp?) {
            from = start
            to = end
        }
    }

    /// Returns the newest times for which a camera was wanted, oldest first, at most 32.
    package func wanted(_ id: CameraID) throws(PostgresError) -> [Wanted] {
        try CoverageStore(connection).wanted([id])[id] ?? []
    }
}

extension CameraStore {
    private static let listed = CameraSQL.list(includesRecordings: false)
    private static let detailed = CameraSQL.list(includesRecordings: true)
    private static let changed = CameraSQL.list(from: "changed", includesRecordings: true)

    /// Keeps that the switch has moved.
    ///
    /// The time is taken under the lock of the camera's row and is later than that of the switch before, so that the order
    /// of the rows is that of the changes.
    private static let switched = """
        switched as (
            insert into camera_switches (camera_id, at, is_active, actor)
            select c.id, greatest(clock_timestamp(), (
                    select max(at) + interval '1 microsecond' from camera_switches where camera_id = c.id
                )), c.is_active, a.name
            from changed c join target t on t.id = c.id cross join actor a
            where c.is_active <> t.is_active
        )
        """

    /// The camera after a change, or as it was when nothing changed, and the version it had before.
    private static let changedOrSame = """
        , result as (
            select *, (select version from target) as before from changed
            union all
            select *, version as before from target where not exists (select from changed)
        )
        \(CameraSQL.list(from: "result", includesRecordings: true, plus: "c.before"))
        """

    /// The text depends on which conditions there are, never on their values, so it comes from a small set.
    package static func statement(_ query: CameraQuery) -> SQL {
        var sql = SQL.StringInterpolation(literalCapacity: 3000, interpolationCount: 5)
        sql.appendLiteral(query.includesRecordings ? detailed : listed)
        sql.appendLiteral(" where c.deleted_at is null and c.id > ")
        sql.appendInterpolation(query.after?.rawValue ?? 0)
        if let text = query.text, !text.isEmpty {
            sql.appendLiteral(" and position(lower(")
            sql.appendInterpolation(text.limited(to: 200))
            sql.appendLiteral(") in lower(concat_ws(E'\\n', c.name, c.location, c.location_details, ")
            sql.appendLiteral("array_to_string(c.tags, E'\\n')))) > 0")
        }
        if let tag = query.tag {
            sql.appendLiteral(" and c.tags @> ")
            sql.appendInterpolation([tag.limited(to: 200)])
        }
        if let ids = query.ids {
            sql.appendLiteral(" and c.id = any(")
            sql.appendInterpolation(ids.map(\.rawValue))
            sql.appendLiteral(")")
        }
        if let state = query.state {
            sql.appendLiteral(" and d.state = ")
            sql.appendInterpolation(state)
        }
        sql.appendLiteral(" order by c.id limit ")
        sql.appendInterpolation(query.limit)
        return SQL(stringInterpolation: sql)
    }
}

extension Change {
    /// The value to set; nil to clear, and where nothing shall be set.
    fileprivate var value: Value? {
        if case .set(let value) = self { value } else { nil }
    }

    fileprivate var isKept: Bool { self == .keep }
}

extension Actor {
    /// The text of its column.
    fileprivate var text: String { description.limited(to: 80) }
}
