import System
import Crypto
import Lifecycle
import Logging
import ObserverCore
import ObserverMessages
import ObserverStore
import Postgres
import Spool

/// Claims cameras, hands them over, and reconciles running recorders with the database, as the ``Lease`` says.
///
/// While the database is unavailable, recordings continue under their epochs; a start without one records by the plan that
/// the spool keeps.
final class CaptureReconciler: Service {
    let name = "reconciler"
    private static let reconcileInterval = Duration.seconds(5)
    private static let endLimit = Duration.seconds(6)

    private let wakeUps = Monitor(0)
    private let retries = Lock<Set<CameraID>>([])
    let context: RecorderContext
    let loops: [CameraLoop]
    let ownership: Ownership
    let knowledge: CoverageReader
    private let database: PostgresConfiguration
    private let key: SealingKey
    private let segmentPublisher: SegmentPublisher
    let logger: Logger

    init(
        context: RecorderContext,
        loops: [CameraLoop],
        ownership: Ownership,
        database: PostgresConfiguration,
        key: SealingKey,
        knowledge: CoverageReader,
        segmentPublisher: SegmentPublisher
    ) {
        self.context = context
        self.loops = loops
        self.ownership = ownership
        self.database = database
        self.key = key
        self.knowledge = knowledge
        self.segmentPublisher = segmentPublisher
        logger = context.logger
    }

    /// Reconciles now instead of later.
    func wake() {
        wakeUps.withLock { $0 += 1 }
    }

    /// Connects to a camera now, if this recorder has it.
    func retry(_ camera: CameraID) {
        retries.withLock { _ = $0.insert(camera) }
        wake()
    }

    /// A recorder was fenced; if it is this one, that counts while the database cannot be reached.
    func hear(_ notice: RecorderFenced) {
        guard notice.recorder == context.recorder else { return }
        ownership.update { $0.heardOfFencing(incarnation: notice.incarnation) }
        wake()
    }

    /// Works until stopped; then hands its cameras over, if there is somebody to take them, and ends all recorders.
    func run(until stop: StopSignal) {
        stop.onStop { [self] in wake() }
        let connection = PostgresConnection(database)
        defer { connection.close() }
        var crew = CameraCrew(RecorderSet(context: context, loops: loops), handOverLimit: ownership.times.handOver)
        var plan = PlanKeeper(context: context, key: key)
        var isAway = false
        var due = MonotonicInstant.now()
        var seen = 0
        while !stop.isStopped {
            let lease = ownership.lease
            let wakeUps = wakeUps.withLock { $0 }
            if lease.verdict(at: .now()) == .lost {
                endAll(&crew, .lost)
            } else if let incarnation = lease.incarnation, crew.mayResume, !lease.isReachable {
                resume(&crew, plan, incarnation: incarnation)
            } else if let incarnation = lease.incarnation, .now() >= due || wakeUps != seen {
                do throws(PostgresError) {
                    due = .now() + Self.reconcileInterval
                    plan.keep(try reconcile(connection, incarnation: incarnation, &crew), incarnation: incarnation)
                    segmentPublisher.retry()
                    if isAway { logger.info("Database available") }
                    isAway = false
                } catch {
                    if !isAway { warn(of: error) }
                    isAway = true
                    // Soon: the connection itself spaces out its attempts.
                    due = .now() + .seconds(1)
                }
            }
            seen = wakeUps
            if !crew.handOvers.cameras.isEmpty {
                due = min(due, .now() + .milliseconds(500))
                endHandOvers(&crew, taken: [])
            }
            plan.touch()
            for camera in takeRetries() { crew.recorders.retry(camera) }
            crew.recorders.watchDisk()
            let next = min(due, .now() + .seconds(1))
            _ = self.wakeUps.wait(until: next) { $0 != seen || stop.isStopped }
        }
        ownership.beginEnding()
        drain(connection, &crew)
        endAll(&crew, .shutdown)
        if let incarnation = ownership.lease.incarnation {
            try? RecorderStore(connection).release(context.recorder, incarnation: incarnation)
        }
    }

    private func warn(of error: PostgresError) {
        logger.warning("Database unavailable; recordings continue", [.error: LogValue(error)])
    }

    private func takeRetries() -> Set<CameraID> {
        retries.withLock { wanted in
            defer { wanted = [] }
            return wanted
        }
    }

    /// Ends all recorders; what they have given to the writers is written, or given up, when this returns.
    private func endAll(_ crew: inout CameraCrew, _ reason: RecorderEnding) {
        crew.recorders.endAll(reason)
        crew.recorders.waitForEnd(until: .now() + Self.endLimit)
        crew.forget()
        if reason == .lost { crew.recorders.waitForWriters(until: .now() + .seconds(2)) }
        ownership.end()
    }

    // MARK: Ending in order

    /// Hands the cameras to others, before this recorder lets go of them.
    private func drain(_ connection: PostgresConnection, _ crew: inout CameraCrew) {
        guard let incarnation = ownership.lease.incarnation, ownership.lease.hasSuccessor,
            !crew.recorders.running.isEmpty
        else { return }
        let store = RecorderStore(connection)
        let deadline = MonotonicInstant.now() + ownership.times.handOver
        do throws(PostgresError) {
            try store.drain(context.recorder, incarnation: incarnation)
            logger.info("Handing cameras over", [.cameraCount: .int(crew.recorders.running.count)])
            while !crew.recorders.running.isEmpty, !deadline.hasPassed, ownership.lease.mayHaveSuccessor {
                let assigned = opened(try store.assignedCameras(to: context.recorder, incarnation: incarnation))
                crew.handOvers.update(
                    recorded: crew.recorders.running,
                    own: Set(assigned.map(\.camera.id)),
                    at: .now()
                )
                endHandOvers(&crew, taken: try store.taken(crew.handOvers.cameras, from: context.recorder))
                _ = StopSignal().wait(for: .milliseconds(200))
            }
        } catch {
            logger.warning("Cameras not handed over", [.error: LogValue(error)])
        }
    }

    func endHandOvers(_ crew: inout CameraCrew, taken: Set<CameraID>) {
        for id in crew.handOvers.end(taken: taken, at: .now()) { crew.recorders.end(id, .lost) }
    }

    // MARK: A start without a database

    private func resume(_ crew: inout CameraCrew, _ plan: PlanKeeper, incarnation: Int64) {
        crew.hasResumed = true
        guard let (kept, at) = plan.kept(), kept.incarnation == incarnation else { return }
        ownership.begin()
        let alive = Timestamp(milliseconds: at.milliseconds)
        for camera in kept.cameras {
            let id = CameraID(rawValue: camera.id)
            var plan = RecorderPlan(
                camera: camera.camera,
                password: password(of: id, sealed: camera.sealedPassword),
                epoch: camera.epoch
            )
            plan.known = knowledge.knownAlone(id, wantedSince: alive)
            if crew.recorders.needs(plan) { crew.recorders.start(plan) }
        }
    }

    func password(of camera: CameraID, sealed: [UInt8]?) -> Secret? {
        guard let sealed else { return nil }
        do throws(CryptoError) {
            return Secret(String(decoding: try key.open(sealed, for: "camera:\(camera):password"), as: UTF8.self))
        } catch {
            logger.error(
                "Camera password not decrypted; wrong OBSERVER_KEY?",
                [.cameraID: .int(Int(camera.rawValue)), .error: LogValue(error)]
            )
            return nil
        }
    }

    /// The cameras with their whole addresses; one that cannot be opened keeps what is shown of it, which no camera answers to.
    func opened(_ assigned: [RecorderStore.AssignedCamera]) -> [RecorderStore.AssignedCamera] {
        let vault = AddressVault(key)
        return assigned.map { item in
            var item = item
            do throws(CryptoError) {
                item.camera = try vault.open(item.camera)
            } catch {
                logger.error(
                    "Camera address not decrypted; wrong OBSERVER_KEY?",
                    [.cameraID: .int(Int(item.camera.id.rawValue)), .error: LogValue(error)]
                )
            }
            return item
        }
    }
}
