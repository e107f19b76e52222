import SeededNumbers
import System

@testable import ObserverCapture

/// Recorders that share cameras over a database and a broker, with faults that a seed decides.
///
/// Time goes on in steps of a fifth of a second. Each recorder is a ``Lease`` in a shell as thin as the product's.
struct LeaseSimulator {
    static let step = 0.2
    /// Faults come before this second, and the rest is calm.
    static let calm = 110.0
    static let end = 165.0

    struct Row {
        var incarnation: Int64
        var heartbeat: Int64 = 0
        var isFenced = false
        var isDraining = false
        var hasStopped = false
    }

    struct Assignment {
        var recorder: String?
        var incarnation: Int64 = 0
        var epoch: Int64 = 0
    }

    struct PendingRound {
        var sentAt: Double
        var appliesAt: Double
        var endsAt: Double
        var isBeat: Bool
        var isReached: Bool
        var answer: Lease.Round?
    }

    struct Node {
        var name: String
        var lease: Lease
        var isRunning = true
        var frozenSince = 0.0
        var frozenUntil = 0.0
        var restartAt: Double?
        var databaseCutUntil = 0.0
        var brokerCutUntil = 0.0
        var slowUntil = 0.0
        var drainingUntil: Double?
        var round: PendingRound?
        var nextRound = 0.0
        /// When it last was cut off, slow, frozen or not there, apart from a database that is away for all.
        var troubledAt = 0.0
        /// Since when it runs, reaches the database and is answered in time.
        var healthySince: Double?
        /// By camera: from when on it records.
        var cameras: [Double?]
        /// Cameras that went to another, with which it goes on up to a moment.
        var lingering: [Int: Double] = [:]
        /// Notices of the broker: recorder, incarnation, and when they were published.
        var inbox: [(recorder: String, incarnation: Int64, at: Double)] = []

        func isAwake(at now: Double) -> Bool { isRunning && now >= frozenUntil }
    }

    let cameraCount: Int
    var generator: SeededGenerator
    var now = 0.0
    var databaseAwayUntil = 0.0
    var brokerAwayUntil = 0.0
    var rows: [String: Row] = [:]
    var assignments: [Assignment]
    var nodes: [Node]
    var nextFault: Double
    /// The last moment at which anything changed in the world.
    var disturbedAt = 0.0
    var problems: [String] = []
    var dark: [Double]
    var doubled: [Double]
    var log: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...4, using: &generator)
        cameraCount = Int.random(in: 1...10, using: &generator)
        let none = [Double?](repeating: nil, count: cameraCount)
        nodes = (0..<count).map { Node(name: "node-\($0)", lease: Lease(name: "node-\($0)"), cameras: none) }
        assignments = Array(repeating: Assignment(), count: cameraCount)
        dark = Array(repeating: 0, count: cameraCount)
        doubled = dark
        nextFault = Double.random(in: 5...30, using: &generator)
    }

    var instant: MonotonicInstant { Self.instant(now) }

    static func instant(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000_000 + Int64(seconds * 1e9))
    }

    mutating func run() {
        while now < Self.end, problems.isEmpty {
            now += Self.step
            if now >= nextFault, now < Self.calm { fault() }
            // Whoever was frozen writes before it does anything else.
            check()
            for index in nodes.indices { advance(index) }
        }
        if problems.isEmpty { checkEnd() }
    }

    mutating func note(_ text: String) {
        log.append("\(Int(now * 10)): \(text)")
    }

    // MARK: The shell of a recorder

    func reaches(_ index: Int) -> Bool {
        now >= databaseAwayUntil && now >= nodes[index].databaseCutUntil
    }

    func isCurrent(_ name: String, _ incarnation: Int64) -> Bool {
        rows[name].map { $0.incarnation == incarnation && !$0.isFenced } ?? false
    }

    mutating func advance(_ index: Int) {
        if let at = nodes[index].restartAt, now >= at {
            nodes[index].restartAt = nil
            nodes[index].isRunning = true
            nodes[index].troubledAt = now
            disturbedAt = now
        }
        guard nodes[index].isRunning else { return }
        if let round = nodes[index].round, now >= round.appliesAt, round.isReached, round.answer == nil {
            let answer = apply(round, of: index)
            nodes[index].round?.answer = answer
        }
        guard nodes[index].isAwake(at: now) else { return }
        updateHealth(index)
        endLingering(index)
        hear(index)
        if nodes[index].lease.incarnation == nil { return register(index) }
        if nodes[index].lease.verdict(at: instant) == .lost {
            note("lost \(index)")
            nodes[index].cameras = .init(repeating: nil, count: cameraCount)
            nodes[index].lingering = [:]
            nodes[index].lease.forget()
            nodes[index].round = nil
            return
        }
        if let round = nodes[index].round {
            guard now >= round.endsAt else { return }
            finish(round, of: index)
        } else if now >= nodes[index].nextRound {
            send(index)
        }
        if let deadline = nodes[index].drainingUntil, nodes[index].cameras.allSatisfy({ $0 == nil }) || now >= deadline
        {
            stop(index)
        }
    }

    mutating func updateHealth(_ index: Int) {
        if now < nodes[index].slowUntil || now < nodes[index].databaseCutUntil { nodes[index].troubledAt = now }
        let isHealthy = reaches(index) && now >= nodes[index].slowUntil
        if !isHealthy { nodes[index].healthySince = nil }
        if isHealthy, nodes[index].healthySince == nil { nodes[index].healthySince = now }
    }

    mutating func register(_ index: Int) {
        guard reaches(index), nodes[index].drainingUntil == nil else { return }
        let name = nodes[index].name
        let former = rows[name]?.incarnation ?? 0
        rows[name] = Row(incarnation: former + 1)
        for camera in assignments.indices
        where assignments[camera].recorder == name && former - assignments[camera].incarnation <= 1 {
            assignments[camera] = Assignment(
                recorder: name,
                incarnation: former + 1,
                epoch: assignments[camera].epoch + 1
            )
        }
        nodes[index].lease.registered(incarnation: former + 1, sentAt: instant)
        nodes[index].nextRound = now
        note("register \(index) as \(former + 1)")
    }

    mutating func send(_ index: Int) {
        let isSlow = now < nodes[index].slowUntil
        let latency =
            isSlow ? Double.random(in: 0...2, using: &generator) : Double.random(in: 0...0.3, using: &generator)
        let isReached = reaches(index)
        nodes[index].round = PendingRound(
            sentAt: now,
            appliesAt: now + latency / 2,
            endsAt: now + min(isReached ? latency : Double.random(in: 0...1, using: &generator), 1),
            isBeat: nodes[index].lease.isBeatDue(at: instant),
            isReached: isReached,
            answer: nil
        )
        nodes[index].nextRound = now + 1
    }

    mutating func apply(_ round: PendingRound, of index: Int) -> Lease.Round? {
        guard now >= databaseAwayUntil, let incarnation = nodes[index].lease.incarnation else { return nil }
        let name = nodes[index].name
        let isMine = isCurrent(name, incarnation)
        if isMine, round.isBeat { rows[name]?.heartbeat += 1 }
        var held: [String: Int] = [:]
        for assignment in assignments {
            guard let owner = assignment.recorder, isKept(assignment) else { continue }
            held[owner, default: 0] += 1
        }
        return Lease.Round(
            isCurrent: isMine,
            hasBeaten: isMine && round.isBeat,
            peers: rows.map { name, row in
                Lease.Peer(
                    name: name,
                    incarnation: row.incarnation,
                    heartbeat: row.heartbeat,
                    isFenced: row.isFenced,
                    isDraining: row.isDraining,
                    hasStopped: row.hasStopped
                )
            },
            cameras: cameraCount,
            held: held
        )
    }

    /// True if the owner of a camera is current and means to keep it.
    func isKept(_ assignment: Assignment) -> Bool {
        guard let owner = assignment.recorder else { return false }
        return isCurrent(owner, assignment.incarnation) && rows[owner]?.isDraining == false
    }

    mutating func finish(_ round: PendingRound, of index: Int) {
        nodes[index].round = nil
        guard let answer = round.answer, now - round.sentAt <= 1.05 || Bool.random(using: &generator) else {
            nodes[index].lease.failed(sentAt: Self.instant(round.sentAt))
            return hearNothing(index)
        }
        nodes[index].lease.answered(answer, sentAt: Self.instant(round.sentAt), at: instant)
        guard reaches(index), nodes[index].lease.verdict(at: instant) != .lost else { return }
        for peer in nodes[index].lease.toFence() { fence(peer, by: index) }
        announce(index)
        if nodes[index].drainingUntil == nil { claim(index) }
        reconcile(index)
    }

    mutating func fence(_ peer: Lease.Peer, by index: Int) {
        guard let row = rows[peer.name], row.incarnation == peer.incarnation, row.heartbeat == peer.heartbeat else {
            return
        }
        rows[peer.name] = Row(incarnation: row.incarnation + 1, isFenced: true)
        note("\(index) fences \(peer.name) \(peer.incarnation)")
        if let victim = nodes.first(where: { $0.name == peer.name }), victim.isAwake(at: now),
            now - victim.troubledAt > 12, victim.lease.incarnation == peer.incarnation
        {
            problems.append("\(peer.name) was fenced although it was well since \(victim.troubledAt)")
        }
    }

    mutating func announce(_ index: Int) {
        guard now >= brokerAwayUntil, now >= nodes[index].brokerCutUntil else { return }
        for peer in nodes[index].lease.toAnnounce() {
            for other in nodes.indices { nodes[other].inbox.append((peer.name, peer.incarnation - 1, now)) }
            nodes[index].lease.announced(peer)
        }
    }

    mutating func hear(_ index: Int) {
        let isReached = now >= brokerAwayUntil && now >= nodes[index].brokerCutUntil
        nodes[index].inbox.removeAll { now - $0.at > 60 }
        guard isReached else { return }
        for notice in nodes[index].inbox where notice.recorder == nodes[index].name {
            nodes[index].lease.heardOfFencing(incarnation: notice.incarnation)
        }
        nodes[index].inbox = []
    }

    mutating func hearNothing(_ index: Int) {
        let isAway = now < brokerAwayUntil || now < nodes[index].brokerCutUntil
        nodes[index].lease.heardNothing(at: instant, isBrokerAway: isAway)
    }

    mutating func claim(_ index: Int) {
        let (name, limit) = (nodes[index].name, nodes[index].lease.claimLimit(at: instant))
        guard let incarnation = nodes[index].lease.incarnation, isCurrent(name, incarnation) else { return }
        let orphans = assignments.indices.filter { !isKept(assignments[$0]) }.prefix(limit)
        for camera in orphans {
            assignments[camera] = Assignment(
                recorder: name,
                incarnation: incarnation,
                epoch: assignments[camera].epoch + 1
            )
        }
        nodes[index].lease.claimed(orphans.count)
        guard let target = nodes[index].lease.handOverTarget(at: instant), let taker = rows[target], !taker.isFenced,
            taker.incarnation == nodes[index].lease.incarnation(of: target),
            let camera = assignments.indices.last(where: { assignments[$0].recorder == name })
        else { return }
        assignments[camera] = Assignment(
            recorder: target,
            incarnation: taker.incarnation,
            epoch: assignments[camera].epoch + 1
        )
        nodes[index].lease.handedOver(to: target, at: instant)
        nodes[index].lingering[camera] = now + 10
    }

    /// Ends what was handed over for long, whether the database answers or not.
    mutating func endLingering(_ index: Int) {
        for (camera, until) in nodes[index].lingering where now >= until {
            nodes[index].cameras[camera] = nil
            nodes[index].lingering[camera] = nil
        }
    }

    mutating func reconcile(_ index: Int) {
        let name = nodes[index].name
        for camera in assignments.indices {
            let isMine =
                assignments[camera].recorder == name
                && assignments[camera].incarnation == nodes[index].lease.incarnation
            if isMine {
                nodes[index].lingering[camera] = nil
                guard nodes[index].cameras[camera] == nil else { continue }
                nodes[index].cameras[camera] = now + Double.random(in: 0.3...2.5, using: &generator)
            } else if nodes[index].cameras[camera] != nil {
                let until = nodes[index].lingering[camera] ?? now + 10
                nodes[index].lingering[camera] = until
                let isRecorded = nodes.indices.contains { $0 != index && writes($0, camera) }
                guard isRecorded || now >= until else { continue }
                nodes[index].cameras[camera] = nil
                nodes[index].lingering[camera] = nil
            }
        }
    }
}
