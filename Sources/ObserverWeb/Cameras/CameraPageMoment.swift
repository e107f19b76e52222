import HTTPRouting
import ObserverCore
import ObserverStore

/// The recording that a camera's page was asked for.
enum CameraPageMoment {
    /// Returns the recording that an address names by its identifier, or else that shows a moment; nil for none.
    ///
    /// - Throws: `Problem` 404 and 410 for an identifier of what is not there; `PostgresError`.
    static func record(
        in query: FormFields,
        at moment: Timestamp?,
        of camera: CameraID,
        _ segments: SegmentStore
    ) throws -> SegmentRecord? {
        guard let wanted = query["segment"].flatMap({ SegmentID($0) }) else {
            return try moment.flatMap { try record(at: $0, of: camera, segments) }
        }
        guard let record = try segments.get(wanted), record.segment.header.cameraID == camera else {
            throw Problem(404, "This camera has no such recording. It may have been deleted as its time was over.")
        }
        guard SegmentStateView(record.state).isPlayable else {
            throw Problem(
                410,
                record.state == .lost
                    ? "The recording is lost: \(record.error ?? "its bytes are gone")."
                    : "The recording was deleted when its time was over."
            )
        }
        return record
    }

    private static func record(
        at moment: Timestamp,
        of camera: CameraID,
        _ segments: SegmentStore
    ) throws -> SegmentRecord? {
        let query = SegmentStore.Query(
            camera: camera,
            from: moment,
            to: moment.advanced(byMilliseconds: 1),
            limit: 2,
            isNewestFirst: true
        )
        return try segments.list(query).first { SegmentStateView($0.state).isPlayable }
    }
}
