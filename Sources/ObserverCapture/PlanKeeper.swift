import Crypto
import Logging
import ObserverCore
import ObserverStore
import Spool
import System

/// Keeps the cameras of this recorder in its spool, for a start without a database.
///
/// Belongs to the reconciler's thread.
struct PlanKeeper {
    private static let touchInterval = Duration.seconds(10)

    private let context: RecorderContext
    private let key: SealingKey
    private var last: KeptPlan?
    private var touchDue = MonotonicInstant.now()

    init(context: RecorderContext, key: SealingKey) {
        self.context = context
        self.key = key
    }

    /// Keeps the cameras that are on, if anything has changed.
    mutating func keep(_ assigned: [RecorderStore.AssignedCamera], incarnation: Int64) {
        let cameras = assigned.filter { $0.camera.isActive && !$0.isDeleted }.map { item in
            KeptPlan.Camera(item.camera, sealedPassword: item.sealedPassword, epoch: item.epoch)
        }
        let plan = KeptPlan(incarnation: incarnation, cameras: cameras)
        guard plan != last else { return }
        do throws(SpoolError) {
            try context.spool.keep(plan, of: context.recorder, key: key)
            last = plan
            touchDue = .now()
        } catch {
            context.logger.warning("Plan not kept", [.error: LogValue(error)])
        }
    }

    /// The plan as the recorder's last life kept it, with the last moment at which that life was known.
    func kept() -> (plan: KeptPlan, at: WallTime)? {
        try? context.spool.keptPlan(of: context.recorder, key: key)
    }

    /// Notes every ten seconds that this recorder lives.
    mutating func touch() {
        guard last != nil, touchDue.hasPassed else { return }
        touchDue = .now() + Self.touchInterval
        context.spool.touchPlan(of: context.recorder, at: context.clock.now())
    }
}
