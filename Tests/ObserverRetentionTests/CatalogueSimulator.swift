import ObserverCore
import ObserverRetention
import ObserverStore
import SeededNumbers
import System

/// A database that is restored now and then, a bucket that fails, and what the schedule makes of them.
struct CatalogueSimulator {
    private var generator: SeededGenerator
    private var now = MonotonicInstant.now()
    private var isFailing = true
    private var number: Int64 = 0
    private var bucketNumber: Int64 = 0
    private var isForeign = false
    private var next: Int64 = 0
    var schedule: CatalogueSchedule
    /// Hours that are not written yet.
    var changes: [CatalogueStore.Change] = []
    /// The rows that the bucket knows and the database does not.
    var lacking = 0
    var problems: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        schedule = CatalogueSchedule(now: now)
    }

    var isHealthy: Bool { number >= bucketNumber && schedule.standing == .current }

    mutating func heal() {
        isFailing = false
        now = now + .seconds(1200)
    }

    private mutating func fails(_ share: Double) -> Bool {
        isFailing && Double.random(in: 0..<1, using: &generator) < share
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            if fails(0.01) { schedule = CatalogueSchedule(now: now) }
            if fails(0.02) { restore() }
            if fails(0.3) { change() }
            let action = schedule.next(now: now)
            if case .rest(let end) = action {
                if end <= now { problems.append("a rest that is over") }
                now = end
                continue
            }
            now = now + .milliseconds(10)
            schedule.take(event(of: action), now: now)
        }
    }

    private mutating func change() {
        next += 1
        let stream = StreamID(CameraID(rawValue: Int64.random(in: 1...3, using: &generator)), .main)
        changes.append(.init(CatalogueHour(of: stream, at: Timestamp(milliseconds: next * 3_600_000)), changes: 1))
    }

    /// An earlier state of the database; whoever deletes may notice before the next comparison.
    private mutating func restore() {
        guard number > 0 else { return }
        let earlier = Int64.random(in: 0..<number, using: &generator)
        if earlier < bucketNumber { lacking += 1 }
        number = earlier
        changes = []
        schedule.take(.suspected, now: now)
    }

    private mutating func event(of action: CatalogueSchedule.Action) -> CatalogueSchedule.Event {
        if fails(0.08) { return .failed(problem: "the database: away") }
        if fails(0.02) { return .refused(problem: "the store: 403") }
        switch action {
        case .compare: return .compared(number < bucketNumber ? .behind : .current)
        case .lease: return .leased(!fails(0.1))
        case .heal:
            lacking = 0
            number = max(number, bucketNumber)
            return .healed
        case .advance:
            check("advances")
            number += 1
            // The process ends between the two, or the answer is lost.
            if fails(0.1) { return .failed(problem: "the store: away") }
            bucketNumber = number
            return .advanced
        case .find:
            return .found(Array(changes.prefix(10)))
        case .write(let change):
            check("writes")
            changes.removeAll { $0 == change }
            return .written
        case .writeCameras:
            check("writes cameras")
            return .wroteCameras
        case .watch: return .watched(isEnd: false)
        case .rest: return .advanced
        }
    }

    private mutating func check(_ what: String) {
        if lacking > 0 { problems.append("\(what) while \(lacking) rows are lacking") }
    }
}
