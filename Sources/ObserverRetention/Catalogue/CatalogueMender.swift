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
        case .sound, .waiting, .different, .unentered, .leftover: break
        }
    }

    private func lose(
        _ findings: [CatalogueComparison.Finding],
        from states: [SegmentState],
        _ reason: String,
        _ report: inout CatalogueRunStore.Report
    ) throws {
        var absent: [SegmentID] = []
        let objects = findings.compactMap { finding -> CatalogueBucket.Object? in
            guard let segment = SegmentKey(finding.key, prefix: bucket.path.prefix) else { return nil }
            return CatalogueBucket.Object(key: finding.key, segment: segment, bytes: 0, modifiedAt: nil)
        }
        try bucket.heads(of: objects) { object, result in
            switch result {
            case .success: report.add(CatalogueRestorer.Word.unread, example: "\(object.key): it is there")
            case .failure(let error):
                guard error.kind == .notFound, error.code != "NoSuchBucket" else { throw error }
                absent.append(object.segment.id)
            }
        }
        for start in stride(from: 0, to: absent.count, by: CatalogueImport.mostInBatch) {
            let batch = Array(absent[start..<min(start + CatalogueImport.mostInBatch, absent.count)])
            let count = try CatalogueImport(connection).markLost(batch, from: states, reason: reason)
            report.add(Word.lost, count)
        }
    }

    private func delete(
        _ findings: [CatalogueComparison.Finding],
        _ report: inout CatalogueRunStore.Report
    ) throws {
        // Who may not ask, or asks a store that knows no versions, has none to delete.
        let isOfAllVersions = ((try? bucket.client.versioning()) ?? .off) != .off
        let store = S3RetentionBucket(bucket.client)
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
