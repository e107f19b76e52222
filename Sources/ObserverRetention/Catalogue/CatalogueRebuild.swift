package import ObserverCore
package import ObserverStore
package import Postgres

/// Restores a database from the bucket alone, stream by stream, the newest day of each first.
package struct CatalogueRebuild {
    private let bucket: CatalogueBucket
    private let connection: PostgresConnection

    package init(_ bucket: CatalogueBucket, _ connection: PostgresConnection) {
        (self.bucket, self.connection) = (bucket, connection)
    }

    /// The rebuild that was not finished; nil when there is none.
    package func unfinished() throws -> CatalogueRunStore.Run? {
        try CatalogueRunStore(connection).open(.rebuild)
    }

    /// Restores all that the bucket knows; a rebuild that was not finished is continued.
    ///
    /// - Parameters:
    ///   - actor: The originator.
    ///   - progress: Called after each day, with what there is so far.
    /// - Returns: The sum of all that came back.
    /// - Throws: The error of the database or the store; calling again goes on.
    package func run(
        by actor: String,
        progress: (CatalogueDay, CatalogueRunStore.Report) -> Void
    ) throws -> CatalogueRunStore.Report {
        let runs = CatalogueRunStore(connection)
        let restorer = CatalogueRestorer(bucket, connection)
        let partitions = PartitionStore(connection)
        var run = try unfinished() ?? runs.begin(.rebuild, by: actor)
        let head = try bucket.head()
        let done = run.place.flatMap { CatalogueDay(path: $0) }
        let streams = try bucket.streams()
        for camera in Set(try bucket.cameras()).union(streams.map(\.camera)).sorted() {
            try restorer.restore(camera, &run.report)
        }
        try CatalogueImport(connection).raiseNumbers()
        let present = SegmentWeek(of: try CatalogueStatusStore(connection).read().now)
        for stream in streams {
            if let done, stream < done.stream { continue }
            for day in try bucket.days(of: stream) {
                if let done, done.stream == stream, day >= done { continue }
                let weeks = Set([SegmentWeek(of: day.start), SegmentWeek(of: day.end.advanced(byMilliseconds: -1))])
                _ = try partitions.create(weeks.filter { $0 <= present }.sorted())
                try restorer.restore(day, &run.report)
                run.place = day.path
                try runs.save(run)
                progress(day, run.report)
            }
        }
        if let head { try CatalogueStatusStore(connection).adopt(head) }
        try runs.save(run, isEnd: true)
        return run.report
    }
}
