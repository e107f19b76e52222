package import ObserverCore
package import ObserverStore

/// A camera as it lies in the bucket: one line for the camera, then one for each switch and hold.
package enum CameraManifest {
    private struct Tag: Codable {
        var kind: String
    }

    private struct CameraLine: Codable {
        var format: Int
        var kind = "camera"
        var camera: CatalogueCamera
    }

    private struct SwitchLine: Codable {
        var kind = "switch"
        var change: CatalogueCamera.Switch
    }

    private struct HoldLine: Codable {
        var kind = "hold"
        var id: Int64
        var from: Int64
        var to: Int64
        var reason: String
        var actor: String
        var createdAt: Int64
        var releasedAt: Int64?
        var releasedBy: String?
        var releaseReason: String?

        private enum CodingKeys: String, CodingKey {
            case kind, id, reason, actor
            case from = "from_us"
            case to = "to_us"
            case createdAt = "created_us"
            case releasedAt = "released_us"
            case releasedBy = "released_by"
            case releaseReason = "release_reason"
        }

        init(_ hold: Hold) {
            id = hold.id
            (from, to) = (hold.from.microseconds, hold.to.microseconds)
            (reason, actor) = (hold.reason, hold.actor)
            createdAt = hold.createdAt.microseconds
            releasedAt = hold.release?.at.microseconds
            (releasedBy, releaseReason) = (hold.release?.actor, hold.release?.reason)
        }

        func hold(of camera: CameraID) -> Hold {
            var hold = Hold(
                id: id,
                camera: camera,
                from: Timestamp(microseconds: from),
                to: Timestamp(microseconds: to),
                reason: reason,
                actor: actor,
                createdAt: Timestamp(microseconds: createdAt)
            )
            if let releasedAt, let releasedBy, let releaseReason {
                hold.release = .init(at: Timestamp(microseconds: releasedAt), actor: releasedBy, reason: releaseReason)
            }
            return hold
        }
    }

    /// Writes a camera.
    package static func encode(_ record: CatalogueCameraRecord) -> [UInt8] {
        NDJSON.encode(CameraLine(format: Manifest.format, camera: record.camera))
            + record.switches.flatMap { NDJSON.encode(SwitchLine(change: $0)) }
            + record.holds.flatMap { NDJSON.encode(HoldLine($0)) }
    }

    /// Reads a camera; lines that are damaged are left out.
    ///
    /// - Throws: ``ManifestError`` where it is not that of this camera.
    package static func decode(
        _ bytes: [UInt8],
        of camera: CameraID
    ) throws(ManifestError) -> CatalogueCameraRecord {
        let lines = NDJSON.lines(bytes)
        guard let first = lines.first, let line = NDJSON.decode(CameraLine.self, first), line.kind == "camera" else {
            throw ManifestError(.malformed, "the first line is not a camera")
        }
        guard line.format == Manifest.format else {
            throw ManifestError(.unknownFormat, "it has format \(line.format), this program knows \(Manifest.format)")
        }
        guard line.camera.id == camera.rawValue else {
            throw ManifestError(.malformed, "it is that of camera \(line.camera.id)")
        }
        var record = CatalogueCameraRecord(line.camera)
        for line in lines.dropFirst() {
            switch NDJSON.decode(Tag.self, line)?.kind {
            case "switch":
                if let change = NDJSON.decode(SwitchLine.self, line)?.change { record.switches.append(change) }
            case "hold":
                if let hold = NDJSON.decode(HoldLine.self, line)?.hold(of: camera), hold.from < hold.to {
                    record.holds.append(hold)
                }
            default: continue
            }
        }
        return record
    }
}
