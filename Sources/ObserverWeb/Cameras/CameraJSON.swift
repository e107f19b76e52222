import Encodings
import HTTPRouting
import ObserverCore
import ObserverStore
import Postgres

/// A camera as the API shows it, from ``CameraField/all``.
///
/// There are two writers: one for a row of a list, which copies nothing, and one for a value. A test compares them byte
/// for byte.
enum CameraJSON {
    // MARK: Rows

    /// A field of the table, ready for the loop over rows.
    private struct Member: Sendable {
        enum Form: Sendable { case text, address(CameraColumn), number, truth, list, time, status }

        let key: StaticString
        let column: Int32
        let form: Form
    }

    private static let members: [Member] = {
        let stored = CameraField.all.filter { $0.column != nil }.map(\.name)
        return CameraField.all.filter(\.isReadable).map { field in
            Member(
                key: field.key,
                column: Int32(stored.firstIndex(of: field.name) ?? -1),
                form: field.isAddress ? .address(field.name == "url" ? .url : .subURL) : form(of: field.kind)
            )
        }
    }()

    private static func form(of kind: CameraField.Kind) -> Member.Form {
        switch kind {
        case .text, .code, .url, .password, .choice, .certificates: .text
        case .integer, .number: .number
        case .truth: .truth
        case .tags: .list
        case .time: .time
        case .status: .status
        }
    }

    /// Writes a row of a listing; its addresses as the one who asks may see them.
    ///
    /// - Returns: The camera's number.
    static func write(
        _ row: borrowing PostgresRow,
        seenBy view: AddressView,
        to json: inout JSONWriter
    ) throws(PostgresError) -> Int64 {
        try json.object { json throws(PostgresError) in
            for member in members {
                if case .address(let column) = member.form {
                    try view.write(column, of: row, as: member.key, to: &json)
                } else {
                    try write(member, of: row, to: &json)
                }
            }
        }
        return try row.read(.id, as: Int64.self)
    }

    private static func write(
        _ member: Member,
        of row: borrowing PostgresRow,
        to json: inout JSONWriter
    ) throws(PostgresError) {
        switch member.form {
        case .text, .address: try row.withText(at: member.column) { json.field(member.key, utf8: $0) }
        case .number: json.field(member.key, try row.value(at: member.column, as: Int64.self))
        case .truth: json.field(member.key, try row.value(at: member.column, as: Bool.self))
        case .time: json.field(member.key, time: try row.value(at: member.column, as: Timestamp.self))
        case .status: try status(row, &json)
        case .list:
            try json.array(member.key) { json throws(PostgresError) in
                try row.forEachText(at: member.column) { json.value(utf8: $0) }
            }
        }
    }

    private static func status(_ row: borrowing PostgresRow, _ json: inout JSONWriter) throws(PostgresError) {
        try json.object("status") { json throws(PostgresError) in
            try text(row, .state, as: "state", to: &json)
            json.field("since", time: try row.read(.since))
            try text(row, .cause, as: "cause", to: &json)
            try text(row, .detail, as: "detail", to: &json)
            try text(row, .recorder, as: "recorder", to: &json)
            json.field("last_frame_at", time: try row.read(.lastFrameAt))
            if row.isNull(at: CameraColumn.videoCodec.rawValue) {
                json.null("video")
            } else {
                try json.object("video") { json throws(PostgresError) in
                    try text(row, .videoCodec, as: "codec", to: &json)
                    json.field("width", try row.read(.width, as: Int32?.self) ?? 0)
                    json.field("height", try row.read(.height, as: Int32?.self) ?? 0)
                    json.field("fps", try row.read(.fps, as: Double?.self) ?? 0)
                    json.field("bitrate", try row.read(.bitrate, as: Int64?.self) ?? 0)
                }
            }
            json.field("reconnects", try row.read(.reconnects, as: Int32.self))
            let backlog = try row.read(.backlogMilliseconds, as: Int64.self)
            json.field("backlog_seconds", Double(backlog) / 1000)
            let notes = try row.withText(at: CameraColumn.health.rawValue) { bytes in
                // Most cameras have none.
                guard let bytes, bytes.count > 2 else { return [HealthNote]() }
                return HealthNote.notes(stored: Array(bytes))
            }
            health(notes, &json)
        }
    }

    private static func text(
        _ row: borrowing PostgresRow,
        _ column: CameraColumn,
        as name: StaticString,
        to json: inout JSONWriter
    ) throws(PostgresError) {
        try row.withText(at: column.rawValue) { json.field(name, utf8: $0) }
    }

    // MARK: Values

    /// Writes a camera; its addresses as the one who asks may see them.
    static func write(_ listing: CameraListing, seenBy view: AddressView, to json: inout JSONWriter) {
        let listing = view.shown(listing)
        json.object { json in
            for field in CameraField.all where field.isReadable {
                if field.kind == .status {
                    status(listing, &json)
                } else {
                    write(field.value(of: listing.camera), as: field.key, to: &json)
                }
            }
        }
    }

    private static func write(_ value: FieldValue, as key: StaticString, to json: inout JSONWriter) {
        switch value {
        case .null, .object: json.null(key)
        case .bool(let truth): json.field(key, truth)
        case .integer(let number): json.field(key, number)
        case .number(let number): json.field(key, number)
        case .string(let text): json.field(key, text)
        case .list(let items):
            json.array(key) { json in
                for case .string(let text) in items { json.value(text) }
            }
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
            health(status.health, &json)
        }
    }

    private static func health(_ notes: [HealthNote], _ json: inout JSONWriter) {
        json.array("health") { json in
            for note in notes {
                json.object { json in
                    json.field("cause", note.cause.rawValue)
                    json.field("detail", note.detail)
                }
            }
        }
    }
}

extension PostgresRow {
    /// Reads a column; specialised here, because a generic call into another module takes longer than the read itself.
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
