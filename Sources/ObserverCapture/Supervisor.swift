import Crypto
import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Postgres
import Spool

/// Decides which cameras this process records: says that it lives, claims cameras, and looks again and again whether what
/// it does is what is wanted.
///
/// Losing the database changes nothing: recordings go on under the epoch they have, because nobody can claim them either.
final class Supervisor: Sendable {
    private static let beatInterval = Duration.seconds(2)
    private static let lookInterval = Duration.seconds(5)
    private static let claimBatch = 8

    private let wake = Condition(0)
    private let context: RecorderContext
    private let configuration: ConnectionConfiguration
    private let key: SealingKey
    private let version: String
    private let lastRecovered: [CameraID: Timestamp]
    private let announcer: Announcer
    private let logger: Logger

    init(
        context: RecorderContext,
        configuration: ConnectionConfiguration,
        key: SealingKey,
        version: String,
        lastRecovered: [CameraID: Timestamp],
        announcer: Announcer
    ) {
        self.context = context
        self.configuration = configuration
        self.key = key
        self.version = version
        self.lastRecovered = lastRecovered
        self.announcer = announcer
        logger = context.logger
    }

    /// Something changed: look at once.
    func hint() {
        wake.withLock { $0 += 1 }
    }

    /// Supervises until stopped; then all recorders have ended, or 12 s have passed.
    func run(until stop: StopToken) {
        stop.onStop { [self] in hint() }
        let crew = Crew(context: context)
        let connection = Connection(configuration)
        var incarnation: Int64?
        var isAway = false
        var beatDue = Monotonic.now()
        var lookDue = beatDue
        var seen = 0
        while !stop.isStopped {
            let now = Monotonic.now()
            do throws(PostgresError) {
                let store = WorkerStore(connection)
                if incarnation == nil {
                    incarnation = try store.register(
                        context.worker,
                        host: context.spool.host,
                        version: version
                    )
                    lookDue = now
                }
                guard let current = incarnation else { continue }
                if now >= beatDue {
                    beatDue = now + Self.beatInterval
                    if try !store.beat(context.worker, incarnation: current) {
                        logger.warning("Another worker has taken over; beginning again")
                        crew.endAll(.lost)
                        incarnation = nil
                        continue
                    }
                }
                let hints = wake.withLock { $0 }
                if now >= lookDue || hints != seen {
                    seen = hints
                    lookDue = now + Self.lookInterval
                    try look(connection, incarnation: current, crew)
                    announcer.retry()
                }
                if isAway { logger.info("Database is back") }
                isAway = false
            } catch {
                if !isAway { logger.warning("Database is away; recordings go on", ["error": LogValue(error)]) }
                isAway = true
                // As often as the beat: the connection itself spaces out its attempts.
                lookDue = now + .seconds(1)
                stop.wait(for: .milliseconds(500))
            }
            crew.watchDisk()
            let next = min(beatDue, lookDue)
            _ = wake.wait(until: next) { $0 != seen || stop.isStopped }
        }
        crew.endAll(.shutdown)
        crew.waitForEnd(until: .now() + .seconds(12))
        if let incarnation { try? WorkerStore(connection).release(context.worker, incarnation: incarnation) }
        connection.close()
    }

    private func look(_ connection: Connection, incarnation: Int64, _ crew: Crew) throws(PostgresError) {
        let store = WorkerStore(connection)
        while try store.claimOrphans(for: context.worker, incarnation: incarnation, limit: Self.claimBatch).count > 0 {}
        let assigned = try store.assignedCameras(to: context.worker, incarnation: incarnation)
        var wanted: Set<CameraID> = []
        for item in assigned {
            let id = item.camera.id
            guard item.camera.isActive, !item.isDeleted else { continue }
            wanted.insert(id)
            var plan = RecorderPlan(camera: item.camera, password: password(of: item), epoch: item.epoch)
            if crew.needs(plan) {
                if !crew.has(id) { plan.uncoveredSince = try uncoveredSince(item.camera, connection) }
                crew.start(plan)
            }
        }
        for id in crew.running where !wanted.contains(id) {
            let isMine = assigned.contains { $0.camera.id == id }
            crew.end(id, isMine ? .off : .lost)
        }
        for item in assigned where !item.camera.isActive && !item.isDeleted { crew.noteOff(item.camera) }
        crew.forgetEnded()
    }

    /// From when on a camera should have been recorded, when this process meets it for the first time.
    private func uncoveredSince(_ camera: Camera, _ connection: Connection) throws(PostgresError) -> Timestamp? {
        guard let listing = try CameraStore(connection).get(camera.id) else { return nil }
        let newest = try SegmentStore(connection).newest(of: camera.id)?.segment.endedAt
        let known = [newest, lastRecovered[camera.id]].compactMap { $0 }.max()
        switch listing.status.state {
        case .off, .pending: return max(known ?? camera.updatedAt, camera.updatedAt)
        default: return known ?? camera.updatedAt
        }
    }

    private func password(of item: WorkerStore.AssignedCamera) -> Secret? {
        guard let sealed = item.sealedPassword else { return nil }
        do throws(CryptoError) {
            return Secret(
                String(decoding: try key.open(sealed, for: "camera:\(item.camera.id):password"), as: UTF8.self)
            )
        } catch {
            logger.error(
                "A camera's password cannot be opened; is OBSERVER_KEY the right one?",
                ["camera": .int(Int(item.camera.id.rawValue)), "error": LogValue(error)]
            )
            return nil
        }
    }
}
