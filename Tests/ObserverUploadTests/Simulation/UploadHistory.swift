import ObserverCore
import ObserverMessages
import SeededNumbers
import System
import TestSupport

@testable import ObserverUpload

/// A history of recordings and faults, decided by a seed.
struct UploadHistory {
    private enum Fault {
        case commit(Segment, UploadWorld.Fate)
        case store(UploadWorld.Store.Mode, Destination)
        case database(UploadWorld.Database.Mode)
        case backup, restore, awaitFailure
        case disk(away: Bool, readOnly: Bool, full: Bool)
        case broker(away: Bool)
        case loseMessages
        case kill, stop
        case elsewhere(Segment)
        case hide(SegmentID)
        case show(Segment)
        case delete(SegmentID)
        /// Somebody wants segments tried anew, whatever became of them.
        case retry
    }

    private var faults: [(at: MonotonicInstant, fault: Fault)] = []
    private var world: UploadWorld
    private let start: MonotonicInstant
    private var end: MonotonicInstant

    init(seed: UInt64) {
        world = UploadWorld(seed: seed)
        start = world.now
        let length = [120, 600, 600, 3 * 3600].randomElement(using: &world.random) ?? 600
        end = start + .seconds(length)
        plan(length)
    }

    /// Lives through all faults and a quiet time after them; returns what went wrong.
    mutating func run() -> [String] {
        world.start()
        var nextSweep = start + .seconds(60)
        let last = end + .seconds(8 * 3600)
        while world.now < last, world.violations.isEmpty {
            while let first = faults.first, first.at <= world.now {
                faults.removeFirst()
                apply(first.fault)
            }
            if world.now >= nextSweep {
                world.schedule(.sweep, on: .sweeper)
                nextSweep = world.now + .seconds(60)
            }
            world.deliver()
            world.handle(.sent(Int64(world.putCount) << 20))
            world.handle(.tick)
            world.noteAgain()
            world.checkReceipts()
            let isBusy = !world.tasks.isEmpty || world.machine.count > 0 || !world.broker.waiting.isEmpty
            let step: Duration = world.tasks.isEmpty ? (isBusy ? .seconds(3) : .seconds(30)) : .milliseconds(400)
            let next = min(world.now + step, faults.first?.at ?? last)
            while let task = world.takeTask(before: next) {
                world.carryOut(task)
                if world.now < end, world.chance(1), world.chance(15) { world.kill() }
            }
            world.now = max(world.now, next)
            if world.now > end, !isBusy, isDone { break }
        }
        if world.violations.isEmpty { checkEnd() }
        return world.violations
    }

    // MARK: - Plan

    private mutating func plan(_ length: Int) {
        for index in 0..<24 {
            let segment = makeSegment(index)
            let fate: UploadWorld.Fate =
                world.chance(70) ? .normal : UploadWorld.Fate.allCases.randomElement(using: &world.random) ?? .normal
            add(.commit(segment, fate), within: length * 8 / 10)
        }
        for _ in 0..<Int.random(in: 2...12, using: &world.random) { addFault(length) }
        // In the end everything is well again.
        for destination in world.destinations { faults.append((end, .store(.good, destination))) }
        for fault: Fault in [
            .database(.good), .disk(away: false, readOnly: false, full: false), .broker(away: false),
        ] { faults.append((end, fault)) }
        faults = faults.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func addFault(_ length: Int) {
        switch Int.random(in: 0..<10, using: &world.random) {
        case 0, 1:
            let modes: [UploadWorld.Store.Mode] = [.away, .refusing, .losingAnswers, .lying]
            let destination = world.destinations.randomElement(using: &world.random) ?? .home
            add(.store(modes.randomElement(using: &world.random) ?? .away, destination), within: length)
            add(.store(.good, destination), within: length)
        case 2, 3:
            add(.database(world.chance(50) ? .away : .hung), within: length)
            add(.database(.good), within: length)
        case 4:
            add(.backup, within: length / 2)
            add(.restore, within: length)
        case 5, 6:
            add(.disk(away: world.chance(40), readOnly: world.chance(40), full: world.chance(40)), within: length)
            add(.disk(away: false, readOnly: false, full: false), within: length)
        case 7:
            add(.broker(away: true), within: length)
            add(.broker(away: false), within: length)
            if world.chance(50) { add(.loseMessages, within: length) }
        case 8: add(.retry, within: length)
        default: add(world.chance(50) ? .stop : .kill, within: length)
        }
    }

    private mutating func add(_ fault: Fault, within seconds: Int) {
        let milliseconds = Int.random(in: 0...(seconds * 1000), using: &world.random)
        faults.append((start + .milliseconds(milliseconds), fault))
    }

    private mutating func addLater(_ fault: Fault, after seconds: Int) {
        let at = world.now + .seconds(seconds)
        let place = faults.firstIndex { $0.at > at } ?? faults.count
        faults.insert((at, fault), at: place)
        end = max(end, at)
    }

    private mutating func makeSegment(_ index: Int) -> Segment {
        let time = SegmentHeader.sampleStart.advanced(bySeconds: Int64(index) * 10)
        let id = SegmentID.version7(at: time, using: &world.random)
        let stream = StreamID(CameraID(rawValue: 7), .main)
        let sample = Segment.sample(at: time)
        let header = SegmentHeader(
            id: id,
            stream: stream,
            epoch: 1,
            run: id,
            sequence: index,
            origin: SegmentOrigin(recorder: "node-a", spoolID: id),
            startedAt: time,
            objectKey: ObjectKey.make(prefix: "observer", stream: stream, epoch: 1, id: id)
        )
        var media = sample.media
        media.sha256 = String(repeating: id.description.filter { $0 != "-" }, count: 2)
        return Segment(header: header, media: media, end: sample.end)
    }

    // MARK: - Faults

    private mutating func apply(_ fault: Fault) {
        switch fault {
        case .commit(let segment, let fate): commit(segment, fate)
        case .store(let mode, let destination):
            if mode == .refusing { world.refusals += 1 }
            world.stores[destination]?.mode = mode
        case .database(let mode):
            if mode == .good, world.database.isPooled {
                // Nobody has noticed so far.
                if !world.database.hasFailed { world.database.isRestarted = true }
                world.database.isPooled = false
            }
            world.database.mode = mode
            world.database.goodSince = mode == .good ? world.database.goodSince ?? world.now : nil
            guard mode == .good else { return world.database.hasFailed = false }
            for segment in world.database.announced { world.upsert(segment, .spooled) }
            world.database.announced = []
        case .retry:
            let ids = world.segments.keys.sorted()
            world.handle(.retryAsked(ids.filter { _ in world.chance(50) }))
        case .backup: world.database.backup = world.database.rows
        case .restore:
            // A restore ends all connections.
            let kept = world.database.rows.filter { world.unnoted.contains($0.key) || world.fates[$0.key] != .normal }
            world.database.rows = world.database.backup.merging(kept) { _, row in row }
            world.database.mode = .away
            world.database.restoredAt = world.now
            world.database.goodSince = nil
            if world.chance(50) {
                world.database.isRestarted = true
                addLater(.database(.good), after: 5)
            } else {
                (world.database.isPooled, world.database.hasFailed) = (true, false)
                addLater(.awaitFailure, after: 5)
            }
            // The recorder looks at its spool as well when it starts.
            world.database.announced += world.disk.sidecars.sorted { $0.key < $1.key }.compactMap(\.value)
        case .awaitFailure:
            guard world.database.isPooled else { return }
            addLater(world.database.hasFailed || world.now >= end ? .database(.good) : .awaitFailure, after: 5)
        case .disk(let away, let readOnly, let full):
            (world.disk.isAway, world.disk.isReadOnly, world.disk.isFull) = (away, readOnly, full)
        case .broker(let away): world.broker.isAway = away
        case .loseMessages: (world.broker.waiting, world.broker.delayed) = ([], [])
        case .kill: world.kill()
        case .stop: stop()
        case .elsewhere(let segment):
            world.stores[.home]?.objects[segment.header.objectKey] = segment.media.sha256
            guard world.database.mode == .good else { return addLater(fault, after: 60) }
            world.upsert(segment, .stored)
        case .hide(let id):
            guard world.disk.media[id] != nil else { return }
            world.disk.media[id] = nil
            world.disk.sidecars[id] = nil
            world.takenAway[id] = world.now
            world.seen.remove(id)
            if let segment = world.segments[id] {
                addLater(.show(segment), after: Int.random(in: 60...7200, using: &world.random))
            }
        case .show(let segment):
            guard world.database.rows[segment.id]?.state.provesUpload != true else { return }
            world.disk.media[segment.id] = segment.media.sha256
            world.disk.sidecars.updateValue(segment, forKey: segment.id)
            // It is seen, and cannot be stored before it is gone again.
            for destination in world.destinations { world.stores[destination]?.mode = .away }
            world.schedule(.sweep, on: .sweeper)
            addLater(.delete(segment.id), after: 90)
            for destination in world.destinations { addLater(.store(.good, destination), after: 120) }
        case .delete(let id):
            guard world.disk.media[id] != nil else { return }
            world.disk.media[id] = nil
            if world.chance(50) { world.disk.sidecars[id] = nil }
            // One that came back and was not seen is missing since it went first.
            if world.fates[id] != .wandering || world.seen.contains(id) { world.takenAway[id] = world.now }
        }
    }

    private mutating func commit(_ segment: Segment, _ fate: UploadWorld.Fate) {
        let id = segment.id
        world.segments[id] = segment
        world.fates[id] = fate
        if fate != .foreign, fate != .invented {
            world.disk.media[id] = fate == .spoilt ? "spoilt" : segment.media.sha256
            if fate != .sidecarGone {
                world.disk.sidecars.updateValue(fate == .sidecarSpoilt ? nil : segment, forKey: id)
            }
        }
        if fate != .invented {
            if world.database.mode == .good {
                world.upsert(segment, .spooled)
            } else {
                world.database.announced.append(segment)
            }
        }
        if fate == .foreign { addLater(.elsewhere(segment), after: Int.random(in: 1...1800, using: &world.random)) }
        if fate == .wandering { addLater(.hide(id), after: Int.random(in: 0...10, using: &world.random)) }
        if fate == .deleted { addLater(.delete(id), after: Int.random(in: 0...60, using: &world.random)) }
        guard !world.broker.isAway || fate == .foreign || fate == .invented else { return }
        for _ in 0..<(world.chance(10) ? 2 : 1) { world.broker.waiting.append(SegmentRecorded(segment: segment)) }
        if !world.chance(20) { world.schedule(.sweep, on: .sweeper) }
    }

    /// Stops the process in order, and starts it again.
    private mutating func stop() {
        world.isStopping = true
        world.kills += 1
        world.handle(.stop)
        let limit = world.now + .seconds(30)
        while let task = world.takeTask(before: limit) {
            world.carryOut(task)
        }
        if !world.machine.isIdle { world.violation("not idle after the stop") }
        if world.machine.isIdle, !world.broker.open.isEmpty { world.violation("a delivery is open after the stop") }
        world.start()
    }

    // MARK: - End

    private func isSettled(_ id: SegmentID) -> Bool {
        let state = world.database.rows[id]?.state
        switch world.fates[id] {
        case .spoilt?, .occupied?: return state == .failed
        case .invented?: return state == nil
        case .deleted? where world.takenAway[id] != nil, .wandering? where world.takenAway[id] != nil: return true
        default: return state == .stored && world.disk.media[id] == nil
        }
    }

    private var isDone: Bool { world.segments.keys.allSatisfy(isSettled) }

    private mutating func checkEnd() {
        for (id, segment) in world.segments.sorted(by: { $0.key < $1.key }) {
            let fate = world.fates[id] ?? .normal
            if !isSettled(id) {
                let state = world.database.rows[id]?.state.rawValue ?? "no row"
                let place = world.disk.media[id] == nil ? "not in the spool" : "in the spool"
                world.violation("\(id), \(fate): \(state), \(place)")
            }
            if fate == .spoilt || fate == .occupied, world.disk.media[id] == nil {
                world.violation("\(id): bytes that are nowhere else were deleted")
            }
            if fate == .normal, world.disk.media[id] == nil { world.checkProof(id, "ended") }
            let most = 1 + world.kills + (world.excuses[id] ?? 0)
            if fate != .occupied, let count = world.puts[id]?.values.max(), count > most + 1 {
                world.violation("\(id) was put \(count) times, \(most) expected; \(segment.header.objectKey)")
            }
        }
        world.checkDeadLetters()
        if world.broker.open.isEmpty { return }
        if !world.broker.open.keys.allSatisfy({ _ in world.machine.count > 0 }) {
            world.violation("a delivery is never resolved")
        }
    }
}
