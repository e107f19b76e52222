import Crypto
import Encodings
import Errors
import HTTPRouting
package import HTTPTypes
import Logging
import MP4
import ObserverCore
import ObserverExport

/// The API of exports: one MP4 of any stretch of time, as it was recorded.
package enum ExportsAPI {
    /// The recording of a stretch as one file; as an archive where the format of the video changes within it.
    @Sendable package static func video(_ request: WebRequest) throws -> HTTPResponse {
        do {
            return try make(request)
        } catch let problem as Problem where request.http.header(.accept)?.contains("text/html") == true {
            // A form leads here.
            return ProblemPages.show(problem, request)
        }
    }

    private static func make(_ request: WebRequest) throws -> HTTPResponse {
        let range = try range(request)
        let actor = try request.actor()
        let pool = request.context.exports
        let place = try pool.registry.enter(actor, name: "camera \(range.camera)", now: request.now)
        let key = ExportMemory.Key(owner: actor.description, range: range, zone: request.zone.name)
        // Whoever goes on reading gets what was begun.
        let isContinued = request.http.header("Range").map { !$0.hasPrefix("bytes=0-") } ?? false
        let known = isContinued ? pool.memory.find(key) : nil
        let entry = try known ?? plan(range, for: request, by: actor, key: key)
        guard entry.files.count == 1, let file = entry.files.first else {
            let archive = ExportArchive(
                files: entry.files,
                name: archiveName(entry.files),
                at: entry.askedAt,
                more: pool.verifier
            )
            return ExportAnswer(request, place, incomplete: entry.incomplete).archive(archive)
        }
        return ExportAnswer(request, place, incomplete: entry.incomplete).file(file)
    }

    private static func archiveName(_ files: [ExportFile]) -> String {
        let name = files.first?.name ?? "export.mp4"
        return name.replacing("-part1.mp4", with: ".zip")
    }

    static func range(_ request: WebRequest) throws(Problem) -> ExportRange {
        let fields = try request.query(["from", "to", "zone"])
        return try ExportRange(
            camera: request.cameraID,
            from: try ExportTime.read(fields, "from", zone: fields["zone"]),
            to: try ExportTime.read(fields, "to", zone: fields["zone"]),
            now: request.now
        )
    }

    /// Plans the files; what was given out before keeps the time at which it was asked for, and with it its bytes.
    static func plan(
        _ range: ExportRange,
        for request: WebRequest,
        by actor: Actor,
        key: ExportMemory.Key
    ) throws -> ExportMemory.Entry {
        let pool = request.context.exports
        guard let signing = pool.key else { throw Problem(503, "The key for signatures cannot be made.") }
        let planner = ExportPlanner(source: pool.source, database: request.database, key: signing)
        let material = try planner.material(for: range, now: request.now)
        let before = pool.memory.find(key)
        func files(_ askedAt: Timestamp) throws -> [ExportFile] {
            try planner.files(material, for: range, askedBy: actor.description, askedAt: askedAt, zone: request.zone)
        }
        if let before {
            let again = try files(before.askedAt)
            if again.map(\.tag) == before.files.map(\.tag) { return before }
        }
        let now = Timestamp(milliseconds: request.now.milliseconds)
        let entry = ExportMemory.Entry(askedAt: now, files: try files(now), incomplete: words(material.missing))
        pool.memory.keep(entry, for: key)
        return entry
    }

    /// `3 expired, 1 lost`; nil where nothing is missing.
    static func words(_ missing: [ExportManifest.Missing]) -> String? {
        let counts = Dictionary(grouping: missing.filter { $0.reason != "covered" }) { $0.reason }.mapValues(\.count)
        guard !counts.isEmpty else { return nil }
        return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    /// The account of what the file has, signed.
    @Sendable package static func manifest(_ request: WebRequest) throws -> HTTPResponse {
        let range = try range(request)
        let actor = try request.actor()
        let key = ExportMemory.Key(owner: actor.description, range: range, zone: request.zone.name)
        let entry = try plan(range, for: request, by: actor, key: key)
        var body: [UInt8] = []
        if entry.files.count == 1 {
            body = entry.files[0].manifest
        } else {
            var json = JSONWriter(capacity: entry.files.reduce(64) { $0 + $1.manifest.count })
            json.object { json in
                json.field("format", ExportManifest.format + "-list")
                json.array("manifests") { json in
                    for file in entry.files { json.value(json: file.manifest) }
                }
            }
            body = json.bytes
        }
        var response = HTTPResponse(contentType: "application/json", body: body)
        response.set(.cacheControl, "private, no-store")
        return response
    }

    /// The key with which signatures are checked.
    @Sendable package static func key(_ request: WebRequest) throws -> HTTPResponse {
        guard let key = request.context.exports.key else {
            throw Problem(503, "The key for signatures cannot be made.")
        }
        var json = JSONWriter()
        json.object { json in
            json.field("algorithm", "Ed25519")
            json.field("key", key.publicKey.base64)
            json.field("fingerprint", ExportManifest.fingerprint(of: key.publicKey))
        }
        return .json(json)
    }
}
