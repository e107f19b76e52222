import Encodings
package import HTTPTypes
import ObserverCore
import ObserverStore

/// The API of `/storage`: what there is, by camera and age, and how retention fares.
package enum StorageAPI {
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        let storage = try StorageStore(request.database).read()
        let status = try RetentionStatusStore(request.database).read()
        let catalogue = try CatalogueStatusStore(request.database).read()
        let compared = try CatalogueRunStore(request.database).latest(.watch)
        let locked = try LockedSegmentStore(request.database).sum()
        var json = JSONWriter(capacity: storage.cameras.count * 300 + 512)
        json.object { json in
            json.field("segments", storage.sum.segments)
            json.field("bytes", storage.sum.bytes)
            json.array("cameras") { json in
                for camera in storage.cameras { write(camera, to: &json) }
            }
            json.object("retention") { json in
                json.field("is_working", status.holder != nil && status.error == nil)
                json.field("planned_at", time: status.plannedAt)
                json.field("failed_since", time: status.failedSince)
                json.field("error", status.error)
                json.field("versions", status.bucket?.versions.rawValue)
                json.field("has_object_lock", status.bucket?.hasObjectLock ?? false)
            }
            json.object("locked") { json in
                json.field("segments", locked.segments)
                json.field("bytes", locked.bytes)
                json.field("first_until", time: locked.firstUntil)
                json.field("last_until", time: locked.lastUntil)
            }
            json.object("catalogue") { json in
                json.field("error", catalogue.error)
                json.field("failed_since", time: catalogue.failedSince)
                json.field("compared_at", time: compared?.endedAt)
                json.object("findings") { json in
                    for verdict in CatalogueVerdict.allCases where verdict.isFinding {
                        let count = compared?.report[verdict.rawValue] ?? 0
                        if count > 0 { json.field(named: verdict.rawValue, .int(count)) }
                    }
                }
            }
        }
        return .json(json)
    }

    private static func write(_ camera: StorageStore.Camera, to json: inout JSONWriter) {
        json.object { json in
            json.field("camera_id", camera.id.rawValue)
            json.field("name", camera.name)
            json.field("is_deleted", camera.isDeleted)
            json.field("segments", camera.sum.segments)
            json.field("bytes", camera.sum.bytes)
            json.field("oldest_at", time: camera.oldestAt)
            json.field("newest_at", time: camera.newestAt)
            json.array("ages") { json in
                for age in camera.ages {
                    json.object { json in
                        json.field("days", age.days.map { Int64($0) })
                        json.field("bytes", age.bytes)
                    }
                }
            }
            json.field("longest_days", camera.days.longest)
            json.field("shortest_days", camera.days.shortest)
        }
    }
}
