import ObserverCore
package import Postgres

/// The columns of a listing, in the order in which ``CameraSQL`` selects them.
///
/// For lists that are written straight from the answer's memory: `row.appendText(at: CameraColumn.name.rawValue, …)`.
package enum CameraColumn: Int32, CaseIterable {
    case id, name, location, locationDetails, url, username, hasPassword, isActive, version
    case subURL, segmentSeconds, transport, tls, audio, retentionDays, priority, tags, createdAt, updatedAt
    case sealedURL, sealedSubURL
    case state, since, cause, detail, recorder, epoch, lastFrameAt
    case videoCodec, width, height, fps, bitrate, reconnects, health, backlogMilliseconds, owner
    case snapshotAt, lastID, lastStartedAt, lastDurationMilliseconds
}

extension PostgresRow {
    /// Reads a column of a camera listing.
    package func value<Value: SQLValue>(
        _ column: CameraColumn,
        as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try value(at: column.rawValue)
    }

    /// Appends a text column of a camera listing; false when it is NULL.
    @discardableResult
    package func appendText(_ column: CameraColumn, to buffer: inout [UInt8]) throws(PostgresError) -> Bool {
        try appendText(at: column.rawValue, to: &buffer)
    }

    /// Lends a text column of a camera listing.
    package func withText<R>(
        _ column: CameraColumn,
        _ body: (UnsafeRawBufferPointer?) -> R
    ) throws(PostgresError) -> R {
        try withText(at: column.rawValue, body)
    }
}

extension Camera {
    /// The columns from `id` to `updated_at`, for a table or subquery `c`: those of ``CameraField/all`` in its order; then the
    /// sealed addresses.
    static let columns = """
        c.id, c.name, c.location, c.location_details, c.url, c.username, c.password_sealed is not null, c.is_active, \
        c.version, c.sub_url, c.segment_seconds, c.transport, c.tls, c.audio, c.retention_days, c.priority, c.tags, \
        c.created_at, c.updated_at, c.url_sealed, c.sub_url_sealed
        """

    init(reading row: inout PostgresRow) throws(PostgresError) {
        let id: CameraID = try row.next()
        var settings = CameraSettings()
        settings.name = try row.next()
        settings.location = try row.next()
        settings.locationDetails = try row.next()
        settings.url = try row.next()
        settings.username = try row.next()
        let hasPassword: Bool = try row.next()
        settings.isActive = try row.next()
        let version: Int64 = try row.next()
        settings.subURL = try row.next()
        settings.segmentSeconds = try row.next()
        settings.transport = try row.next()
        settings.tls = try row.next()
        settings.audio = try row.next()
        settings.retentionDays = try row.next()
        settings.priority = try row.next()
        settings.tags = try row.next()
        self.init(
            id: id,
            settings: settings,
            hasPassword: hasPassword,
            version: version,
            createdAt: try row.next(),
            updatedAt: try row.next()
        )
        sealedAddresses = SealedAddresses(url: try row.next(), subURL: try row.next())
    }
}
