import ObserverCore
import ObserverMessages
import SeededNumbers
import Spool
import System
import TestSupport

@testable import ObserverUpload

/// A spool, a store, a database and a broker with their faults, around the real state machine.
///
/// All follows from the seed. Actions are carried out later, in the order of their thread; a process that is killed may have
/// carried out some of what it began.
struct UploadWorld {
    /// The part that carries out actions, each in order.
    enum Thread: CaseIterable { case uploader, network, disk, rows, broker, sweeper }

    enum Work {
        case action(UploadStateMachine.Action)
        /// A page of receipts that was read, on its way to the database.
        case compare([Receipt], end: ReceiptLog.Position, isLast: Bool)
        case sweep
    }

    struct Task {
        var due: MonotonicInstant
        var number: Int
        var thread: Thread
        var work: Work
    }

    struct Disk {
        /// The hash of the bytes that are there.
        var media: [SegmentID: String] = [:]
        /// Nil for one that cannot be read.
        var sidecars: [SegmentID: Segment?] = [:]
        var receipts: [Receipt] = []
        /// Receipts that are no proof and that the disk did not take: the process keeps them.
        var unnoted: [Receipt] = []
        var isAway = false
        var isReadOnly = false
        var isFull = false

        var takesReceipts: Bool { !isReadOnly && !isFull && !isAway }
    }

    struct Store {
        enum Mode: Equatable { case good, away, refusing, losingAnswers, lying }

        var objects: [String: String] = [:]
        var mode = Mode.good
        /// Keys that a HEAD does not see yet.
        var unseen: Set<String> = []
    }

    struct Database {
        enum Mode { case good, away, hung }

        struct Row {
            var segment: Segment
            var state: SegmentState
            var destinations: DestinationSet = .home
        }

        var rows: [SegmentID: Row] = [:]
        var backup: [SegmentID: Row] = [:]
        var mode = Mode.good
        /// It was restored, and the uploader's next statement goes over a new connection.
        var isRestarted = false
        /// It was restored behind a pooler, which keeps the uploader's connection: only a statement that fails tells.
        var isPooled = false
        /// A statement has failed since it went away.
        var hasFailed = false
        /// When it was restored last, and since when it answers.
        var restoredAt: MonotonicInstant?
        var goodSince: MonotonicInstant?
        /// The process that records brings rows when the database is back.
        var announced: [Segment] = []
    }

    struct Broker {
        var isAway = false
        var waiting: [SegmentRecorded] = []
        var delayed: [(due: MonotonicInstant, recorded: SegmentRecorded)] = []
        var open: [DeliveryToken: SegmentRecorded] = [:]
        var lastToken = 0
    }

    var random: SeededGenerator
    var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    var machine: UploadStateMachine
    var tasks: [Task] = []
    var lastDue: [Thread: MonotonicInstant] = [:]
    var taskCount = 0
    var disk = Disk()
    /// The destinations, and how many of them must have a segment.
    let destinations: [Destination]
    let copies: Int
    var stores: [Destination: Store] = [:]
    var database = Database()
    var broker = Broker()
    /// Everything that was ever committed, foreign segments and absurd ones included.
    var segments: [SegmentID: Segment] = [:]
    var fates: [SegmentID: Fate] = [:]
    /// When the last of a segment's bytes went, where somebody took them.
    var takenAway: [SegmentID: MonotonicInstant] = [:]
    /// Segments whose files were seen since they were hidden.
    var seen: Set<SegmentID> = []
    /// Segments whose receipt was lost with a process before the disk took it: their rows are in every backup.
    var unnoted: Set<SegmentID> = []
    /// When a receipt became the only proof of a segment.
    var proven: [SegmentID: MonotonicInstant] = [:]
    /// PUTs that ended with an object there, and those that had a reason.
    var puts: [SegmentID: [Destination: Int]] = [:]
    var excuses: [SegmentID: Int] = [:]
    /// The times that a store began to refuse all, and the segments that were dead-lettered for a refusal.
    var refusals = 0
    var deadLetters = 0
    var kills = 0
    var isStopping = false
    var violations: [String] = []

    /// The fate of a segment.
    enum Fate: CaseIterable {
        case normal
        /// Its bytes change on the disk.
        case spoilt
        case sidecarGone
        case sidecarSpoilt
        /// Somebody deletes its files.
        case deleted
        /// Its files are away twice: in between they are seen, and the store takes nothing.
        case wandering
        /// There is another object under its key.
        case occupied
        /// Its files are on another machine, which has the same spool identifier.
        case foreign
        /// A message that somebody made up.
        case invented
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        // Half of the histories have one destination; the others have two or three, and one copy or more.
        let count = seed % 2 == 0 ? 1 : Int.random(in: 2...3, using: &random)
        destinations = Array(Destination.allCases.prefix(count))
        copies = Int.random(in: 1...count, using: &random)
        machine = UploadWorld.machine(&random, destinations, copies)
        for destination in destinations { stores[destination] = Store() }
    }

    private static func machine(
        _ random: inout SeededGenerator,
        _ destinations: [Destination],
        _ copies: Int
    ) -> UploadStateMachine {
        var limits = UploadStateMachine.Limits(parallel: Int.random(in: 1...6, using: &random))
        limits.mostJobs = Int.random(in: 4...30, using: &random)
        limits.seed = random.next()
        limits.destinations = destinations
        limits.copies = copies
        return UploadStateMachine(limits: limits)
    }

    /// All PUTs that ended with an object there.
    var putCount: Int { puts.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func violation(_ text: String) {
        violations.append("\(now.nanoseconds / 1_000_000_000 - 1000) s: \(text)")
    }

    // MARK: - Time

    mutating func schedule(_ work: Work, on thread: Thread) {
        let milliseconds = Int.random(in: chance(5) ? 500...8000 : 1...120, using: &random)
        var due = now + .milliseconds(milliseconds)
        if thread == .rows, database.mode == .hung { due = now + .milliseconds(3500) }
        if thread == .uploader { due = now }
        if thread != .network { due = max(due, lastDue[thread] ?? due) }
        lastDue[thread] = due
        taskCount += 1
        tasks.append(Task(due: due, number: taskCount, thread: thread, work: work))
    }

    mutating func takeTask(before moment: MonotonicInstant) -> Task? {
        let index = tasks.indices.min {
            (tasks[$0].due, tasks[$0].number) < (tasks[$1].due, tasks[$1].number)
        }
        guard let index, tasks[index].due <= moment else { return nil }
        return tasks.remove(at: index)
    }

    mutating func carryOut(_ task: Task) {
        now = max(now, task.due)
        if let event = execute(task.work) { handle(event) }
        guard task.thread == .rows, database.isRestarted, database.mode == .good else { return }
        database.isRestarted = false
        handle(.databaseReconnected)
    }

    mutating func handle(_ event: UploadStateMachine.Event) {
        var taken: Destination?
        if case .putFinished(let id, .stored) = event { taken = machine.jobs[id]?.destination }
        for action in machine.handle(event, now: now) { perform(action) }
        if let taken, machine.breaker(taken).isOpen {
            violation("the store took a segment and is thought to refuse all")
        }
    }

    // MARK: - Life and death of the process

    /// Kills the process: some of what it had begun was done, and nobody hears of it.
    mutating func kill() {
        kills += 1
        // A database that is restored when the disk has refused a receipt and the process is killed is beyond what is promised.
        for receipt in disk.unnoted {
            unnoted.insert(receipt.segment.id)
            upsert(receipt.segment, .stored, in: receipt.destinations)
        }
        disk.unnoted = []
        for thread in Thread.allCases where thread != .uploader {
            let begun = tasks.filter { $0.thread == thread }.sorted { $0.number < $1.number }
            let done = Int.random(in: 0...begun.count, using: &random)
            for task in begun.prefix(done) { _ = execute(task.work) }
        }
        start()
    }

    /// Begins anew after the end of the process, whatever way it ended.
    mutating func start() {
        tasks = []
        lastDue = [:]
        isStopping = false
        database.isRestarted = false
        machine = UploadWorld.machine(&random, destinations, copies)
        broker.waiting = broker.open.sorted { $0.key < $1.key }.map(\.value) + broker.waiting
        broker.open = [:]
        schedule(.sweep, on: .sweeper)
    }

    /// Has the broker deliver what waits, up to its prefetch.
    mutating func deliver() {
        guard !isStopping, !broker.isAway else { return }
        for delayed in broker.delayed where delayed.due <= now { broker.waiting.append(delayed.recorded) }
        broker.delayed.removeAll { $0.due <= now }
        while broker.open.count < 8, !broker.waiting.isEmpty {
            let recorded = broker.waiting.removeFirst()
            broker.lastToken += 1
            broker.open[broker.lastToken] = recorded
            handle(.received(recorded, broker.lastToken))
        }
    }
}
