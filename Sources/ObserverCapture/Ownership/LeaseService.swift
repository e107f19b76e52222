import AMQP
import Crypto
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import Postgres
import Spool
import System

/// Keeps the ``Lease``: registers, sends heartbeats, watches the others, fences.
///
/// It has a thread and a connection of its own and a second for each round, so that nothing else delays a heartbeat. Beside it
/// runs a clock for rounds that hang all the same.
final class LeaseService: Service {
    let name = "lease"
    /// The version that the table of recorders shows.
    private static let version = "0"

    private let recorder: String
    private let liveAddress: String?
    private let spool: Spool
    private let key: SealingKey
    private let ownership: Ownership
    private let clock: SharedClock
    private let database: PostgresConfiguration
    private let publisher: AMQPConfirmedPublisher
    private let logger: Logger
    private let onChange: @Sendable () -> Void
    private let silence: @Sendable () -> AMQPConsumerService.Silence?

    /// Creates the service.
    ///
    /// - Parameters:
    ///   - configuration: The recorder's name, the database, and the key of the plan in the spool.
    ///   - spool: The spool, whose lock is held under that name when the service runs.
    ///   - ownership: Takes the lease.
    ///   - clock: Takes the database's time.
    ///   - publisher: Tells all recorders of fencings.
    ///   - logger: Takes changes.
    ///   - silence: When the broker had nothing more to say.
    ///   - onChange: Called when there is something to do for the reconciler.
    init(
        _ configuration: CaptureConfiguration,
        spool: Spool,
        ownership: Ownership,
        clock: SharedClock,
        publisher: AMQPConfirmedPublisher,
        logger: Logger,
        silence: @escaping @Sendable () -> AMQPConsumerService.Silence?,
        onChange: @escaping @Sendable () -> Void
    ) {
        recorder = configuration.recorder
        liveAddress = configuration.live?.announced
        self.spool = spool
        key = configuration.sealingKey
        self.ownership = ownership
        self.clock = clock
        var database = configuration.database
        database.deadline = ownership.times.deadline
        database.reconnectInterval = .milliseconds(100)
        self.database = database
        self.publisher = publisher
        self.logger = logger
        self.silence = silence
        self.onChange = onChange
    }

    /// Keeps the lease until stopped.
    ///
    /// - Throws: ``RecorderNameError`` where another recorder lives under the name.
    func run(until stop: StopSignal) throws {
        let connection = PostgresConnection(database)
        defer { connection.close() }
        let store = RecorderStore(connection)
        // For a start alone; a recorder that was fenced has nothing of its own any more.
        var kept = keptPlan()
        var registration = Registration(
            spoolID: spool.id.description,
            former: kept?.incarnation,
            times: ownership.times
        )
        var former = kept?.incarnation
        var load = ProcessLoad()
        let begun = MonotonicInstant.now()
        var isAway = false
        while !stop.isStopped {
            let sentAt = MonotonicInstant.now()
            let lease = ownership.lease
            if lease.verdict(at: sentAt) == .lost {
                former = lease.incarnation
                kept = nil
                registration = Registration(spoolID: spool.id.description, former: former, times: ownership.times)
                lose(until: stop)
                continue
            }
            do {
                ownership.update { $0.began(at: sentAt) }
                if let incarnation = lease.incarnation {
                    try perform(store, incarnation: incarnation, load: &load, sentAt: sentAt)
                } else if try !register(store, &registration, keeping: former, sentAt: sentAt) {
                    throw RecorderNameError(.nameInUse, "another recorder runs as \(recorder), on another spool")
                }
                if isAway { logger.info("Database available") }
                isAway = false
            } catch let error as PostgresError {
                if !isAway { logger.warning("Database unavailable; recordings continue", [.error: LogValue(error)]) }
                isAway = true
                fail(sentAt: sentAt)
                if lease.incarnation == nil, let kept, sentAt - begun >= ownership.times.startAlone { resume(kept) }
            }
            stop.wait(until: sentAt + pause())
        }
    }

    /// Both threads.
    var services: [any Service] { [self, Clock(ownership: ownership)] }

    private struct Clock: Service {
        let name = "lease-clock"
        let ownership: Ownership

        func run(until stop: StopSignal) {
            while !stop.wait(for: ownership.times.look / 2) { ownership.update { $0.ticked(at: .now()) } }
        }
    }

    private func pause() -> Duration {
        let times = ownership.times
        return ownership.lease.incarnation == nil ? min(times.look, .milliseconds(500)) : times.look
    }

    // MARK: Registration

    private func keptPlan() -> KeptPlan? {
        do throws(SpoolError) {
            return try spool.keptPlan(of: recorder, key: key)?.plan
        } catch {
            logger.warning("Kept plan not read", [.error: LogValue(error)])
            return nil
        }
    }

    /// Takes one step towards a registration; returns false where another recorder lives under the name.
    private func register(
        _ store: RecorderStore,
        _ registration: inout Registration,
        keeping former: Int64?,
        sentAt: MonotonicInstant
    ) throws(PostgresError) -> Bool {
        // Nothing is recorded before the time is known, if that can be.
        try hearTime(store)
        let row = try store.row(of: recorder)
        switch registration.decide(row.map(Registration.Row.init), at: .now()) {
        case .wait: return true
        case .refuse: return false
        case .register:
            let incarnation = try store.register(
                recorder,
                spool: spool.id,
                version: Self.version,
                over: row,
                keeping: row?.spoolID == spool.id ? former : nil,
                live: liveAddress
            )
            guard let incarnation else { return true }
            ownership.update { $0.registered(incarnation: incarnation, sentAt: sentAt) }
            logger.info("Recorder registered", [.incarnation: .int(Int(incarnation))])
            onChange()
            return true
        }
    }

    private func hearTime(_ store: RecorderStore) throws(PostgresError) {
        // The first statement may have to connect.
        _ = try store.time()
        let askedAt = MonotonicInstant.now()
        if let time = try store.time() { clock.hear(time, sent: askedAt, received: .now()) }
    }

    /// Begins by the plan in the spool, because the database does not answer.
    private func resume(_ kept: KeptPlan) {
        logger.warning(
            "Recording by kept plan",
            [.incarnation: .int(Int(kept.incarnation)), .cameraCount: .int(kept.cameras.count)]
        )
        ownership.update { $0.resumed(incarnation: kept.incarnation, at: .now()) }
        onChange()
    }

    /// Waits until nothing is recorded any more, then forgets what was lost.
    private func lose(until stop: StopSignal) {
        logger.warning("Recorder superseded; ending its recordings")
        onChange()
        if !ownership.waitForEnd(until: .now() + .seconds(15)) { logger.warning("Recordings did not end in time") }
        ownership.update { $0.forget() }
    }

    // MARK: Rounds

    private func perform(
        _ store: RecorderStore,
        incarnation: Int64,
        load: inout ProcessLoad,
        sentAt: MonotonicInstant
    ) throws(PostgresError) {
        let isBeat = ownership.lease.isBeatDue(at: sentAt)
        let askedAt = MonotonicInstant.now()
        let found = try store.round(
            recorder,
            incarnation: incarnation,
            load: isBeat ? load.measure() : nil,
            isEnding: ownership.isEnding
        )
        if let time = found.time { clock.hear(time, sent: askedAt, received: .now()) }
        let lease = ownership.update { lease in
            lease.answered(Lease.Round(found), sentAt: sentAt, at: .now())
            return lease
        }
        if ownership.note(assignmentsMark: found.assignmentsMark) || lease.hasWork(at: .now()) { onChange() }
        for peer in lease.toAnnounce() { announce(peer) }
        for peer in lease.toFence() {
            guard try store.fence(peer.name, incarnation: peer.incarnation, heartbeat: peer.heartbeat) else { continue }
            logger.warning(
                "Silent recorder fenced",
                [.peerID: .string(peer.name), .incarnation: .int(Int(peer.incarnation))]
            )
        }
    }

    /// Sends a notice of a fencing to all recorders, among them the one that was fenced, which may not reach the database.
    private func announce(_ peer: Lease.Peer) {
        let notice = RecorderFenced(recorder: peer.name, incarnation: peer.incarnation - 1)
        publisher.publish(notice.message(), within: ownership.times.deadline) { [ownership] outcome in
            if outcome == .confirmed { ownership.update { $0.announced(peer) } }
        }
    }

    private func fail(sentAt: MonotonicInstant) {
        ownership.update { lease in
            lease.failed(sentAt: sentAt)
            if let silence = silence() { lease.heardNothing(at: silence.at, isBrokerAway: !silence.isConnected) }
        }
    }
}

extension Registration.Row {
    fileprivate init(_ row: RecorderStore.Row) {
        self.init(
            spoolID: row.spoolID.description,
            incarnation: row.incarnation,
            heartbeat: row.heartbeat,
            isFenced: row.isFenced,
            hasStopped: row.isDraining && row.cameras == 0
        )
    }
}

extension Lease.Round {
    fileprivate init(_ round: RecorderStore.Round) {
        let keeping = round.recorders.filter { !$0.isFenced && !$0.isDraining }
        self.init(
            isCurrent: round.isCurrent,
            hasBeaten: round.hasBeaten,
            peers: round.recorders.map(Lease.Peer.init),
            cameras: round.cameras,
            held: Dictionary(uniqueKeysWithValues: keeping.map { ($0.id, $0.cameras) })
        )
    }
}

extension Lease.Peer {
    fileprivate init(_ row: RecorderStore.Row) {
        self.init(
            name: row.id,
            incarnation: row.incarnation,
            heartbeat: row.heartbeat,
            isFenced: row.isFenced,
            isDraining: row.isDraining,
            hasStopped: row.isDraining && row.cameras == 0
        )
    }
}
