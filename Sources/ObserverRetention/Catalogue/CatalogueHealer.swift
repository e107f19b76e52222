import ObserverCore
package import ObserverStore
package import Postgres

/// Brings back what a database lacks that was restored to an earlier state.
package struct CatalogueHealer {
    private let bucket: CatalogueBucket
    private let connection: PostgresConnection
    /// Clocks of database and store differ, and a manifest may have been under way.
    private static let slack: Int64 = 3600
    private static let day: Int64 = 86_400

    package init(_ bucket: CatalogueBucket, _ connection: PostgresConnection) {
        (self.bucket, self.connection) = (bucket, connection)
    }

    /// Restores cameras and days that changed after the number of the database was raised last, as often as needed.
    ///
    /// Recordings since then lie in folders of those days; other changes, as when a backlog was uploaded, are in manifests that
    /// were written since.
    ///
    /// - Parameter isWanted: Asked before each day; false ends it, to be called again.
    /// - Returns: The sum of all that came back; nil when it was ended.
    /// - Throws: The error of the database or the store; calling again begins anew.
    package func heal(while isWanted: () throws -> Bool) throws -> CatalogueRunStore.Report? {
        let status = try CatalogueStatusStore(connection).read()
        let start = status.numberedAt.advanced(bySeconds: -Self.slack)
        guard let head = try bucket.head() else { return CatalogueRunStore.Report() }
        let restorer = CatalogueRestorer(bucket, connection)
        let runs = CatalogueRunStore(connection)
        var run = try runs.open(.heal) ?? runs.begin(.heal, by: "observer-retention", reason: nil)
        run.report = CatalogueRunStore.Report()
        let written = try bucket.written(since: start)
        for camera in written.cameras.sorted() { try restorer.restore(camera, &run.report) }
        var days = Set(written.hours.map { CatalogueDay($0.stream, at: $0.hour) })
        for stream in try bucket.streams() {
            guard try isWanted() else { return nil }
            let since = start.advanced(bySeconds: -Self.day)
            days.formUnion(try bucket.days(of: stream).filter { $0.end > since })
        }
        for camera in Set(days.map(\.stream.camera)).subtracting(written.cameras).sorted() {
            try restorer.restore(camera, &run.report)
        }
        for day in days.sorted(by: { ($0.number, $1.stream) > ($1.number, $0.stream) }) {
            guard try isWanted() else { return nil }
            try restorer.restore(day, &run.report)
            try runs.save(run)
        }
        try CatalogueImport(connection).raiseNumbers()
        try CatalogueStatusStore(connection).adopt(head)
        try runs.save(run, isEnd: true)
        return run.report
    }
}
