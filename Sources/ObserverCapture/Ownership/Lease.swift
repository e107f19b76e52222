import System

/// The right of a recorder to write, and what follows for it from the heartbeats of the others.
///
/// A pure value: rounds with the database go in, with the moments at which they were sent and answered on a clock that
/// nobody sets; verdicts and things to do come out. No clock of another machine is ever compared with this one.
///
/// **Writing.** A recorder may write for ``Times/validity`` after it sent its last good heartbeat. Others take its cameras
/// only when its heartbeat stood still for ``Times/silence``, which is longer, so that a recorder that froze finds its own
/// right gone before it can meet its successor: it writes nothing until a heartbeat has succeeded under the same
/// incarnation.
///
/// **Hold-over.** A round that failed is knowledge, too: the database cannot be reached from here. If it is away for all,
/// nobody can claim a camera, and stopping would be a loss; so each failed round prolongs the right like a good one, as long
/// as the rounds follow each other without a break. If it is away for this recorder alone, another fences it after
/// ``Times/silence`` and says so through the broker, and ``heardOfFencing(incarnation:)`` ends the hold-over within a second.
/// The broker is the witness. A recorder that reaches neither database nor broker goes on: far more often the machine of
/// both is down than the network is cut in just this way, and what is recorded twice is harmless (segments have names of
/// their own, and the epoch keeps rows apart), while what nobody records is lost. Such a double recording ends with the
/// first round after the network is back.
///
/// **After a break** (a frozen process, a suspended machine) a failed round proves nothing about the time before it. Then
/// hold-over needs the word of the witness: the queue of the broker was read to its end after the break and told of no
/// fencing, or the broker is away as well.
///
/// **Fencing.** A peer is watched from the first good round on, and anew after each round that failed and after each pause
/// of this recorder's own: an outage that ends gives everybody the whole ``Times/silence`` of grace, so nobody is fenced
/// because of one.
struct Lease: Sendable {
    /// The decision about the cameras' bytes.
    enum Verdict: Hashable, Sendable {
        /// Write.
        case open
        /// Write nothing until more is known.
        case held
        /// Another recorder may have the cameras, or none of this name is registered: end everything.
        case lost
    }

    private enum Standing: Hashable, Sendable {
        case unregistered
        /// Known without a break.
        case known
        /// A break of this length came before the round that failed at this moment.
        case unsure(since: MonotonicInstant, after: Duration)
        case lost
    }

    /// One of the others, as this recorder has watched it.
    private struct Watched: Hashable, Sendable {
        var peer: Peer
        /// The moment by which its present heartbeat had been read.
        var changedAt: MonotonicInstant
        /// True once its heartbeat was seen to change.
        var hasBeaten = false
    }

    let times: Times
    let name: String
    private(set) var incarnation: Int64?
    private var standing = Standing.unregistered
    /// The end of the right to write, by what is known.
    private var knownUntil = MonotonicInstant(nanoseconds: 0)
    private var beatSentAt: MonotonicInstant?
    private var lookSentAt: MonotonicInstant?
    /// The moment at which the round began that is under way.
    private var roundBegan: MonotonicInstant?
    private var tickedAt: MonotonicInstant?
    private var watched: [String: Watched] = [:]
    private var world: World?
    /// The incarnations of fenced recorders of which the broker was told.
    private var announced: [String: Int64] = [:]
    /// True if the last round was answered.
    private(set) var isReachable = false
    /// The broker said so after the last good heartbeat.
    private var wasToldOfFencing = false
    private var orphansSince: MonotonicInstant?
    private var handedOverAt: MonotonicInstant?

    /// Creates the lease of a recorder that is not registered.
    init(name: String, times: Times = Times()) {
        self.name = name
        self.times = times
    }

    // MARK: Events

    /// The recorder has been registered; that counts as a heartbeat.
    mutating func registered(incarnation: Int64, sentAt: MonotonicInstant) {
        self.incarnation = incarnation
        standing = .known
        isReachable = true
        beatSentAt = sentAt
        knownUntil = sentAt + times.validity
    }

    /// The recorder begins without a database, under the incarnation that its spool remembers.
    ///
    /// It is held to be its own until something else is heard: a process that was down cannot know more.
    mutating func resumed(incarnation: Int64, at now: MonotonicInstant) {
        self.incarnation = incarnation
        standing = .known
        isReachable = false
        knownUntil = now + times.validity
    }

    /// A round begins.
    mutating func began(at now: MonotonicInstant) {
        roundBegan = now
    }

    /// Time has passed, on a thread that waits for nobody.
    ///
    /// A round may hang for longer than it should: looking up the database's name has no deadline. Time that passes without a
    /// pause proves that this process is awake, so that a round which hangs counts as one that fails, again and again.
    mutating func ticked(at now: MonotonicInstant) {
        defer { tickedAt = now }
        guard let roundBegan, now - roundBegan > times.deadline + times.look, let tickedAt,
            now - tickedAt < times.pause / 2
        else { return }
        failed(sentAt: now)
        self.roundBegan = roundBegan
    }

    /// A round was answered.
    mutating func answered(_ round: Round, sentAt: MonotonicInstant, at now: MonotonicInstant) {
        guard incarnation != nil, standing != .lost else { return }
        roundBegan = nil
        guard round.isCurrent else { return lose() }
        if let last = lookSentAt, sentAt - last > times.pause { watched = [:] }
        if !isReachable { watched = [:] }
        isReachable = true
        lookSentAt = sentAt
        if round.hasBeaten {
            standing = .known
            wasToldOfFencing = false
            beatSentAt = sentAt
            knownUntil = max(knownUntil, sentAt + times.validity)
        }
        watch(round.peers, at: now)
        world = World(cameras: round.cameras, held: round.held)
        let orphans = round.cameras - round.held.values.reduce(0, +)
        orphansSince = orphans > 0 ? orphansSince ?? now : nil
    }

    /// A round got no answer, or an error.
    mutating func failed(sentAt: MonotonicInstant) {
        roundBegan = nil
        isReachable = false
        lookSentAt = nil
        world = nil
        orphansSince = nil
        watched = [:]
        guard incarnation != nil else { return }
        if wasToldOfFencing { return lose() }
        switch standing {
        case .known where sentAt <= knownUntil: knownUntil = max(knownUntil, sentAt + times.validity)
        case .known: standing = .unsure(since: sentAt, after: sentAt - knownUntil + times.validity)
        case .unregistered, .unsure, .lost: break
        }
    }

    /// The broker said that this recorder was fenced under an incarnation.
    ///
    /// While the database answers, that is a hint and no more: the next round knows. When that fails, it decides.
    mutating func heardOfFencing(incarnation: Int64) {
        guard incarnation == self.incarnation else { return }
        wasToldOfFencing = true
        if !isReachable { lose() }
    }

    /// The broker had nothing more to say at a moment, or could not be reached either.
    ///
    /// - Parameters:
    ///   - moment: When the queue was empty, or an attempt to reach the broker failed.
    ///   - isBrokerAway: True if it could not be reached. Otherwise silence counts only after a break that is short enough
    ///     for messages to have waited in the queue.
    mutating func heardNothing(at moment: MonotonicInstant, isBrokerAway: Bool) {
        guard case .unsure(let since, let pause) = standing, moment >= since else { return }
        guard isBrokerAway || pause < times.witness else { return }
        standing = .known
        knownUntil = moment + times.validity
    }

    private mutating func lose() {
        standing = .lost
        world = nil
        watched = [:]
    }

    /// Forgets the registration that was lost, to begin anew.
    mutating func forget() {
        self = Lease(name: name, times: times)
    }

    private mutating func watch(_ peers: [Peer], at now: MonotonicInstant) {
        var found: [String: Watched] = [:]
        for peer in peers where peer.name != name {
            if var known = watched[peer.name], known.peer.incarnation == peer.incarnation {
                if known.peer.heartbeat != peer.heartbeat { (known.changedAt, known.hasBeaten) = (now, true) }
                known.peer = peer
                found[peer.name] = known
            } else {
                found[peer.name] = Watched(peer: peer, changedAt: now)
            }
        }
        watched = found
    }

    // MARK: Writing

    /// The moment up to which the recorder may write; nil when it has lost that right for good.
    var openUntil: MonotonicInstant? {
        switch standing {
        case .lost: nil
        case .unregistered, .unsure: MonotonicInstant(nanoseconds: 0)
        case .known: knownUntil
        }
    }

    func verdict(at now: MonotonicInstant) -> Verdict {
        guard let openUntil else { return .lost }
        return now < openUntil ? .open : .held
    }

    /// True if a heartbeat belongs into the next round.
    func isBeatDue(at now: MonotonicInstant) -> Bool {
        guard isReachable, let beatSentAt else { return true }
        return now - beatSentAt >= times.beat
    }

    // MARK: The others

    /// The peers to fence, by the last round.
    func toFence() -> [Peer] {
        guard isReachable, standing == .known, let lookSentAt else { return [] }
        return watched.values
            .filter { !$0.peer.isFenced && !$0.peer.hasStopped && lookSentAt - $0.changedAt >= times.silence }
            .map(\.peer).sorted { $0.name < $1.name }
    }

    /// Fenced recorders whose fencing the broker has not yet confirmed to have been told, by name and former incarnation.
    ///
    /// Each recorder tells of each that it sees, because the one that fenced it may be gone by now, or without a broker.
    func toAnnounce() -> [Peer] {
        watched.values.filter { $0.peer.isFenced && announced[$0.peer.name] != $0.peer.incarnation }.map(\.peer)
            .sorted { $0.name < $1.name }
    }

    /// The broker has confirmed that it was told of a fencing.
    mutating func announced(_ peer: Peer) {
        announced[peer.name] = peer.incarnation
    }

    /// True if a recorder was seen alive a moment ago: its heartbeat changed, and lately.
    func isAlive(_ peer: String) -> Bool {
        guard let lookSentAt, let found = watched[peer], found.hasBeaten, !found.peer.isFenced else { return false }
        return lookSentAt - found.changedAt < times.beat + times.pause / 2
    }

    /// True if the owner of a camera gives it up and goes on with it until a successor records.
    func isHandingOver(_ peer: String) -> Bool {
        isAlive(peer) && watched[peer]?.peer.isDraining == true
    }

    /// True if there is another recorder that could take cameras over now.
    var hasSuccessor: Bool {
        isReachable && watched.keys.contains { isAlive($0) && watched[$0]?.peer.isDraining == false }
    }

    /// False once no other recorder can be there to take cameras over; a round that fails says nothing about that.
    var mayHaveSuccessor: Bool { !isReachable || sharing.count > 1 }

    /// The recorders among which the cameras are shared: this one, and all that are not known to be gone.
    private var sharing: [String] {
        let others = watched.values.filter { known in
            !known.peer.isFenced && !known.peer.isDraining
                && (lookSentAt.map { $0 - known.changedAt < times.silence } ?? false)
        }
        return [name] + others.map(\.peer.name)
    }

    // MARK: Sharing cameras

    /// The number of orphans to claim now.
    ///
    /// Up to a fair share, so that all that live claim at once; after a while whatever is left, because one that was counted
    /// does not do its part. A recorder that is alone claims whatever there is, also what came after the last round.
    func claimLimit(at now: MonotonicInstant) -> Int {
        guard isReachable, standing == .known, verdict(at: now) == .open, let world else { return 0 }
        if sharing.count == 1 { return .max }
        guard let orphansSince else { return 0 }
        let orphans = world.cameras - world.held.values.reduce(0, +)
        if now - orphansSince >= times.patience { return orphans }
        let share = (world.cameras + sharing.count - 1) / sharing.count
        return max(0, min(orphans, share - world.held[name, default: 0]))
    }

    /// True if something is to be claimed or handed over, by the last round.
    func hasWork(at now: MonotonicInstant) -> Bool {
        orphansSince != nil && claimLimit(at: now) > 0 || handOverTarget(at: now) != nil
    }

    /// The recorder to hand a camera over to now, so that the shares become equal; nil if nothing is to be done.
    ///
    /// One recorder gives at a time, the one that has most, so that the counts by which it is decided are true. A difference
    /// of one camera is left alone.
    func handOverTarget(at now: MonotonicInstant) -> String? {
        guard isReachable, standing == .known, verdict(at: now) == .open, orphansSince == nil, let world else {
            return nil
        }
        if let handedOverAt, now - handedOverAt < times.rebalance { return nil }
        let counts = sharing.map { (name: $0, cameras: world.held[$0, default: 0]) }
        guard let most = counts.max(by: { ($0.cameras, $1.name) < ($1.cameras, $0.name) }), most.name == name,
            let least = counts.min(by: { ($0.cameras, $0.name) < ($1.cameras, $1.name) }),
            most.cameras - least.cameras >= 2, isAlive(least.name)
        else { return nil }
        return least.name
    }

    /// The incarnation under which a peer was seen last.
    func incarnation(of peer: String) -> Int64? {
        watched[peer]?.peer.incarnation
    }

    /// A camera was handed over: the next one follows after ``Times/rebalance``.
    mutating func handedOver(to peer: String, at now: MonotonicInstant) {
        handedOverAt = now
        world?.held[name, default: 0] -= 1
        world?.held[peer, default: 0] += 1
    }

    /// Cameras were claimed.
    mutating func claimed(_ count: Int) {
        world?.held[name, default: 0] += count
    }
}
