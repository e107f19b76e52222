import System
import Crypto
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// Sends heartbeats, claims orphaned cameras, and reconciles running recorders with the database.
///
/// While the database is unavailable, recordings continue under their epochs: no other recorder can claim the cameras either.
final class CaptureReconciler: Service {
    let name = "reconciler"
    private static let heartbeatInterval = Duration.seconds(2)
    private static let reconcileInterval = Duration.seconds(5)
    private static let claimBatch = 8
    /// The version that the table of recorders shows.
    private static let version = "0"

    private let wakeUps = Monitor(0)
    private let retries = Lock<Set<CameraID>>([])
    private let context: RecorderContext
    private let loops: [CameraLoop]
    private let database: PostgresConfiguration
    private let key: SealingKey
    private let knowledge: CoverageReader
    private let segmentPublisher: SegmentPublisher
    private let logger: Logger

    init(
        context: RecorderContext,
        loops: [CameraLoop],
        database: PostgresConfiguration,
        key: SealingKey,
        knowledge: CoverageReader,
        segmentPublisher: SegmentPublisher
    ) {
        self.context = context
        self.loops = loops
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

    /// Works until stopped; then ends all recorders, within 12 s.
    func run(until stop: StopSignal) {
        stop.onStop { [self] in wake() }
        let recorderSet = RecorderSet(context: context, loops: loops)
        let connection = PostgresConnection(database)
        var incarnation: Int64?
        var isAway = false
        var heartbeatDue = MonotonicInstant.now()
        var reconcileDue = heartbeatDue
        var seen = 0
        while !stop.isStopped {
            let now = MonotonicInstant.now()
            do throws(PostgresError) {
                let store = RecorderStore(connection)
                if incarnation == nil {
                    incarnation = try store.register(
                        context.recorder,
                        spool: context.spool.id,
                        version: Self.version
                    )
                    reconcileDue = now
                }
                guard let current = incarnation else { continue }
                if now >= heartbeatDue {
                    heartbeatDue = now + Self.heartbeatInterval
                    if try !store.heartbeat(context.recorder, incarnation: current) {
                        logger.warning("Recorder superseded; registering again")
                        recorderSet.endAll(.lost)
                        incarnation = nil
                        continue
                    }
                }
                let wakeUps = wakeUps.withLock { $0 }
                if now >= reconcileDue || wakeUps != seen {
                    seen = wakeUps
                    reconcileDue = now + Self.reconcileInterval
                    try reconcile(connection, incarnation: current, recorderSet)
                    segmentPublisher.retry()
                }
                if isAway { logger.info("Database available") }
                isAway = false
            } catch {
                if !isAway { logger.warning("Database unavailable; recordings continue", [.error: LogValue(error)]) }
                isAway = true
                // Soon: the connection itself spaces out its attempts.
                reconcileDue = now + .seconds(1)
                stop.wait(for: .milliseconds(500))
            }
            for camera in takeRetries() { recorderSet.retry(camera) }
            recorderSet.watchDisk()
            let next = min(heartbeatDue, reconcileDue)
            _ = wakeUps.wait(until: next) { $0 != seen || stop.isStopped }
        }
        recorderSet.endAll(.shutdown)
        recorderSet.waitForEnd(until: .now() + .seconds(12))
        if let incarnation { try? RecorderStore(connection).release(context.recorder, incarnation: incarnation) }
        connection.close()
    }

    private func takeRetries() -> Set<CameraID> {
        retries.withLock { wanted in
            defer { wanted = [] }
            return wanted
        }
    }

    private func reconcile(
        _ connection: PostgresConnection,
        incarnation: Int64,
        _ recorderSet: RecorderSet
    ) throws(PostgresError) {
        let store = RecorderStore(connection)
        while try store.claimOrphans(for: context.recorder, incarnation: incarnation, limit: Self.claimBatch).count > 0
        {}
        let assigned = try store.assignedCameras(to: context.recorder, incarnation: incarnation)
        var wanted: Set<CameraID> = []
        for item in assigned {
            let id = item.camera.id
            guard item.camera.isActive, !item.isDeleted else { continue }
            wanted.insert(id)
            var plan = RecorderPlan(camera: item.camera, password: password(of: item), epoch: item.epoch)
            if recorderSet.needs(plan) {
                if !recorderSet.has(id) { plan.known = try known(item.camera, connection) }
                recorderSet.start(plan)
            }
        }
        for id in recorderSet.running where !wanted.contains(id) {
            let isMine = assigned.contains { $0.camera.id == id }
            recorderSet.end(id, isMine ? .off : .lost)
        }
        for item in assigned where !item.camera.isActive && !item.isDeleted {
            guard recorderSet.mustNoteOff(item.camera) else { continue }
            recorderSet.noteOff(item.camera, epoch: item.epoch, known: try knowledge.known(item.camera, connection))
        }
        recorderSet.tick()
        recorderSet.forgetEnded()
    }

    /// The facts about a camera that is wanted, for the first recorder of it in this process.
    private func known(_ camera: Camera, _ connection: PostgresConnection) throws(PostgresError) -> KnownCoverage {
        try knowledge.known(camera, connection) ?? KnownCoverage(wantedSince: camera.updatedAt)
    }

    private func password(of item: RecorderStore.AssignedCamera) -> Secret? {
        guard let sealed = item.sealedPassword else { return nil }
        do throws(CryptoError) {
            return Secret(
                String(decoding: try key.open(sealed, for: "camera:\(item.camera.id):password"), as: UTF8.self)
            )
        } catch {
            logger.error(
                "Camera password not decrypted; wrong OBSERVER_KEY?",
                [.cameraID: .int(Int(item.camera.id.rawValue)), .error: LogValue(error)]
            )
            return nil
        }
    }
}
