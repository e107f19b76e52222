import ObserverCore
import SeededNumbers

/// A camera, a recorder and a disk with random faults, that know what was sent and what is on the disk.
///
/// Time advances by a tick of 100 ms, which is a frame of the camera. Every second frame group begins with a key frame.
struct CoverageSimulator {
    static let tick: Int64 = 100_000
    static let second: Int64 = 1_000_000
    private static let base: Int64 = 1_790_000_000_000_000

    enum Job {
        case append(CoverageFragment)
        case end(SegmentID)
    }

    /// The truth about a moment.
    struct Truth {
        var isWanted = false
        var isCovered = false
        /// The troubles of this moment.
        var causes = Causes()
    }

    /// A set of causes, in bits.
    struct Causes {
        private var bits = 0

        mutating func insert(_ others: Causes) { bits |= others.bits }
        mutating func insert(_ cause: Cause) { bits |= 1 << Self.place(cause) }
        func contains(_ cause: Cause) -> Bool { bits & 1 << Self.place(cause) != 0 }

        private static func place(_ cause: Cause) -> Int {
            switch cause {
            case .noRecorder: 0
            case .stalled: 1
            case .diskFailed: 2
            case .diskFull: 3
            case .unreachable: 4
            case .refused: 5
            case .notFound: 6
            default: 7
            }
        }
    }

    private(set) var random: SeededGenerator
    private(set) var now: Int64 = 0
    private(set) var truth: [Truth] = []
    private(set) var database = GapRows()
    private var journal: [GapChange] = []
    private var clockError: Int64 = 0
    let stream = StreamID(CameraID(rawValue: 7), .main)

    // What is wanted.
    private var isWanted = true
    private var epoch: Int64 = 1
    private var wantedSince: Int64 = 0
    private var switchedOffAt: Int64?
    private var wantedBefore: [KnownCoverage.Period] = []

    // The recorder; nil while it is dead.
    private(set) var coverage: Coverage?
    private var diesUntil: Int64 = 0
    private var causesOfDeath = Causes()
    private var connectAt: Int64 = 0
    private var startingUntil = 2 * second
    private var isConnected = false
    private var isAwaitingKeyFrame = false
    private var segment: (id: SegmentID, begun: Int64)?
    private var frames = FrameStretches(ticksPerSecond: 1_000_000)
    private var fragmentBegun: Int64?
    private var number = 0
    private var queue: [Job] = []
    private var broken: Set<SegmentID> = []

    private var written: [SegmentID: [Stretch]] = [:]
    private var kept: [Stretch] = []
    private var failedJobs: [(id: SegmentID, due: Int64)] = []

    // Faults, each until a moment.
    private var awayUntil: Int64 = 0
    private var silentUntil: Int64 = 0
    private var failingUntil: Int64 = 0
    private var slowUntil: Int64 = 0
    private var pausedUntil: Int64 = 0
    private var databaseAwayUntil: Int64 = 0
    private var wrongUntil: Int64 = 0
    private var rightSince: Int64 = -10 * second
    private var awayCause = Cause.unreachable

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    // MARK: Running

    mutating func run(seconds: Int64) {
        start()
        while now < seconds * Self.second {
            step(canFail: now < (seconds - 40) * Self.second)
        }
        // Everything comes to rest: the camera sends, the disk works, the database answers.
        while !isAtRest { work() }
        deliver()
    }

    private mutating func step(canFail: Bool) {
        truth.append(Truth(isWanted: isWanted, causes: troubles))
        now += Self.tick
        if canFail { inject() }
        if wrongUntil != 0, now >= wrongUntil { setClock(0, until: 0) }
        if coverage == nil {
            if now >= diesUntil { start() }
        } else if isWanted {
            record()
        }
        if coverage != nil { work() }
        if now / Self.tick % 50 == 0 { tell(.tick) }
        if now >= databaseAwayUntil { deliver() }
    }

    private var troubles: Causes {
        // A gap that was open goes on while nobody is there to know better.
        var causes = coverage == nil || now < startingUntil ? causesOfDeath : Causes()
        if coverage == nil || now < startingUntil { causes.insert(.noRecorder) }
        if now < awayUntil { causes.insert(awayCause) }
        if now < silentUntil { causes.insert(.stalled) }
        if now < failingUntil || now < slowUntil { causes.insert(.diskFailed) }
        if now < pausedUntil { causes.insert(.diskFull) }
        return causes
    }

    private var moment: Moment {
        Moment(wall: Timestamp(microseconds: Self.base + now + clockError), uptime: now)
    }

    static func wall(_ time: Int64) -> Timestamp { Timestamp(microseconds: base + time) }
    static func time(_ wall: Timestamp) -> Int64 { wall.microseconds - base }

    private mutating func tell(_ event: Coverage.Event) {
        let moment = moment
        guard let actions = coverage?.handle(event, at: moment) else { return }
        for case .gap(let change) in actions { journal.append(change) }
    }

    private mutating func deliver() {
        for change in journal { database.apply(change, isNew: true) }
        // What was not acknowledged is sent again.
        if chance(3) { for change in journal { database.apply(change, isNew: false) } }
        journal = []
    }

    private mutating func chance(_ oneIn: Int64) -> Bool { Int64.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func span(_ range: ClosedRange<Int64>) -> Int64 {
        now + Int64.random(in: (range.lowerBound * 10)...(range.upperBound * 10), using: &random) * Self.tick
    }

    // MARK: Faults

    private mutating func inject() {
        guard chance(150) else { return }
        switch Int.random(in: 0..<11, using: &random) {
        case 0:
            awayUntil = span(1...40)
            awayCause = [.unreachable, .refused, .notFound].randomElement(using: &random) ?? .refused
        case 1, 2: silentUntil = span(0...9)
        case 3: failingUntil = span(1...10)
        case 4: slowUntil = span(1...10)
        case 5: pausedUntil = span(2...10)
        case 6: databaseAwayUntil = span(1...100)
        case 7: toggle()
        case 8: changeEpoch()
        case 9: if wrongUntil == 0, now > rightSince + 6 * Self.second { kill() }
        default: if wrongUntil == 0, coverage != nil { lieAboutTime() }
        }
    }

    private mutating func kill() {
        for entry in truth.suffix(300) { causesOfDeath.insert(entry.causes) }
        coverage = nil
        diesUntil = span(0...20)
        (isConnected, segment, queue, broken) = (false, nil, [], [])
        frames = FrameStretches(ticksPerSecond: 1_000_000)
        fragmentBegun = nil
        // The next start repairs what is on the disk.
        for id in Array(written.keys) { keep(id) }
        failedJobs = []
    }

    private mutating func toggle() {
        tell(.tick)
        isWanted.toggle()
        if isWanted {
            if let end = switchedOffAt { wantedBefore.append(.init(from: Self.wall(wantedSince), to: Self.wall(end))) }
            (wantedSince, switchedOffAt) = (now, nil)
            if coverage != nil { tell(.started(known(), epoch: epoch)) }
            connectAt = now
            startingUntil = now + 2 * Self.second
        } else {
            switchedOffAt = now
            endConnection()
            tell(.off)
        }
    }

    private mutating func changeEpoch() {
        epoch += 1
        tell(.epochChanged(epoch))
    }

    private mutating func lieAboutTime() {
        let hours = Int64.random(in: 2...9000, using: &random) * (chance(2) ? 1 : -1)
        setClock(hours * 3_600_000_000, until: span(5...30))
    }

    private mutating func setClock(_ error: Int64, until: Int64) {
        clockError = error
        wrongUntil = until
        if error == 0 { rightSince = now }
    }

    // MARK: Recorder

    private mutating func start() {
        coverage = Coverage(stream, recorder: "test", at: moment)
        tell(isWanted ? .started(known(), epoch: epoch) : .foundOff(known(), epoch: epoch))
        connectAt = now + Int64.random(in: 1...15, using: &random) * Self.tick
        startingUntil = connectAt + 2 * Self.second
    }

    private func known() -> KnownCoverage {
        var rows = database
        for change in journal { rows.apply(change, isNew: true) }
        return KnownCoverage(
            wantedSince: Self.wall(wantedSince),
            switchedOffAt: switchedOffAt.map(Self.wall),
            wantedBefore: wantedBefore,
            recorded: (kept + written.values.joined()).map { .init(from: Self.wall($0.from), to: Self.wall($0.to)) },
            gap: rows.newest
        )
    }

    private mutating func record() {
        if now < pausedUntil {
            if isConnected || connectAt < pausedUntil {
                endConnection()
                tell(.interrupted(Interruption(.diskFull, "full")))
                connectAt = pausedUntil
            }
            return
        }
        if isConnected, now < awayUntil {
            endConnection()
            tell(.interrupted(Interruption(awayCause, "lost")))
            connectAt = now + 10 * Self.tick
            return
        }
        guard isConnected else { return connect() }
        guard now >= silentUntil else { return }
        take()
    }

    private mutating func connect() {
        guard now >= connectAt else { return }
        if now < awayUntil {
            tell(.interrupted(Interruption(awayCause, "no answer")))
            connectAt = now + Int64.random(in: 5...30, using: &random) * Self.tick
            return
        }
        isConnected = true
        isAwaitingKeyFrame = true
        tell(.opened(VideoInfo(codec: "h264", width: 1, height: 1, fps: 10, bitrate: 0)))
    }

    /// A frame arrives, that was taken at this moment.
    private mutating func take() {
        let isKey = now / Self.tick % 10 == 0
        if let present = segment, broken.contains(present.id) { abandonSegment() }
        if isAwaitingKeyFrame || segment == nil {
            guard isKey else { return }
            isAwaitingKeyFrame = false
            segment = (SegmentID.make(at: Self.wall(now)), now)
            fragmentBegun = now
        } else if let present = segment {
            let isCut = isKey && now - present.begun >= 4 * Self.second
            if isCut || now - (fragmentBegun ?? now) >= Self.second {
                flush(until: now)
                fragmentBegun = now
            }
            if isCut, segment != nil {
                queue.append(.end(present.id))
                segment = (SegmentID.make(at: Self.wall(now)), now)
            }
        }
        if segment != nil { frames.add(now, nominal: Self.tick) }
        if number > 0, truth.count > 100, now > startingUntil + 20 * Self.second { causesOfDeath = Causes() }
    }

    private mutating func flush(until end: Int64) {
        let stretches = frames.take(until: end)
        guard let segment, !stretches.isEmpty else { return }
        number += 1
        tell(.queued(CoverageFragment(number: number, segment: segment.id, stretches: stretches)))
        if queue.count >= 4 {
            tell(.dropped(fragment: number, Interruption(.diskFailed, "too slow")))
            abandonSegment()
        } else {
            queue.append(.append(CoverageFragment(number: number, segment: segment.id, stretches: stretches)))
        }
    }

    /// Ends a segment before what cannot be written; the next key frame begins another.
    private mutating func abandonSegment() {
        if let segment { queue.append(.end(segment.id)) }
        segment = nil
        _ = frames.take(until: now)
        isAwaitingKeyFrame = true
    }

    private mutating func endConnection() {
        if isConnected, segment != nil {
            flush(until: now)
            if let segment { queue.append(.end(segment.id)) }
        }
        (isConnected, segment) = (false, nil)
        frames = FrameStretches(ticksPerSecond: 1_000_000)
    }

    // MARK: Writer

    private mutating func work() {
        retry()
        guard now >= slowUntil else { return }
        while !queue.isEmpty {
            if chance(8) { return }
            perform(queue.removeFirst())
        }
    }

    private mutating func perform(_ job: Job) {
        switch job {
        case .append(let fragment):
            guard !broken.contains(fragment.segment) else {
                return tell(.dropped(fragment: fragment.number, Interruption(.diskFailed, "failed")))
            }
            guard now >= failingUntil else {
                broken.insert(fragment.segment)
                tell(.failed(fragment.segment, Interruption(.diskFailed, "failed")))
                if written[fragment.segment] != nil { failedJobs.append((fragment.segment, now + Self.second)) }
                return
            }
            written[fragment.segment, default: []] += fragment.stretches
            tell(.written(fragment: fragment.number))
        case .end(let id):
            guard !broken.contains(id), written[id] != nil else { return }
            guard now >= failingUntil else {
                broken.insert(id)
                tell(.failed(id, Interruption(.diskFailed, "failed")))
                return failedJobs.append((id, now + Self.second))
            }
            keep(id)
            tell(.committed(id))
        }
    }

    private mutating func retry() {
        guard let job = failedJobs.first, now >= job.due else { return }
        failedJobs.removeFirst()
        if now < failingUntil { return failedJobs.append((job.id, now + Self.second)) }
        if chance(4) {
            written[job.id] = nil
            return tell(.abandoned(job.id, Interruption(.diskFailed, "corrupt")))
        }
        keep(job.id)
        tell(.committed(job.id))
    }

    private mutating func keep(_ id: SegmentID) {
        kept += written.removeValue(forKey: id) ?? []
    }

    // MARK: Judging

    /// Marks what is on the disk, at the end.
    func judged() -> [Truth] {
        var truth = truth
        for stretch in kept + written.values.joined() {
            for index in Int(stretch.from / Self.tick)..<Int(stretch.to / Self.tick) where truth.indices.contains(index)
            {
                truth[index].isCovered = true
            }
        }
        return truth
    }

    /// The moments that are neither settled nor lost at the end.
    var isAtRest: Bool { coverage?.isAwaitingWriters == false }
}
