import FoundationEssentials
package import ObserverCore
package import ObserverStore
package import Postgres
import S3

/// Brings rows back from the bucket, a day of a stream at a time.
///
/// The list of the bucket says what there is, the manifests what the rows were; what no manifest has is asked for object by
/// object. All of it may be repeated.
package struct CatalogueRestorer {
    package typealias Report = CatalogueRunStore.Report

    /// The words of the report.
    package enum Word {
        package static let objects = "objects"
        package static let added = "segments_added"
        package static let changed = "segments_changed"
        package static let gaps = "gaps_added"
        package static let cameras = "cameras_added"
        package static let unknownCameras = "cameras_unknown"
        package static let manifests = "manifests"
        package static let damaged = "manifests_damaged"
        package static let asked = "objects_asked_for"
        package static let unknown = "objects_unknown"
        package static let unread = "objects_unread"
        package static let absent = "objects_absent"
        package static let days = "days"
    }

    private static let absence = "the object was not in the bucket when the catalogue was restored from it"

    private let bucket: CatalogueBucket
    private let connection: PostgresConnection
    private let store: CatalogueImport

    package init(_ bucket: CatalogueBucket, _ connection: PostgresConnection) {
        self.bucket = bucket
        self.connection = connection
        store = CatalogueImport(connection)
    }

    // MARK: Cameras

    /// Restores a camera: as its object says, or with a name of its own where there is none and no row either.
    package func restore(_ camera: CameraID, _ report: inout Report) throws {
        if let bytes = try bucket.read(bucket.path.camera(camera)) {
            do {
                if try store.write(try CameraManifest.decode(bytes, of: camera)) { report.add(Word.cameras) }
                return
            } catch let error as ManifestError {
                report.add(Word.damaged, example: "\(bucket.path.camera(camera)): \(error.detail)")
            }
        }
        guard try !store.hasCamera(camera) else { return }
        let now = try CatalogueStatusStore(connection).read().now
        _ = try store.write(CatalogueCameraRecord(CatalogueCamera(unknown: camera, at: now)))
        report.add(Word.unknownCameras, example: "\(camera)")
    }

    // MARK: Days

    /// Restores a day, the newest hour first.
    package func restore(_ day: CatalogueDay, _ report: inout Report) throws {
        let listed = try bucket.list(day)
        report.add(Word.days)
        report.add(Word.objects, listed.objects.count)
        for key in listed.strangers { report.add(Word.unknown, example: key) }
        let byHour = Dictionary(grouping: listed.objects.values) { $0.segment.hour }
        for hour in Set(byHour.keys).union(listed.manifests).sorted(by: >) {
            let objects = Dictionary((byHour[hour] ?? []).map { ($0.segment.id, $0) }) { first, _ in first }
            try restore(hour, objects, hasManifest: listed.manifests.contains(hour), &report)
        }
        if let epoch = listed.objects.values.map(\.segment.epoch).max() {
            try store.raiseEpochs([day.stream.camera: epoch])
        }
    }

    private func restore(
        _ hour: CatalogueHour,
        _ objects: [SegmentID: CatalogueBucket.Object],
        hasManifest: Bool,
        _ report: inout Report
    ) throws {
        let manifest = hasManifest ? try manifest(of: hour, &report) : nil
        var rows: [CatalogueImport.Row] = []
        var rest = objects
        for record in manifest?.segments ?? [] {
            let object = rest[record.segment.id]
            let header = record.segment.header
            let places = object?.destinations(of: record.segment.media.bytes) ?? []
            guard let object, object.key == header.objectKey, !places.isEmpty else {
                if let row = rowWithoutObject(record, &report) { rows.append(row) }
                continue
            }
            rest[record.segment.id] = nil
            rows.append(Self.row(record, in: places))
        }
        if let gaps = manifest?.gaps, !gaps.isEmpty {
            report.add(Word.gaps, try store.write(gaps).added)
            if let epoch = gaps.map(\.gap.epoch).max() { try store.raiseEpochs([hour.stream.camera: epoch]) }
        }
        // What is known to be stored, or to be deleted, need not be asked for.
        let states = try SegmentStore(connection).states(of: Array(rest.keys))
        let unknown = rest.values.filter { object in
            switch states[object.segment.id] {
            case .stored, .expiring, .expired: false
            case .spooled, .failed, .lost, nil: true
            }
        }
        rows += try ask(for: unknown, &report)
        let sum = try store.write(rows)
        report.add(Word.added, sum.added)
        report.add(Word.changed, sum.changed)
        if bucket.destinations != .home {
            report.add(Word.changed, try store.widen(objects.values.map { ($0.segment.id, $0.lengths) }))
        }
    }

    private func manifest(of hour: CatalogueHour, _ report: inout Report) throws -> Manifest? {
        let key = bucket.path.manifest(hour)
        guard let bytes = try bucket.read(key) else { return nil }
        do {
            let manifest = try Manifest(bytes, of: hour)
            report.add(Word.manifests)
            if manifest.damagedLines > 0 {
                report.add(Word.damaged, example: "\(key): \(manifest.damagedLines) lines cannot be read")
            }
            return manifest
        } catch {
            report.add(Word.damaged, example: "\(key): \(error.detail)")
            return nil
        }
    }

    /// The row of a segment whose object is there: it is stored, whatever was known when the manifest was written.
    private static func row(_ record: SegmentRecord, in places: DestinationSet) -> CatalogueImport.Row {
        let isStored = record.state != .expiring
        let outcome = SegmentStore.Outcome(
            record.segment,
            isStored ? .stored : record.state,
            tries: record.tries,
            error: record.state == .stored ? record.error : nil,
            etag: record.etag,
            storedAt: record.storedAt,
            destinations: places
        )
        return CatalogueImport.Row(outcome, createdAt: record.createdAt)
    }

    private func rowWithoutObject(_ record: SegmentRecord, _ report: inout Report) -> CatalogueImport.Row? {
        // Retention has finished what the manifest saw it begin.
        guard record.state != .expiring else { return nil }
        // It may lie in a store that nobody can look into.
        let isElsewhere = !record.destinations.isSubset(of: bucket.destinations)
        let isAbsent = record.state == .stored && !isElsewhere
        if isAbsent { report.add(Word.absent, example: record.segment.header.objectKey) }
        let outcome = SegmentStore.Outcome(
            record.segment,
            isAbsent ? .lost : record.state,
            tries: record.tries,
            error: isAbsent ? Self.absence : record.error,
            etag: record.etag,
            storedAt: record.storedAt,
            destinations: record.destinations
        )
        return CatalogueImport.Row(outcome, createdAt: record.createdAt)
    }

    // MARK: Single objects

    /// Asks the store about objects and returns the rows that follow from what the uploader has said with each.
    package func ask(
        for objects: [CatalogueBucket.Object],
        _ report: inout Report
    ) throws -> [CatalogueImport.Row] {
        var rows: [CatalogueImport.Row] = []
        report.add(Word.asked, objects.count)
        try bucket.heads(of: objects) { object, result in
            switch result {
            case .success(let info):
                if let row = Self.row(of: object, info) {
                    rows.append(row)
                } else {
                    report.add(Word.unknown, example: object.key)
                }
            case .failure(let error):
                // Deleted since it was listed.
                if error.kind == .notFound, error.code != "NoSuchBucket" { return }
                guard error.kind == .refused else { throw error }
                report.add(Word.unread, example: "\(object.key): \(error.detail)")
            }
        }
        return rows
    }

    private static func row(of object: CatalogueBucket.Object, _ info: S3ObjectInfo) -> CatalogueImport.Row? {
        guard let text = info.metadata["segment"],
            let segment = NDJSON.decode(Segment.self, Array(text.utf8)[...]), segment.problem == nil,
            segment.header.objectKey == object.key, segment.media.bytes == info.bytes,
            info.checksum == nil || info.checksum == segment.media.sha256
        else { return nil }
        let modified = info.modified.map {
            Timestamp(milliseconds: $0.multipliedReportingOverflow(by: 1000).partialValue)
        }
        let storedAt = modified.flatMap { SegmentLimits.startedAt.contains($0) ? $0 : nil }
        return CatalogueImport.Row(
            SegmentStore.Outcome(
                segment,
                .stored,
                etag: info.etag,
                storedAt: storedAt,
                destinations: object.destinations(of: segment.media.bytes)
            ),
            createdAt: storedAt
        )
    }
}
