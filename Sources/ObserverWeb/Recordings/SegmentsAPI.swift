import Encodings
package import HTTPTypes
import Glibc
import HTTPRouting
import ObserverConfiguration
package import ObserverCore
import ObserverStore
import S3

/// The API of recordings: their list, and their video by way of nginx.
package enum SegmentsAPI {
    /// The life of a signed address; nginx uses it at once, and again when a player seeks.
    private static let addressSeconds = 300

    /// The order of a list.
    private enum Order: String, CaseIterable {
        case oldest, newest
    }

    /// The state of what is listed: true for what was deleted.
    private enum Expired: String, CaseIterable {
        case `true`, `false`
    }

    /// The segments of a camera, oldest first unless the newest are wanted first.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["from", "to", "after", "limit", "order", "expired"])
        let longest = SegmentStore.Query.longestPage
        let from = try QueryValue.time(fields, "from")
        let to = try QueryValue.time(fields, "to")
        if let from, let to, from >= to {
            throw Problem(422, "The parameter to must be after from.", errors: ["to": "must be after from"])
        }
        let order: Order? = try QueryValue.word(fields, "order")
        let expired: Expired? = try QueryValue.word(fields, "expired")
        var query = SegmentStore.Query(
            camera: request.cameraID,
            from: from,
            to: to,
            after: try QueryValue.segment(fields, "after"),
            limit: try QueryValue.integer(fields, "limit", in: 1...longest) ?? longest,
            isNewestFirst: order == .newest
        )
        query.isExpired = expired == .true
        let store = SegmentStore(request.database)
        if let after = query.after, try !store.has(after, of: query.camera, query.stream) {
            _ = try CameraService(request.context).get(query.camera)
            throw QueryValue.unknown("after", "must be the id of a segment of this camera")
        }
        let records = try store.list(query)
        if records.isEmpty { _ = try CameraService(request.context).get(request.cameraID) }
        var json = JSONWriter(capacity: records.count * 600 + 16)
        json.array { json in
            for record in records { write(record, to: &json) }
        }
        var response = HTTPResponse.json(json)
        if records.count == query.limit, let last = records.last {
            let path = "/api/v1/cameras/\(request.cameraID)/segments"
            response.add(.link, QueryValue.next(path, fields, after: last.segment.id.description))
        }
        return response
    }

    /// The video of a segment.
    ///
    /// Authorizes the caller; nginx then serves the bytes from S3 or from the spool, with ranges.
    @Sendable package static func video(_ request: WebRequest) throws -> HTTPResponse {
        guard let id = SegmentID(request.parameters.text("id")),
            var record = try SegmentStore(request.database).get(id)
        else { throw Problem(404, "There is no such recording.") }
        if record.state == .spooled || record.state == .failed {
            // nginx asks again where the file went between the look here and its own.
            let isMissed = request.http.header("X-Spool-Missed") == "1"
            if !isMissed, let spool = request.context.configuration.spool, isThere(SpoolLayout(root: spool).media(id)) {
                return handOver("/internal/spool/\(id).mp4", record)
            }
            // It can have been uploaded since the row was read.
            guard let again = try SegmentStore(request.database).get(id) else {
                throw Problem(404, "There is no such recording.")
            }
            record = again
            if isMissed, record.state == .spooled || record.state == .failed {
                throw Problem(503, "The recording is on its way to the store. Try again in a second.")
                    .with(.retryAfter, "1")
            }
        }
        switch record.state {
        case .stored:
            let context = request.context
            let held = record.destinations.intersection(context.stores.destinations)
            let away = context.health.away.union(context.addresses.unknown)
            guard let destination = choose(from: held, away: away) else {
                throw Problem(404, "The recording lies in a store that is not set up here.")
            }
            guard let host = context.addresses.host(of: destination) else {
                throw Problem(503, "The name of the store has no address at the moment.").with(.retryAfter, "5")
            }
            do {
                return handOver(try storeLocation(of: record, destination, context.stores, at: host), record)
            } catch {
                throw Problem(503, "The access key of the store is not there at the moment.")
            }
        case .spooled, .failed:
            throw Problem(404, "The recording is still on another machine, on its way to the store.")
        case .expiring, .expired:
            throw Problem(410, "The recording was deleted when its time was over.")
        case .lost:
            throw Problem(410, "The recording is lost: \(record.error ?? "its bytes are gone").")
        }
    }

    /// Returns the first of the stores that answers, or the first where none does.
    package static func choose(from held: DestinationSet, away: DestinationSet) -> Destination? {
        held.subtracting(away).members.first ?? held.members.first
    }

    private static func storeLocation(
        of record: SegmentRecord,
        _ destination: Destination,
        _ stores: StoreClients,
        at host: String
    ) throws(S3Error) -> String {
        let url = try stores[destination]?.presignGet(
            record.segment.header.objectKey,
            expires: addressSeconds,
            responseHeaders: [
                ("response-content-type", "video/mp4"), ("response-content-disposition", disposition(record)),
                ("response-cache-control", "private, no-store"),
            ]
        )
        guard let url else { throw S3Error(.malformed, "the \(destination.word) store is not set up") }
        let place = destination == .home ? "s3" : "s3-\(destination.word)"
        return "/internal/\(place)/\(host)\(url.path)?\(url.query)"
    }

    private static func handOver(_ location: String, _ record: SegmentRecord) -> HTTPResponse {
        // No type is set: nginx takes that of the file or the store, and would send this one with its errors too.
        var response = HTTPResponse(status: 200)
        response.set(.accelRedirect, location)
        response.set("Content-Disposition", disposition(record))
        response.set(.cacheControl, "private, no-store")
        return response
    }

    /// The name under which a browser saves it.
    private static func disposition(_ record: SegmentRecord) -> String {
        let start = record.segment.startedAt.rfc3339.filter { $0 != ":" && $0 != "-" }
        return "inline; filename=\"camera-\(record.segment.header.cameraID)-\(start).mp4\""
    }

    private static func isThere(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Writes a segment as an object, with more fields at its end.
    static func write(
        _ record: SegmentRecord,
        to json: inout JSONWriter,
        more: (inout JSONWriter) -> Void = { _ in }
    ) {
        let segment = record.segment
        json.object { json in
            json.field("id") { segment.id.append(to: &$0) }
            json.field("camera_id", segment.header.cameraID.rawValue)
            json.field("started_at", time: segment.startedAt)
            json.field("duration_ms", segment.end.durationMilliseconds)
            json.field("bytes", segment.media.bytes)
            json.field("sha256", segment.media.sha256)
            json.field("state", record.state.rawValue)
            json.field("codecs", segment.media.codecs)
            json.field("width", segment.media.width)
            json.field("height", segment.media.height)
            json.field("has_audio", segment.media.hasAudio)
            json.field("stream", segment.header.stream.kind.rawValue)
            json.field("frames", segment.media.frames)
            json.array("flags") { json in
                for flag in SegmentFlag.names(segment.end.flags) { json.value(flag) }
            }
            json.field("epoch", segment.header.epoch)
            json.field("object_key", segment.header.objectKey)
            json.array("destinations") { json in
                // Where it is, once it is stored.
                guard record.state == .stored || record.state == .expiring else { return }
                for destination in record.destinations.members { json.value(destination.word) }
            }
            json.field("tries", record.tries)
            json.field("error", record.error)
            more(&json)
        }
    }
}
