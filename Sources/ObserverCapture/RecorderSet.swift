import Lifecycle
import Logging
import ObserverCore
import Spool

/// The recorders of a process.
///
/// Belongs to the supervisor's thread.
final class RecorderSet {
    private let context: RecorderContext
    private var recorders: [CameraID: CameraRecorder] = [:]
    private var ending: [CameraRecorder] = []
    private var off: [CameraID: Int64] = [:]
    private var diskDue = MonotonicInstant.now()
    private var pausedCount = 0

    init(context: RecorderContext) {
        self.context = context
    }

    /// The cameras being recorded, in order.
    var running: [CameraID] { recorders.keys.sorted() }

    func has(_ id: CameraID) -> Bool {
        recorders[id] != nil
    }

    /// Whether a recorder must be started for this plan; a running one gets a new epoch on the way.
    func needs(_ plan: RecorderPlan) -> Bool {
        guard let present = recorders[plan.camera.id], present.isRunnable else { return true }
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
        // 50 ms for each camera that is starting, at most 30 s, in an order by chance.
        if old == nil {
            let spread = min(recorders.count * 50, 30_000)
            plan.delay = .milliseconds(spread > 50 ? Int.random(in: 0...spread) : 0)
        }
        // A camera that was switched off and on again begins anew: the time between is no gap.
        let wasOff = old?.endingReason == .off
        if wasOff { plan.uncoveredSince = plan.camera.updatedAt }
        recorders[id] = CameraRecorder(plan, after: old, continuing: !wasOff, context: context)
    }

    func end(_ id: CameraID, _ reason: RecorderEnding) {
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
                "Recorder did not end in time",
                [.cameraID: .int(Int(recorder.plan.camera.id.rawValue))]
            )
        }
        ending = []
    }

    func forgetEnded() {
        ending.removeAll { $0.waitForEnd(until: .now()) }
    }

    /// Notes a camera that is switched off.
    ///
    /// Reports it the first time, and closes what gap an earlier life of the process left open, once for each version of the
    /// camera. A recorder that ends because of it does both itself.
    func noteOff(_ camera: Camera) {
        let known = off.updateValue(camera.version, forKey: camera.id)
        guard known != camera.version, !ending.contains(where: { $0.plan.camera.id == camera.id }) else { return }
        context.statusWriter.closeGap(of: camera.id, at: camera.updatedAt)
        guard known == nil else { return }
        context.statusWriter.report(
            CameraStatus(cameraID: camera.id, state: .off, since: camera.updatedAt, recorder: context.recorder)
        )
    }

    // MARK: Disk

    /// Pauses recorders while the disk is nearly full, one more every five seconds, those with the highest number first;
    /// all of them when it is full.
    func watchDisk() {
        guard MonotonicInstant.now() >= diskDue, let space = try? context.spool.space() else { return }
        diskDue = .now() + .seconds(5)
        let low = Self.limit(share: 0.03, least: 64 << 20, of: space.totalBytes)
        let full = Self.limit(share: 0.01, least: 24 << 20, of: space.totalBytes)
        let before = pausedCount
        if space.freeBytes < full {
            pausedCount = recorders.count
        } else if space.freeBytes < low {
            pausedCount = min(pausedCount + 1, recorders.count)
        } else if space.freeBytes > low * 2 {
            pausedCount = 0
        }
        for (index, id) in running.reversed().enumerated() { recorders[id]?.setPaused(index < pausedCount) }
        guard pausedCount != before else { return }
        context.logger.warning(
            pausedCount > 0 ? "Disk is nearly full; cameras are paused" : "Disk has room again",
            [.camerasPaused: .int(pausedCount), .diskFreeBytes: .int(Int(space.freeBytes))]
        )
    }

    /// A share of the disk, but not less than `least`, and never more than an eighth of it.
    private static func limit(share: Double, least: Int64, of total: Int64) -> Int64 {
        min(max(Int64(Double(total) * share), least), total / 8)
    }
}
