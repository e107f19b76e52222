import HTTPRouting
import ObserverCore
import ObserverStore
import Postgres

/// A camera as the API shows it.
///
/// Written by hand twice: from a row for lists, where nothing is copied, and from a value
/// for single answers. A test holds the two against each other.
enum CameraJSON {
    /// Writes a row of a listing.
    ///
    /// - Returns: The camera's number.
    static func write(_ row: borrowing PostgresRow, to json: inout JSONWriter) throws(PostgresError) -> Int64 {
        let id = try row.read(.id, as: Int64.self)
        try json.object { json throws(PostgresError) in
            json.field("id", id)
            try text(row, .name, "name", &json)
            try text(row, .location, "location", &json)
            try text(row, .locationDetails, "location_details", &json)
            try text(row, .url, "url", &json)
            try text(row, .username, "username", &json)
            json.field("is_active", try row.read(.isActive, as: Bool.self))
            json.field("version", try row.read(.version, as: Int64.self))
            json.field("segment_seconds", try row.read(.segmentSeconds, as: Int32.self))
            try text(row, .transport, "transport", &json)
            try text(row, .audio, "audio", &json)
            json.field("retention_days", try row.read(.retentionDays, as: Int32.self))
            try json.array("tags") { json throws(PostgresError) in
                try row.forEachText(at: CameraColumn.tags.rawValue) { json.value(utf8: $0) }
            }
            try status(row, &json)
            json.field("created_at", time: try row.read(.createdAt))
            json.field("updated_at", time: try row.read(.updatedAt))
        }
        return id
    }

    private static func status(_ row: borrowing PostgresRow, _ json: inout JSONWriter) throws(PostgresError) {
        try json.object("status") { json throws(PostgresError) in
            try text(row, .state, "state", &json)
            json.field("since", time: try row.read(.since))
            try text(row, .cause, "cause", &json)
            try text(row, .detail, "detail", &json)
            try text(row, .recorder, "recorder", &json)
            json.field("last_frame_at", time: try row.read(.lastFrameAt))
            if row.isNull(at: CameraColumn.videoCodec.rawValue) {
                json.null("video")
            } else {
                try json.object("video") { json throws(PostgresError) in
                    try text(row, .videoCodec, "codec", &json)
                    json.field("width", try row.read(.width, as: Int32?.self) ?? 0)
                    json.field("height", try row.read(.height, as: Int32?.self) ?? 0)
                    json.field("fps", try row.read(.fps, as: Double?.self) ?? 0)
                    json.field("bitrate", try row.read(.bitrate, as: Int64?.self) ?? 0)
                }
            }
            json.field("reconnects", try row.read(.reconnects, as: Int32.self))
            let backlog = try row.read(.backlogMilliseconds, as: Int64.self)
            json.field("backlog_seconds", Double(backlog) / 1000)
        }
    }

    private static func text(
        _ row: borrowing PostgresRow,
        _ column: CameraColumn,
        _ name: StaticString,
        _ json: inout JSONWriter
    ) throws(PostgresError) {
        try row.withText(at: column.rawValue) { json.field(name, utf8: $0) }
    }

    /// Writes a camera.
    static func write(_ listing: CameraListing, to json: inout JSONWriter) {
        let camera = listing.camera
        json.object { json in
            json.field("id", camera.id.rawValue)
            json.field("name", camera.name)
            json.field("location", camera.location)
            json.field("location_details", camera.locationDetails)
            json.field("url", camera.url)
            json.field("username", camera.username)
            json.field("is_active", camera.isActive)
            json.field("version", camera.version)
            json.field("segment_seconds", camera.segmentSeconds)
            json.field("transport", camera.transport.rawValue)
            json.field("audio", camera.audio.rawValue)
            json.field("retention_days", camera.retentionDays)
            json.array("tags") { json in
                for tag in camera.tags { json.value(tag) }
            }
            status(listing, &json)
            json.field("created_at", time: camera.createdAt)
            json.field("updated_at", time: camera.updatedAt)
        }
    }

    private static func status(_ listing: CameraListing, _ json: inout JSONWriter) {
        let status = listing.status
        json.object("status") { json in
            json.field("state", status.state.rawValue)
            json.field("since", time: status.since)
            json.field("cause", status.cause?.rawValue)
            json.field("detail", status.detail)
            json.field("recorder", status.recorder)
            json.field("last_frame_at", time: status.lastFrameAt)
            if let video = status.video {
                json.object("video") { json in
                    json.field("codec", video.codec)
                    json.field("width", video.width)
                    json.field("height", video.height)
                    json.field("fps", video.fps)
                    json.field("bitrate", video.bitrate)
                }
            } else {
                json.null("video")
            }
            json.field("reconnects", status.reconnects)
            json.field("backlog_seconds", listing.backlogSeconds)
        }
    }
}

extension PostgresRow {
    /// Reads a column; specialised here, because a generic call into another module costs more than the column.
    @inline(__always)
    fileprivate func read<Value: SQLValue>(
        _ column: CameraColumn,
        as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try value(at: column.rawValue, as: type)
    }
}

extension JSONWriter {
    /// Writes a member that is a moment or null.
    mutating func field(_ name: StaticString, time: Timestamp?) {
        guard let time else { return null(name) }
        field(name) { time.appendRFC3339(to: &$0) }
    }
}
