import Glibc
import HTTPClient
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3

extension Command {
    static let rebuild = Command(
        name: "rebuild",
        usage: "[--merge]",
        summary: "Restore the rows of recordings, gaps, holds and cameras from the bucket alone.",
        details: """
            For an empty database, after `observerctl migrate`. The bucket is listed day by day, the newest day of each stream
            first; what the manifests below the key prefix say makes the rows, and objects that no manifest has are asked for
            one by one. Objects of which neither tells anything are counted and told. A rebuild that was ended goes on where
            it was; all of it may be repeated. A database that has recordings is refused, unless --merge is given: then rows
            that are there stay, and become stored where their object is there.
            Cameras come back switched off and without address, user and password, which are not in the bucket, as are users,
            tokens and the rules of retention: enter those before observer-retention starts. Nothing is taken from the bucket.
            Reads OBSERVER_DATABASE_URL, OBSERVER_S3_PREFIX and what is needed for the store.
            """,
        flags: ["--merge"],
        run: { arguments, configuration in
            try Catalogue.with(configuration) { bucket, connection in
                let rebuild = CatalogueRebuild(bucket, connection)
                let unfinished = try rebuild.unfinished()
                let hasSegments = try CatalogueStore(connection).hasSegments()
                if unfinished == nil, !arguments.has("--merge"), hasSegments {
                    throw ToolError(
                        .refused,
                        "the database has recordings, nothing was done",
                        hint: "give --merge to bring in what it lacks"
                    )
                }
                if let place = unfinished?.place { Output.note("going on after \(place)") }
                var told: Int64 = 0
                let report = try rebuild.run(by: Actor.observerctl.description) { day, report in
                    let objects = report[CatalogueRestorer.Word.objects]
                    guard objects >= told + 10_000 else { return }
                    told = objects
                    Output.note("\(day.path): \(objects) objects, \(report[CatalogueRestorer.Word.added]) rows")
                }
                Catalogue.show(report)
                let isWhole = [CatalogueRestorer.Word.unknown, CatalogueRestorer.Word.unread].allSatisfy {
                    report[$0] == 0
                }
                return isWhole ? .done : .failed
            }
        }
    )

    static let reconcile = Command(
        name: "reconcile",
        usage: "[--camera ID] [--spool DIR] [--mend CLASS [--force]]",
        summary: "Compare rows, the bucket and the spool of this machine, and mend one class of findings.",
        details: """
            Without --mend it changes nothing: it counts the segments by class and names examples. The classes:
              sound       row and object agree            waiting     on its way to the store
              leftover    stored, the file still there    unentered   a file without a row; the uploader enters it
              different   the object has another length: somebody has to look at it
            and those that can be mended:
              unnoted     the object is there, the row does not say so: becomes stored
              orphan      an object without a row: gets its row
              restorable  stored by its row, no object, but the file is there: becomes lost until the uploader has stored it
              missing     stored by its row, no object, no file: becomes lost
              gone        waiting by its row, and the spool of this machine has no file: becomes lost
              undeleted   deleted by its row, the object still there: is deleted again
              incomplete  one of its stores has no object, another one has: the row names those that have
            With several stores each is looked into, and `unnoted` also counts what a store has besides those in the row. A row
            that names a store which is not set up is `unreachable`: set that store up again.
            Before anything is changed the store is asked about that very object once more. Where a class takes something away
            from more than one segment in a hundred, and from more than twenty, it is refused without --force.
            DIR is OBSERVER_SPOOL unless given. Files of other machines are not known, and nothing is said about them.
            Reads OBSERVER_DATABASE_URL, OBSERVER_S3_PREFIX and what is needed for the store.
            """,
        options: ["--camera", "--spool", "--mend"],
        flags: ["--force"],
        run: { arguments, configuration in try Reconciliation(arguments, configuration).run() }
    )

    static let spool = Command(
        name: "spool",
        usage: "give-up ID --reason TEXT [--after HOURS]",
        summary: "Give up the recordings that only a spool had whose disk is gone.",
        details: """
            ID is the identity of the spool, the text of its file SPOOL_ID; `observerctl spool list` names those that rows wait
            for. All segments that are on their way from it or have failed become lost, with TEXT as the reason, in batches;
            should the disk come back, the uploader stores them all the same. It is refused while a recorder or uploader has
            used that spool within the last 2 hours (HOURS). The run is kept in the table catalogue_runs.
            Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--reason", "--after"],
        words: 1...2,
        run: { arguments, configuration in
            let connection = try configuration.connect()
            switch (arguments.words[0], arguments.words.count) {
            case ("list", 1): return try listSpools(connection)
            case ("give-up", 2): return try giveUp(arguments, connection)
            default: throw UsageError(command: "spool", "spool takes `list`, or `give-up ID --reason TEXT`")
            }
        }
    )

    private static func listSpools(_ connection: PostgresConnection) throws -> ExitCode {
        for spool in try SpoolGiveUp(connection).spools() {
            let sign = spool.secondsSinceSign.map { "seen \($0 / 60) min ago" } ?? "never seen"
            Output.result(
                "\(spool.id)  \(spool.segments) segments  \(spool.bytes) bytes  \(spool.recorder)  \(sign)"
            )
        }
        return .done
    }

    private static func giveUp(_ arguments: Arguments, _ connection: PostgresConnection) throws -> ExitCode {
        guard let id = SpoolID(arguments.words[1]) else {
            throw UsageError(command: "spool", "'\(arguments.words[1])' is not the identity of a spool")
        }
        guard let reason = arguments.value("--reason"), (1...400).contains(reason.unicodeScalars.count) else {
            throw UsageError(command: "spool", "--reason needs a text of 1 to 400 characters")
        }
        let hours = arguments.value("--after").map { Int64($0) } ?? 2
        guard let hours, (0...10_000).contains(hours) else {
            throw UsageError(command: "spool", "--after needs a number of hours")
        }
        let store = SpoolGiveUp(connection)
        if let seconds = try store.secondsSinceSign(of: id), seconds < hours * 3600 {
            throw ToolError(
                .refused,
                "the spool \(id) was in use \(seconds / 60) min ago, nothing was done",
                hint: "what it has will be stored; or wait until nothing has used it for \(hours) h"
            )
        }
        let count = try store.giveUp(id, reason: reason, by: Actor.observerctl.description) { count in
            Output.note("\(count) segments given up")
        }
        Output.result("\(count) segments of spool \(id) are lost: \(reason)")
        return .done
    }
}

/// The parts that commands about the catalogue share.
enum Catalogue {
    private static let parallel = 32
    private static let responseBytes = 32 << 20

    /// Runs `body` with the bucket and a connection.
    static func with(
        _ configuration: ToolConfiguration,
        _ body: (CatalogueBucket, PostgresConnection) throws -> ExitCode
    ) throws -> ExitCode {
        let (destinations, prefix) = (try configuration.destinations(), try configuration.prefix())
        let connection = try configuration.connect()
        var limits = HTTPClientLimits()
        limits.responseBytes = responseBytes
        return try StoreClients(destinations, parallel: parallel, limits: limits).running { stores in
            try body(CatalogueBucket(stores, prefix: prefix), connection)
        }
    }

    /// Prints numbers and examples by their words.
    static func show(_ report: CatalogueRunStore.Report) {
        for (word, count) in report.counts.sorted(by: { $0.key < $1.key }) {
            Output.result("\(word)\(String(repeating: " ", count: max(1, 20 - word.count)))\(count)")
        }
        for (word, examples) in report.examples.sorted(by: { $0.key < $1.key }) {
            for example in examples { Output.result("  \(word)  \(example)") }
        }
    }
}
