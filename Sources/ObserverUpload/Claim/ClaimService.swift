import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System

/// The services that upload, and the way to them.
struct ComposedUploads {
    let stages: [Stage]
    let meter: UploadMeter
    let report: @Sendable (UploadStateMachine.Event) -> Void
}

/// Holds the claim on the spool, and runs the services that upload while it has it.
///
/// It reports every few seconds, on a thread and a connection of its own: a database that hangs holds up no upload. What
/// people have asked to be tried anew comes with the answer, and at once when a message says so.
final class ClaimService: Service {
    /// The time within which the services that upload end.
    static let shutdownLimit: Duration = .seconds(25)
    /// Wishes that are taken at once.
    private static let retryBatch = 1000

    struct Times {
        let report: Duration
        let lease: Duration
    }

    let name = "claim"
    private let spool: Spool
    private let uploader: String
    private let database: PostgresConfiguration
    private let times: Times
    private let logger: Logger
    private let compose: @Sendable (_ wake: @escaping @Sendable () -> Void) -> ComposedUploads
    private let instance = UniqueID.makeRandom()
    private let lock = Lock<UploaderLock?>(nil)
    /// True when there is something to do before the next report is due.
    private let isWoken = Monitor(false)

    init(
        spool: Spool,
        name uploader: String,
        database: PostgresConfiguration,
        times: Times,
        logger: Logger,
        compose: @escaping @Sendable (_ wake: @escaping @Sendable () -> Void) -> ComposedUploads
    ) {
        self.spool = spool
        self.uploader = uploader
        self.database = database
        self.times = times
        self.logger = logger
        self.compose = compose
    }

    /// Takes the lock of the folder.
    ///
    /// - Throws: `SpoolError`: `.inUse` where another process of this machine has it.
    func start() throws {
        let taken = try spool.lockForUploads()
        lock.withLock { $0 = taken }
    }

    /// Works until stopped; then ends the uploads and gives the spool up.
    func run(until stop: StopSignal) throws {
        stop.onStop { [isWoken] in isWoken.withLock { $0 = true } }
        defer { lock.withLock { $0 = nil } }
        let place = try spool.place()
        let claimant = UploaderStore.Claimant(
            spoolID: spool.id,
            name: uploader,
            instance: instance,
            place: place.description
        )
        var holding = Holding(claim: SpoolClaim(lease: times.lease), place: place, claimant: claimant)
        perform(
            holding.claim.handle(.lockTaken(isKnownFolder: try spool.isUploadersFolder(place)), now: .now()),
            &holding
        )
        let store = UploaderStore(PostgresConnection(database))
        let retries = FailedUploadStore(PostgresConnection(database))
        while !stop.isStopped {
            let event = claim(for: holding, in: store, retries)
            perform(holding.claim.handle(event, now: .now()), &holding)
            if holding.uploads?.hasEnded == true { break }
            _ = isWoken.take(until: .now() + times.report) { woken in  // ignored: both ways it is time
                defer { woken = false }
                return woken ? true : nil
            }
        }
        let hasFailed = holding.uploads?.end() == false
        if holding.claim.state == .claimed { release(claimant, store) }
        if hasFailed, !stop.isStopped { throw ClaimError.uploadsEnded }
    }

    // MARK: - The database

    private func claim(
        for holding: borrowing Holding,
        in store: UploaderStore,
        _ retries: FailedUploadStore
    ) -> SpoolClaim.Event {
        do {
            let report = holding.uploads?.report(of: spool, now: .now()) ?? UploaderReport()
            switch try store.report(report, by: holding.claimant, over: holding.claim.former) {
            case .held(let holder): return .held(holder)
            case .granted(let hasRetries):
                if hasRetries, let uploads = holding.uploads {
                    try takeRetries(retries, uploads)
                }
                return .granted
            }
        } catch {
            // That it is away is told by those who write rows.
            return .databaseAway
        }
    }

    private func takeRetries(_ retries: FailedUploadStore, _ uploads: RunningUploads) throws(PostgresError) {
        var count = 0
        while true {
            let ids = try retries.takeRetries(of: spool.id, limit: Self.retryBatch)
            count += ids.count
            if !ids.isEmpty { uploads.report(.retryAsked(ids)) }
            guard ids.count == Self.retryBatch else { break }
        }
        if count > 0 { logger.info("Failed uploads tried anew", [.segmentCount: .int(count)]) }
    }

    private func release(_ claimant: UploaderStore.Claimant, _ store: UploaderStore) {
        do {
            try store.end(claimant)
        } catch {
            logger.info("Spool not given up in database", [.error: LogValue(error)])
        }
    }

    // MARK: - Actions

    private func perform(_ actions: [SpoolClaim.Action], _ holding: inout Holding) {
        for action in actions {
            switch action {
            case .begin:
                keep(holding.place)
                let composed = compose { [isWoken] in isWoken.withLock { $0 = true } }
                holding.uploads = RunningUploads(composed, logger: logger) { [isWoken] in
                    isWoken.withLock { $0 = true }
                }
            case .end:
                _ = holding.uploads?.end()  // ignored: what failed has been logged
                holding.uploads = nil
            case .report(let report): log(report)
            }
        }
    }

    private func keep(_ place: SpoolPlace) {
        do {
            try spool.keepUploadersFolder(place)
        } catch {
            logger.warning("Folder of uploader not kept", [.error: LogValue(error)])
        }
    }

    private func log(_ report: SpoolClaim.Report) {
        switch report {
        case .refused(let holder):
            logger.error(
                "Spool claimed by another uploader",
                [
                    .peerID: .string(holder.name), .timeFrom: .string(holder.startedAt.rfc3339),
                    .spoolPath: .string(spool.root),
                    .hint: """
                    one of the two spools is a copy of the other; on the machine with the copy stop Observer, delete \
                    the file SPOOL_ID in the spool and start again; until then nothing is uploaded or deleted here
                    """,
                ]
            )
        case .waiting(let holder):
            logger.info("Former uploader's lease awaited", [.peerID: .string(holder.name)])
        case .succeeded(let holder):
            logger.info("Spool taken over", [.peerID: .string(holder.name)])
        case .withoutDatabase:
            logger.info("Uploads begin without the database")
        }
    }
}

/// The claim of a running service.
private struct Holding {
    var claim: SpoolClaim
    let place: SpoolPlace
    let claimant: UploaderStore.Claimant
    var uploads: RunningUploads?
}
