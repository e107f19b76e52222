import Encodings
package import HTTPTypes
import ObserverCore
import ObserverStore

/// The list of recorders, as JSON and as a page.
package enum RecordersAPI {
    /// All recorders, by name.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        let recorders = try RecorderStore(request.database).list()
        var json = JSONWriter(capacity: 4096)
        json.array { json in
            for recorder in recorders { write(recorder, to: &json) }
        }
        return .json(json)
    }

    /// The page of recorders.
    @Sendable package static func page(_ request: WebRequest) throws -> HTTPResponse {
        let recorders = try RecorderStore(request.database).list()
        let uploaders = try UploaderStore(request.database).list()
        return try request.answer(RecordersPage(recorders: recorders, uploaders: uploaders, now: request.now))
    }

    private static func write(_ recorder: RecorderListing, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", recorder.id)
            json.field("state", recorder.state.rawValue)
            json.field("incarnation", recorder.incarnation)
            json.field("started_at", time: recorder.startedAt)
            json.field("heartbeat_at", time: recorder.heartbeatAt)
            json.field("heartbeat_age_seconds", Double(recorder.heartbeatAgeMilliseconds) / 1000)
            json.field("spool_id") { recorder.spoolID.append(to: &$0) }
            json.field("version", recorder.version)
            json.field("load", (recorder.load * 1000).rounded() / 1000)
            json.array("cameras") { json in
                for camera in recorder.cameras { json.value(camera.rawValue) }
            }
            json.field("recording", recorder.recording)
            json.field("bitrate", recorder.bitrate)
            json.field("backlog_seconds", Double(recorder.backlogMilliseconds) / 1000)
        }
    }
}
