import Encodings
import HTTPRouting
package import HTTPTypes
import ObserverCore
import ObserverExport

/// The API of exports of several cameras, and of those that are being sent.
package enum RunningExportsAPI {
    /// The most stretches in one archive.
    package static let itemLimit = 64

    /// The exports that are being sent: of everybody for administrators, one's own otherwise.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let actor = try request.actor()
        let isAdmin = request.identity?.role == .admin
        var json = JSONWriter()
        json.array { json in
            for export in request.context.exports.registry.all where isAdmin || export.owner == actor.description {
                json.object { json in
                    json.field("id", export.id)
                    json.field("asked_by", export.owner)
                    json.field("name", export.name)
                    json.field("since", export.since.rfc3339)
                    json.field("sent_bytes", export.sentBytes)
                    json.field("total_bytes", export.totalBytes)
                }
            }
        }
        var response = HTTPResponse.json(json)
        response.set(.cacheControl, "no-store")
        return response
    }

    /// Stops an export: one's own, or for administrators anybody's.
    @Sendable package static func cancel(_ request: WebRequest) throws -> HTTPResponse {
        try stop(request.parameters.int("id"), request)
        return HTTPResponse(status: 204)
    }

    static func stop(_ id: Int64, _ request: WebRequest) throws {
        let owner = request.identity?.role == .admin ? nil : try request.actor()
        switch request.context.exports.registry.cancel(id, of: owner) {
        case nil: throw Problem(404, "There is no such export running.")
        case false?: throw Problem(403, "This export is somebody else's.")
        case true?: return
        }
    }

    /// Several stretches of several cameras, as one archive.
    @Sendable package static func create(_ request: WebRequest) throws -> HTTPResponse {
        let ranges = try items(request)
        let actor = try request.actor()
        let place = try request.context.exports.registry.enter(
            actor,
            name: "\(ranges.count) recordings",
            now: request.now
        )
        var files: [ExportFile] = []
        var incomplete: [String] = []
        var count = 0
        for (number, range) in ranges.enumerated() {
            let key = ExportMemory.Key(owner: actor.description, range: range, zone: request.zone.name)
            do {
                let entry = try ExportsAPI.plan(range, for: request, by: actor, key: key)
                files += entry.files
                if let words = entry.incomplete { incomplete.append("items[\(number)]: \(words)") }
            } catch let problem as Problem {
                let field = "items[\(number)]"
                throw Problem(problem.status, "\(field): \(problem.detail)", errors: [field: problem.detail])
            }
            count = files.reduce(0) { $0 + $1.part.pieces.count }
            guard count <= ExportPlanner.segmentLimit else {
                throw Problem(
                    422,
                    "The items have more than \(ExportPlanner.segmentLimit) segments together. Ask for less at once.",
                    errors: ["items": "have more than \(ExportPlanner.segmentLimit) segments together"]
                )
            }
        }
        let now = request.now
        let archive = ExportArchive(
            files: files,
            name: "observer-export_\(request.zone.fileName(at: now)).zip",
            at: now,
            more: request.context.exports.verifier
        )
        let words = incomplete.isEmpty ? nil : incomplete.joined(separator: "; ")
        return ExportAnswer(request, place, incomplete: words).archive(archive)
    }

    /// Reads `{"items": [{"camera": 7, "from": …, "to": …}]}`.
    private static func items(_ request: WebRequest) throws -> [ExportRange] {
        let fields = try request.http.jsonObject()
        for name in fields.keys where name != "items" {
            throw Problem(422, "The field \(name) is not known.", errors: [name: "is not a field of this request"])
        }
        guard case .array(let items)? = fields["items"], (1...itemLimit).contains(items.count) else {
            let words = "must be a list of 1 to \(itemLimit) objects with camera, from and to"
            throw Problem(422, "The field items \(words).", errors: ["items": words])
        }
        var ranges: [ExportRange] = []
        for (number, item) in items.enumerated() {
            let place = "items[\(number)]."
            guard case .object(let members) = item else {
                let words = "must be an object with camera, from and to"
                throw Problem(422, "The field items[\(number)] \(words).", errors: ["items[\(number)]": words])
            }
            for name in members.keys where !["camera", "from", "to"].contains(name) {
                throw Problem(422, "The field \(place)\(name) is not known.", errors: [place + name: "is not known"])
            }
            guard case .int(let camera)? = members["camera"], SegmentLimits.cameraID.contains(camera) else {
                let words = "must be the number of a camera"
                throw Problem(422, "The field \(place)camera \(words).", errors: [place + "camera": words])
            }
            let range = try ExportRange(
                camera: CameraID(rawValue: camera),
                from: try time(members["from"], place + "from"),
                to: try time(members["to"], place + "to"),
                now: request.now,
                place: place
            )
            guard !ranges.contains(range) else {
                throw Problem(
                    422,
                    "The field items[\(number)] is there twice.",
                    errors: ["items[\(number)]": "is there twice"]
                )
            }
            ranges.append(range)
        }
        return ranges
    }

    private static func time(_ value: JSONValue?, _ name: String) throws(Problem) -> Timestamp? {
        guard let value, value != .null else { return nil }
        guard case .string(let text) = value, let moment = Timestamp(rfc3339: text) else {
            let words = "must be a time such as 2026-11-23T20:00:00Z"
            throw Problem(422, "The field \(name) \(words).", errors: [name: words])
        }
        return moment
    }
}
