package import ObserverCore
package import ObserverStore
package import Postgres
import S3

/// Carries out the remedies for what a comparison has found; each asks the store about the very object before.
package struct CatalogueMender {
    private let bucket: CatalogueBucket
    private let connection: PostgresConnection

    /// The words of the report, beside those of the restorer.
    package enum Word {
        package static let lost = "segments_lost"
        package static let deleted = "objects_deleted"
        package static let kept = "objects_kept"
        package static let placed = "segments_placed"
    }

    package init(_ bucket: CatalogueBucket, _ connection: PostgresConnection) {
        (self.bucket, self.connection) = (bucket, connection)
    }

    /// Mends the findings of one class.
    package func mend(
        _ findings: [CatalogueComparison.Finding],
        of day: CatalogueDay,
        as verdict: CatalogueVerdict,
        _ report: inout CatalogueRunStore.Report
    ) throws {
        guard !findings.isEmpty else { return }
        switch verdict {
        case .unnoted, .orphan:
            let restorer = CatalogueRestorer(bucket, connection)
            try restorer.restore(day.stream.camera, &report)
            // With the manifests, which know more of a segment than its object does.
            try restorer.restore(day, &report)
        case .missing, .restorable:
            try lose(findings, from: [.stored], "the object is not in the bucket any more", &report)
        case .gone:
            try lose(findings, from: [.spooled, .failed], "neither the spool nor the bucket has it", &report)
        case .undeleted: try delete(findings, &report)
        case .incomplete: try place(findings, &report)
        case .sound, .waiting, .different, .unentered, .leftover, .unreachable: break
        }
    }

    private func lose(
        _ findings: [CatalogueComparison.Finding],
        from states: [SegmentState],
        _ reason: String,
        _ report: inout CatalogueRunStore.Report
    ) throws {
        var absent = Set(findings.map(\.id))
        let objects = objects(of: findings)
        for destination in bucket.destinations.members {
            try bucket.heads(of: objects.filter { absent.contains($0.segment.id) }, in: destination) { object, result in
                guard try Self.isThere(result) else { return }
                absent.remove(object.segment.id)
                report.add(CatalogueRestorer.Word.unread, example: "\(object.key): it is there")
            }
        }
        let ids = objects.map(\.segment.id).filter { absent.contains($0) }
        for start in stride(from: 0, to: ids.count, by: CatalogueImport.mostInBatch) {
            let batch = Array(ids[start..<min(start + CatalogueImport.mostInBatch, ids.count)])
            let count = try CatalogueImport(connection).markLost(batch, from: states, reason: reason)
            report.add(Word.lost, count)
        }
    }

    private func objects(of findings: [CatalogueComparison.Finding]) -> [CatalogueBucket.Object] {
        findings.compactMap { finding in
            guard let segment = SegmentKey(finding.key, prefix: bucket.path.prefix) else { return nil }
            return CatalogueBucket.Object(key: finding.key, segment: segment, lengths: [:])
        }
    }

    private static func isThere(_ result: Result<S3ObjectInfo, S3Error>) throws -> Bool {
        switch result {
        case .success: return true
        case .failure(let error):
            guard error.kind == .notFound, error.code != "NoSuchBucket" else { throw error }
            return false
        }
    }

    /// Corrects the stores that rows name to those that have the object, as long as one has: the uploader copies it to where it belongs.
    private func place(
        _ findings: [CatalogueComparison.Finding],
        _ report: inout CatalogueRunStore.Report
    ) throws {
        let objects = objects(of: findings)
        var found: [SegmentID: DestinationSet] = [:]
        for destination in bucket.destinations.members {
            try bucket.heads(of: objects, in: destination) { object, result in
                if try Self.isThere(result) { found[object.segment.id, default: []].insert(destination) }
            }
        }
        let count = try CatalogueImport(connection).place(found, seen: bucket.destinations)
        report.add(Word.placed, count)
    }

    private func delete(
        _ findings: [CatalogueComparison.Finding],
        _ report: inout CatalogueRunStore.Report
    ) throws {
        for destination in bucket.destinations.members {
            let here = findings.filter { $0.object?.destinations.contains(destination) ?? false }
            if !here.isEmpty { try delete(here, by: bucket.client(of: destination), &report) }
        }
    }

    private func delete(
        _ findings: [CatalogueComparison.Finding],
        by client: S3Client,
        _ report: inout CatalogueRunStore.Report
    ) throws {
        // Who may not ask, or asks a store that knows no versions, has none to delete.
        let isOfAllVersions = ((try? client.versioning()) ?? .off) != .off
        let store = S3RetentionBucket(client)
        for start in stride(from: 0, to: findings.count, by: S3Client.mostDeletions) {
            let batch = findings[start..<min(start + S3Client.mostDeletions, findings.count)]
            // A row that is there again, or was never final, keeps its object.
            let states = try SegmentStore(connection).states(of: batch.map(\.id))
            let keys = batch.filter { states[$0.id] == .expired }.map(\.key)
            guard !keys.isEmpty else { continue }
            let deletion = try store.delete(keys, isOfAllVersions: isOfAllVersions)
            report.add(Word.deleted, keys.count - deletion.refused.count)
            for (key, reason) in deletion.refused { report.add(Word.kept, example: "\(key): \(reason)") }
        }
    }
}
