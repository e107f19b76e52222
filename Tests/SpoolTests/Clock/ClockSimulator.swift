import ObserverCore
import SeededNumbers

@testable import Spool

/// A recorder whose machine has a clock that is set again and again, and that knows what the time really was.
///
/// Time advances by a second, which is a fragment of the camera. Processes die and start again within one boot of the machine;
/// the database is away at times, and has a clock of its own, or that of the machine.
struct ClockSimulator {
    static let second: Int64 = 1_000_000
    /// The true time at the boot.
    static let base: Int64 = 1_790_000_000_000_000
    private static let boot = "boot"

    /// A segment; its stretch is the truth.
    struct Recorded {
        var header: SegmentHeader
        var stretch: Stretch
        var flags: Set<SegmentFlag> = []
    }

    private struct JournalEntry {
        var change: GapChange
        var clock: JournalClock?
    }

    /// True if the database runs on the same machine.
    let isShared: Bool
    private var random: SeededGenerator
    private(set) var now: Int64 = 0
    private(set) var rows: [Recorded] = []
    private(set) var gaps: [Gap] = []
    private(set) var footage: [Stretch] = []
    /// The moment from which on all is accounted for: what was before the boot is not if nobody ever knew when that was.
    private(set) var accountedFrom = -5 * second
    private let stream = StreamID(CameraID(rawValue: 7), .main)
    private let end: Int64

    // The machine.
    private var error: Int64 = 0
    private var errorUntil: Int64 = 0
    private var databaseAwayUntil: Int64 = 0

    // The spool.
    private var kept: Int64?
    private var drafts: [Recorded] = []
    private var journal: [JournalEntry] = []
    private var alive = Timestamp(microseconds: base - 5 * second)

    // The process; nil while it is dead.
    private(set) var clock: RecorderClock?
    private var coverage: Coverage?
    private var diesUntil: Int64
    private var connectAt: Int64 = 0
    private var cameraAwayUntil: Int64 = 0
    private var isConnected = false
    private var firstStart: Int64?
    private var hasHeard = false
    /// True once this process has recorded, or told why it does not.
    private var isAccounted = false
    private var segment: Recorded?
    private var number = 0

    init(seed: UInt64, isShared: Bool, seconds: Int64 = 600) {
        self.isShared = isShared
        random = SeededGenerator(seed: seed)
        end = seconds * Self.second
        diesUntil = Int64.random(in: 1...30, using: &random) * Self.second
        guard chance(2) else { return }
        setClock(until: Int64.random(in: 40...100, using: &random) * Self.second)
        if !isShared, chance(2) { databaseAwayUntil = span(10...300) }
    }

    static func truth(_ uptime: Int64) -> Timestamp { Timestamp(microseconds: base + uptime) }

    private var wallClock: Timestamp { Self.truth(now + error) }

    private mutating func chance(_ oneIn: Int64) -> Bool { Int64.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func span(_ range: ClosedRange<Int64>) -> Int64 {
        now + Int64.random(in: range, using: &random) * Self.second
    }

    // MARK: Running

    mutating func run() {
        while now < end {
            now += Self.second
            if now < end - 60 * Self.second { inject() }
            if now >= errorUntil { error = 0 }
            if clock == nil {
                if now >= diesUntil { start() }
            } else {
                step()
            }
        }
        finishSegment()
        step()
    }

    private mutating func inject() {
        // On one machine, what is set before the time is proven cannot be told from what is right.
        let isEarly = isShared && now < 140 * Self.second
        if !isEarly, error == 0, now > errorUntil + 60 * Self.second, chance(60) {
            setClock(until: span(isShared ? 1...240 : 1...600))
        }
        if !isEarly, clock != nil, chance(150) { kill() }
        if !isEarly, now >= databaseAwayUntil, chance(100) {
            databaseAwayUntil = min(span(1...200), end - 30 * Self.second)
        }
        if now >= cameraAwayUntil, chance(80) { cameraAwayUntil = span(2...30) }
    }

    private mutating func setClock(until: Int64) {
        let seconds: Int64 =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: 365 * 86_400
            case 1: -(Self.base / Self.second)
            case 2: Int64.random(in: -7200 ... -2, using: &random)
            default: Int64.random(in: 2...7200, using: &random)
            }
        (error, errorUntil) = (seconds * Self.second, isShared ? min(until, end - 60 * Self.second) : until)
    }

    private mutating func start() {
        clock = RecorderClock(wall: wallClock, at: now, kept: kept)
        firstStart = firstStart ?? now
        hasHeard = false
        listen()
        coverage = Coverage(stream, recorder: "test", at: moment)
        tell(.started(known(), epoch: 1))
        connectAt = span(1...5)
        isAccounted = false
    }

    private mutating func kill() {
        if let segment { drafts.append(segment) }
        if clock?.isProven == false { accountedFrom = firstStart ?? accountedFrom }
        (clock, coverage, segment, isConnected) = (nil, nil, nil, false)
        diesUntil = span(0...20)
    }

    private var moment: Moment { Moment(now, clock?.timeOfDay ?? TimeOfDay(offset: 0)) }

    private var spoolTime: SpoolTime {
        SpoolTime(boot: Self.boot, timeOfDay: moment.time, isCertain: clock?.isCertain ?? false)
    }

    private func known() -> KnownCoverage {
        var newest = gaps
        var measured: Set<Timestamp> = []
        for entry in journal {
            guard let change = entry.clock.map({ $0.settle(entry.change, spoolTime) }) ?? entry.change else { continue }
            newest.apply(change)
            guard entry.clock != nil else { continue }
            if case .open(let gap) = change { measured.insert(gap.startedAt) }
            if case .close(let gap) = change { measured.insert(gap.startedAt) }
        }
        let isReachable = now >= databaseAwayUntil
        let gap = newest.max { $0.startedAt < $1.startedAt }
        var known = KnownCoverage(
            wantedSince: isReachable ? Self.truth(-5 * Self.second) : alive,
            recorded: rows.map { row in
                let length = (row.stretch.to - row.stretch.from) / 1000
                return .init(from: row.header.startedAt, to: row.header.startedAt.advanced(byMilliseconds: length))
            },
            measured: drafts.map(\.stretch),
            gap: gap
        )
        known.isGapMeasured =
            gap.map { measured.contains($0.startedAt) && moment.time.uptime($0.startedAt) >= 0 } ?? false
        return known
    }

    private mutating func step() {
        listen()
        record()
        if now / Self.second % 5 == 0 { tell(.tick) }
        commit()
        if now >= databaseAwayUntil { deliver() }
        if hasHeard, isAccounted, now / Self.second % 10 == 0, let clock { alive = clock.timeOfDay.wall(now) }
    }

    private mutating func listen() {
        let wall = wallClock
        clock?.observe(wall, isSynchronized: false, at: now)
        if now >= databaseAwayUntil {
            let (sent, received) = (now - Int64.random(in: 0...40_000, using: &random), now)
            let asked = Int64.random(in: sent...received, using: &random)
            clock?.hear(Self.truth(asked + (isShared ? error : 0)), sent: sent, received: received)
            hasHeard = true
        }
        if let proven = clock?.proven { kept = proven }
    }

    // MARK: Recording

    private mutating func record() {
        if isConnected, now < cameraAwayUntil {
            isConnected = false
            finishSegment()
            tell(.interrupted(Interruption(.unreachable, "lost")))
        }
        guard isConnected else {
            guard now >= connectAt else { return }
            isConnected = now >= cameraAwayUntil
            if !isConnected {
                tell(.interrupted(Interruption(.unreachable, "no answer")))
                isAccounted = true
            }
            return
        }
        let stretch = Stretch(from: now - Self.second, to: now)
        var present = segment ?? begin(stretch)
        present.stretch.to = now
        number += 1
        footage.append(stretch)
        tell(.queued(CoverageFragment(number: number, segment: present.header.id, stretches: [stretch])))
        tell(.written(fragment: number))
        isAccounted = true
        segment = present
        if present.stretch.to - present.stretch.from >= 10 * Self.second { finishSegment() }
    }

    private func begin(_ stretch: Stretch) -> Recorded {
        let header = SegmentHeader(
            beginning: stream,
            at: moment.time.wall(stretch.from),
            epoch: 1,
            run: .makeRandom(),
            sequence: 0,
            origin: SegmentOrigin(recorder: "test", spoolID: .makeRandom()),
            keyPrefix: "test"
        )
        return Recorded(header: header, stretch: stretch)
    }

    /// Ends the present segment, which waits with its draft until the time is certain.
    private mutating func finishSegment() {
        if let segment { drafts.append(segment) }
        segment = nil
    }

    private mutating func commit() {
        guard let clock, clock.isCertain else { return }
        for draft in drafts {
            var row = draft
            let begun = BootMoment(boot: Self.boot, uptime: draft.stretch.from)
            guard case .at(let uptime) = spoolTime.place(SegmentDraft(draft.header, begun: begun), ends: [:]) else {
                continue
            }
            row.header = draft.header.moved(to: clock.timeOfDay.wall(uptime))
            if clock.wasWrong(from: draft.stretch.from, to: draft.stretch.to) { row.flags.insert(.wallStep) }
            rows.append(row)
            tell(.committed(draft.header.id))
        }
        drafts = []
    }

    // MARK: Gaps

    private mutating func tell(_ event: Coverage.Event) {
        let moment = moment
        guard let actions = coverage?.handle(event, at: moment) else { return }
        for case .gap(let change) in actions {
            let stamp = moment.time.isProvisional ? JournalClock(boot: Self.boot, offset: moment.time.offset) : nil
            journal.append(JournalEntry(change: change, clock: stamp))
        }
    }

    private mutating func deliver() {
        if clock?.isCertain == true {
            journal = journal.compactMap { entry in
                guard let clock = entry.clock else { return entry }
                return clock.settle(entry.change, spoolTime).map { JournalEntry(change: $0) }
            }
        }
        while let entry = journal.first, entry.clock == nil {
            gaps.apply(entry.change)
            journal.removeFirst()
        }
    }
}
