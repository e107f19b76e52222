import HTTPRouting
package import HTTPTypes
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore

/// The API of live pictures: checks who asks, and has nginx get them from the camera's recorder.
package enum LiveAPI {
    /// A live stream as one MP4 without an end.
    @Sendable package static func stream(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        return try handOver("live.mp4", request)
    }

    /// A live playlist of HLS.
    @Sendable package static func playlist(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        return try handOver("live.m3u8", request)
    }

    /// A part of that playlist.
    @Sendable package static func part(_ request: WebRequest) throws -> HTTPResponse {
        let name = request.parameters.text("part")
        let number = name.hasPrefix("init-") ? name.dropFirst(5) : name[...]
        guard 1...18 ~= number.utf8.count, number.utf8.allSatisfy({ 48...57 ~= $0 }) else {
            throw Problem(404, "The playlist has no such part.")
        }
        return try handOver("live/\(name).mp4", request)
    }

    /// Leads nginx to the recorder, with a ticket.
    private static func handOver(_ place: String, _ request: WebRequest) throws -> HTTPResponse {
        let listing = try CameraService(request.context).get(request.cameraID)
        guard listing.camera.isActive else {
            throw Problem(409, "The camera is switched off, so that there are no live pictures of it.")
        }
        guard let owner = listing.owner else {
            throw unavailable("No recorder has the camera at the moment, so that there are no live pictures of it.")
        }
        if listing.status.state == .retrying, let cause = listing.status.cause {
            let detail = listing.status.detail.map { ": \($0)" } ?? ""
            throw unavailable("The camera sends no pictures at the moment. \(StateView.word(cause))\(detail)")
        }
        guard let address = try RecorderStore(request.database).liveAddress(of: owner) else {
            throw unavailable("The recorder \(owner) serves no live pictures; OBSERVER_LIVE_LISTEN is not set there.")
        }
        let ticket = LiveTicket(camera: listing.camera.id, place: place, at: request.now)
        let query = ticket.query(signedBy: LiveTicket.Key(request.context.configuration.sealingKey))
        let recorder = address == "unix" ? "unix/\(owner)" : "at/\(address)"
        var response = HTTPResponse(status: 200)
        response.set(.accelRedirect, "/internal/live/\(recorder)/\(listing.camera.id)/\(place)?\(query)")
        return response
    }

    private static func unavailable(_ detail: String) -> Problem {
        Problem(503, detail).with(.retryAfter, "2")
    }
}

extension Routes {
    static func addLive(to router: inout Router<Endpoint>) {
        let camera = "\(CamerasAPI.path){id:int}"
        router.add(.get, "\(camera)/live.mp4", to: .api(.viewer, LiveAPI.stream))
        router.add(.get, "\(camera)/live.m3u8", to: .api(.viewer, LiveAPI.playlist))
        router.add(.get, "\(camera)/live/{part}.mp4", to: .api(.viewer, LiveAPI.part))
    }
}
