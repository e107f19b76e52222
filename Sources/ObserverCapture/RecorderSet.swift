import Glibc
import Logging
import ObserverCore
import Spool
import Synchronization
import System

/// The recorders of a process.
///
/// Belongs to the reconciler's thread.
final class RecorderSet {
    private static let diskInterval = Duration.milliseconds(500)
    /// The time between two log lines while more and more cameras pause.
    private static let diskLogInterval = Duration.seconds(10)

    private let context: RecorderContext
    /// A camera always has the same loop, so that its recorders follow one another in order.
    private let loops: [CameraLoop]
    private var recorders: [CameraID: CameraRecorder] = [:]
    private var ending: [CameraRecorder] = []
    /// The ways of streams to the disk, with their coverage, of all cameras that this process has had.
    private var writeQueues: [CameraID: WriteQueue] = [:]
    /// The versions of cameras that are off and accounted for.
    private var off: [CameraID: Int64] = [:]
    private var diskDue = MonotonicInstant.now()
    private var diskPause = DiskPause()
    private var diskLogDue = MonotonicInstant.now()
    /// As the database has them: a new priority replaces no recorder.
    private var priorities: [CameraID: Int] = [:]

    init(context: RecorderContext, loops: [CameraLoop]) {
        self.context = context
        self.loops = loops
    }

    /// The cameras being recorded, in order.
    var running: [CameraID] { recorders.keys.sorted() }

    func has(_ id: CameraID) -> Bool {
        recorders[id] != nil
    }

    /// Returns true if a recorder must be started for this plan; a running one takes over its epoch and priority.
    func needs(_ plan: RecorderPlan) -> Bool {
        priorities[plan.camera.id] = plan.camera.priority
        guard let present = recorders[plan.camera.id] else { return true }
        present.setEpoch(plan.epoch)
        return !present.plan.isSame(as: plan)
    }

    /// Starts a recorder, or replaces the one that records by an older plan.
    func start(_ plan: RecorderPlan) {
        let id = plan.camera.id
        off[id] = nil
        let old = recorders[id] ?? ending.last { $0.plan.camera.id == id }
        if let old {
            old.end(.replaced)
            if recorders[id] != nil { ending.append(old) }
        }
        var plan = plan
        // Many do not begin in the same instant; how many connect at the same time is limited anyway.
        if old == nil { plan.delay = .milliseconds(Int.random(in: 0...min(recorders.count * 10, 1000))) }
        recorders[id] = CameraRecorder(
            plan,
            after: old,
            writeQueue: writeQueue(id),
            loop: loops[Int(id.rawValue.magnitude % UInt64(loops.count))],
            context: context
        )
    }

    private func writeQueue(_ id: CameraID) -> WriteQueue {
        if let present = writeQueues[id] { return present }
        let coverage = StreamCoverage(
            StreamID(id, .main),
            recorder: context.recorder,
            clock: context.clock,
            logger: context.logger,
            perform: { [statusWriter = context.statusWriter] in statusWriter.take($0, under: $1) }
        )
        let made = WriteQueue(camera: id, coverage: coverage)
        writeQueues[id] = made
        return made
    }

    /// Ends a camera's wait for the next attempt to connect.
    func retry(_ id: CameraID) {
        recorders[id]?.retry()
    }

    func end(_ id: CameraID, _ reason: RecorderEnding) {
        priorities[id] = nil
        guard let recorder = recorders.removeValue(forKey: id) else { return }
        recorder.end(reason)
        ending.append(recorder)
    }

    func endAll(_ reason: RecorderEnding) {
        for id in running { end(id, reason) }
    }

    func waitForEnd(until deadline: MonotonicInstant) {
        for recorder in ending where !recorder.waitForEnd(until: deadline) {
            context.logger.warning(
                "Recorder did not stop in time",
                [.cameraID: .int(Int(recorder.plan.camera.id.rawValue))]
            )
        }
        ending = []
    }

    /// Waits until the writers have taken, or given up, what they were given.
    func waitForWriters(until deadline: MonotonicInstant) {
        while writeQueues.values.contains(where: { $0.queuedBytes.load(ordering: .relaxed) > 0 }), !deadline.hasPassed {
            usleep(20_000)
        }
    }

    func forgetEnded() {
        ending.removeAll { $0.waitForEnd(until: .now()) }
    }

    /// Returns true if a camera that is off is not accounted for: it is new to this process, or was changed.
    func mustNoteOff(_ camera: Camera) -> Bool {
        off[camera.id] != camera.version && !ending.contains { $0.plan.camera.id == camera.id }
    }

    /// Takes note of a camera that is off; a recorder that ends because of the switch does so itself.
    func noteOff(_ camera: Camera, epoch: Int64, known: KnownCoverage?) {
        off[camera.id] = camera.version
        writeQueue(camera.id).coverage.tell(.foundOff(known, epoch: epoch))
    }

    /// Compares the clocks, also for cameras of which nothing is heard.
    func tick() {
        for writeQueue in writeQueues.values { writeQueue.coverage.tell(.tick) }
    }

    // MARK: Disk

    /// Pauses recorders while the disk is nearly full (``DiskPause``).
    func watchDisk() {
        guard diskDue.hasPassed, let space = try? context.spool.spaceBesideReserve() else { return }
        diskDue = .now() + Self.diskInterval
        let before = diskPause.count
        let paused = diskPause.update(space, priorities: priorities)
        for (id, recorder) in recorders { recorder.setPaused(paused.contains(id)) }
        guard diskPause.count != before, before == 0 || diskPause.count == 0 || diskLogDue.hasPassed else { return }
        diskLogDue = .now() + Self.diskLogInterval
        context.logger.warning(
            diskPause.count > 0 ? "Disk nearly full; cameras paused" : "Disk has room again",
            [
                .camerasPaused: .int(diskPause.count), .diskFreeBytes: .int(Int(space.freeBytes)),
                .diskFreeFiles: .int(Int(space.freeFiles)),
            ]
        )
    }
}
