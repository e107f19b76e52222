package import ObserverCore
import Postgres

/// A camera with all that is known of it.
package struct CameraListing: Hashable, Sendable {
    package var camera: Camera
    /// The present state, as ``CameraSQL`` derives it.
    package var status: CameraStatus
    /// How much of its video still waits for S3, in seconds.
    package var backlogSeconds: Double
    /// The live recorder that has the camera, to send messages to; nil: nobody has it.
    package var owner: String?
    /// When its newest snapshot was taken.
    package var snapshotAt: Timestamp?
    /// Its newest segment; only read where the query asked for it.
    package var lastRecording: LastRecording?

    package init(
        camera: Camera,
        status: CameraStatus,
        backlogSeconds: Double = 0,
        owner: String? = nil,
        snapshotAt: Timestamp? = nil,
        lastRecording: LastRecording? = nil
    ) {
        self.camera = camera
        self.status = status
        self.backlogSeconds = backlogSeconds
        self.owner = owner
        self.snapshotAt = snapshotAt
        self.lastRecording = lastRecording
    }
}

/// The newest segment of a camera.
package struct LastRecording: Hashable, Sendable {
    package var id: SegmentID
    package var startedAt: Timestamp
    package var durationMilliseconds: Int64

    package init(id: SegmentID, startedAt: Timestamp, durationMilliseconds: Int64) {
        self.id = id
        self.startedAt = startedAt
        self.durationMilliseconds = durationMilliseconds
    }
}

/// Which cameras to list.
package struct CameraQuery: Sendable {
    /// Part of the name, place or a tag; case does not matter.
    package var text: String?
    /// A tag it has.
    package var tag: String?
    package var state: CameraState?
    /// Only these; nil: any.
    package var ids: [CameraID]?
    /// At most this many, 1 to 500.
    package var limit: Int
    /// Only cameras with a higher number: the last one of the page before.
    package var after: CameraID?
    /// True if to look up the newest segment and snapshot of each; the API does not show them.
    package var includesRecordings: Bool

    package static let longestPage = 500

    package init(
        text: String? = nil,
        tag: String? = nil,
        state: CameraState? = nil,
        ids: [CameraID]? = nil,
        limit: Int = CameraQuery.longestPage,
        after: CameraID? = nil,
        includesRecordings: Bool = false
    ) {
        self.text = text
        self.tag = tag
        self.state = state
        self.ids = ids
        self.limit = min(max(limit, 1), Self.longestPage)
        self.after = after
        self.includesRecordings = includesRecordings
    }
}

extension CameraListing {
    /// Reads a row of ``CameraSQL``.
    init(reading row: inout PostgresRow) throws(PostgresError) {
        camera = try Camera(reading: &row)
        status = try CameraStatus(reading: &row, cameraID: camera.id)
        backlogSeconds = Double(try row.next(Int64.self)) / 1000
        owner = try row.next()
        snapshotAt = try row.next()
        let (id, start, duration) = (
            try row.next(SegmentID?.self), try row.next(Timestamp?.self), try row.next(Int64?.self)
        )
        guard let id, let start, let duration else { return }
        lastRecording = LastRecording(id: id, startedAt: start, durationMilliseconds: duration)
    }
}

extension CameraStatus {
    fileprivate init(reading row: inout PostgresRow, cameraID: CameraID) throws(PostgresError) {
        self.init(
            stream: StreamID(cameraID, .main),
            epoch: 0,
            state: try row.next(),
            since: try row.next(),
            cause: try row.next(),
            detail: try row.next(),
            recorder: try row.next()
        )
        epoch = try row.next()
        lastFrameAt = try row.next()
        let (codec, width, height) = (try row.next(String?.self), try row.next(Int?.self), try row.next(Int?.self))
        let (fps, bitrate) = (try row.next(Double?.self), try row.next(Int?.self))
        if let codec {
            video = VideoInfo(
                codec: codec,
                width: width ?? 0,
                height: height ?? 0,
                fps: fps ?? 0,
                bitrate: bitrate ?? 0
            )
        }
        reconnects = try row.next()
        health = HealthNote.notes(stored: Array(try row.next(String.self).utf8))
    }
}
