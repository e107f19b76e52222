import Glibc
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import System

/// `observerctl reconcile`: looks at everything, and then mends one class where that was asked for.
struct Reconciliation {
    private let configuration: ToolConfiguration
    private let camera: CameraID?
    private let spool: CatalogueComparison.SpoolFiles?
    private let wanted: CatalogueVerdict?
    private let isForced: Bool

    init(_ arguments: Arguments, _ configuration: ToolConfiguration) throws {
        self.configuration = configuration
        isForced = arguments.has("--force")
        camera = try arguments.value("--camera").map { text in
            guard let number = Int64(text), SegmentLimits.cameraID.contains(number) else {
                throw UsageError(command: "reconcile", "'\(text)' is not the number of a camera")
            }
            return CameraID(rawValue: number)
        }
        wanted = try arguments.value("--mend").map { text in
            guard let verdict = CatalogueVerdict(rawValue: text), verdict.isMendable else {
                let classes = CatalogueVerdict.allCases.filter(\.isMendable).map(\.rawValue).joined(separator: ", ")
                throw UsageError(command: "reconcile", "'\(text)' cannot be mended; what can: \(classes)")
            }
            return verdict
        }
        spool = try Self.spool(arguments, configuration)
    }

    /// The files of the spool of this machine; nil when there is none.
    private static func spool(
        _ arguments: Arguments,
        _ configuration: ToolConfiguration
    ) throws -> CatalogueComparison.SpoolFiles? {
        let given = arguments.value("--spool")
        let root = try given ?? configuration.spool()
        let layout = SpoolLayout(root: root)
        guard Directory.isDirectory(layout.ready) else {
            guard given == nil else { throw ToolError(.notFound, "\(root) is not a spool") }
            return nil
        }
        let file = try File(opening: "\(root)/SPOOL_ID", flags: O_RDONLY)
        var text = [UInt8](repeating: 0, count: 36)
        let count = text.withUnsafeMutableBytes { Glibc.read(file.descriptor, $0.baseAddress, $0.count) }
        guard count == 36, let id = SpoolID(String(decoding: text, as: UTF8.self)) else {
            throw ToolError(.notReady, "\(root)/SPOOL_ID is not the identity of a spool")
        }
        let names = try Directory.names(in: layout.ready).lazy.filter { $0.hasSuffix(".mp4") }
        return .init(id: id, segments: Set(names.compactMap { SpoolLayout.segment(named: $0) }))
    }

    func run() throws -> ExitCode {
        try Catalogue.with(configuration) { bucket, connection in
            let runs = CatalogueRunStore(connection)
            var run = try runs.begin(.compare, by: Actor.observerctl.description)
            let comparison = CatalogueComparison(bucket, connection, spool: spool)
            if spool == nil { Output.note("no spool on this machine: nothing is said about files") }
            try forEachDay(in: bucket, connection) { day in
                for finding in try comparison.compare(day) {
                    let verdict = finding.verdict
                    run.report.add(verdict.rawValue, example: verdict.isFinding ? finding.key : nil)
                }
                run.place = day.path
            }
            try addUnentered(connection, to: &run.report)
            try runs.save(run, isEnd: true)
            Catalogue.show(run.report)
            guard let wanted else {
                return CatalogueVerdict.allCases.allSatisfy { !$0.isFinding || run.report[$0.rawValue] == 0 }
                    ? .done : .failed
            }
            try check(wanted, run.report)
            return try mend(wanted, by: comparison, bucket, connection)
        }
    }

    private func forEachDay(
        in bucket: CatalogueBucket,
        _ connection: PostgresConnection,
        _ body: (CatalogueDay) throws -> Void
    ) throws {
        var walk = CatalogueWalk(bucket, connection)
        while let day = try walk.next(after: nil) {
            if camera == nil || camera == day.stream.camera { try body(day) }
        }
    }

    /// Counts the files that neither row nor object tells of.
    private func addUnentered(
        _ connection: PostgresConnection,
        to report: inout CatalogueRunStore.Report
    ) throws {
        guard let spool, camera == nil else { return }
        let ids = spool.segments.sorted()
        for start in stride(from: 0, to: ids.count, by: 1000) {
            let batch = Array(ids[start..<min(start + 1000, ids.count)])
            let states = try SegmentStore(connection).states(of: batch)
            for id in batch where states[id] == nil {
                report.add(CatalogueVerdict.unentered.rawValue, example: id.description)
            }
        }
    }

    /// Refuses what takes away much: a wrong bucket or prefix looks like a bucket that somebody has emptied.
    private func check(_ verdict: CatalogueVerdict, _ report: CatalogueRunStore.Report) throws {
        let count = report[verdict.rawValue]
        let all = CatalogueVerdict.allCases.map { report[$0.rawValue] }.reduce(0, +)
        guard verdict.isDestructive, count > 20, count > all / 100, !isForced else { return }
        throw ToolError(
            .refused,
            "\(count) of \(all) segments are \(verdict.rawValue), nothing was changed",
            hint: "check bucket and prefix; with --force it is done all the same"
        )
    }

    private func mend(
        _ verdict: CatalogueVerdict,
        by comparison: CatalogueComparison,
        _ bucket: CatalogueBucket,
        _ connection: PostgresConnection
    ) throws -> ExitCode {
        let runs = CatalogueRunStore(connection)
        var run = try runs.begin(.mend, by: Actor.observerctl.description, reason: verdict.rawValue)
        let mender = CatalogueMender(bucket, connection)
        try forEachDay(in: bucket, connection) { day in
            let findings = try comparison.compare(day).filter { $0.verdict == verdict }
            try mender.mend(findings, of: day, as: verdict, &run.report)
            run.place = day.path
            try runs.save(run)
        }
        try runs.save(run, isEnd: true)
        Output.result("mended \(verdict.rawValue)")
        Catalogue.show(run.report)
        return run.report[CatalogueRestorer.Word.unread] == 0 ? .done : .failed
    }
}
