import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The states of cameras in one small answer, for pages that stand open and ask every few seconds.
///
/// Counts and rows come from one statement. Fields without a value are left out, and times are milliseconds since 1970, so
/// that a hundred cameras take about a kilobyte and a half, compressed; what has not changed is 304.
package enum CameraStatesAPI {
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let role = try request.signedIn().role
        let key = CamerasAPI.PageKey(path: request.http.path, query: request.http.query, role: role)
        let page = try request.context.cameraPages.answer(for: key, bytes: \.body.count) {
            let glances = try CameraGlanceStore(request.database).read(try CamerasAPI.query(request, ids: "keep").1)
            var json = JSONWriter(capacity: 16 * 1024)
            write(glances, troubles: Troubles.sentences(of: request.context.health), to: &json)
            return CamerasAPI.Page(body: json.bytes, tag: BodyTag.tag(of: json.bytes))
        }
        var response = HTTPResponse(contentType: "application/json", body: page.body)
        response.set(.cacheControl, "no-store")
        return response.tagged(page.tag, for: request.http)
    }

    static func write(_ glances: CameraGlances, troubles: [String], to json: inout JSONWriter) {
        json.object { json in
            json.field("total", glances.total)
            json.object("counts") { json in
                for state in StateView.order where glances.counts[state] != nil {
                    json.field(named: state.rawValue, .int(Int64(glances.counts[state] ?? 0)))
                }
            }
            json.array("troubles") { json in
                for trouble in troubles { json.value(trouble) }
            }
            json.array("cameras") { json in
                for camera in glances.page { write(camera, to: &json) }
            }
        }
    }

    private static func write(_ camera: CameraGlance, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", camera.id.rawValue)
            json.field("version", camera.version)
            json.field("on", camera.isActive)
            json.field("state", camera.state.rawValue)
            if let cause = camera.cause { json.field("cause", cause.rawValue) }
            if let since = camera.since { json.field("since", since.milliseconds) }
            // Of a camera that records it is now, whenever that is.
            if camera.state != .recording, let last = camera.lastFrameAt { json.field("last", last.milliseconds) }
            // In whole seconds: tenths would make an answer of their own.
            if camera.backlogMilliseconds > 0 { json.field("backlog", (camera.backlogMilliseconds + 999) / 1000) }
            if let snapshot = camera.snapshotAt { json.field("picture", snapshot.milliseconds) }
        }
    }
}
