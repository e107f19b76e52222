import ObserverCore
import System

/// The recorders of this process under one registration, and the cameras that come to it or leave it.
///
/// Belongs to the reconciler's thread.
struct CameraCrew {
    let recorders: RecorderSet
    var handOvers: HandOvers
    /// True once the kept plan was looked at.
    var hasResumed = false
    /// The registration under which cameras were read from the database last.
    private var incarnation: Int64?
    /// Cameras that this recorder claimed, or kept when it registered; any other was given to it by its predecessor.
    private var own: Set<CameraID> = []
    private let handOverLimit: Duration
    /// Cameras whose former recorder goes on until this one records.
    private var comingOver: Set<CameraID> = []

    init(_ recorders: RecorderSet, handOverLimit: Duration) {
        self.recorders = recorders
        self.handOverLimit = handOverLimit
        handOvers = HandOvers(limit: handOverLimit)
    }

    /// True if nothing was read from the database yet, nor from the kept plan.
    var mayResume: Bool { incarnation == nil && !hasResumed }

    /// Takes note of a camera that was claimed.
    mutating func claimed(_ camera: CameraID, isComingOver: Bool) {
        own.insert(camera)
        if isComingOver { comingOver.insert(camera) }
    }

    /// Takes note of all cameras that are assigned to this recorder now.
    mutating func assigned(_ cameras: Set<CameraID>, incarnation: Int64) {
        if self.incarnation == incarnation { comingOver.formUnion(cameras.subtracting(own)) }
        self.incarnation = incarnation
        own = cameras
        comingOver.formIntersection(cameras)
    }

    /// Returns true for a camera whose former recorder goes on until this one records.
    func isComingOver(_ camera: CameraID) -> Bool {
        comingOver.contains(camera)
    }

    /// All cameras that came over and are on have been started.
    mutating func settle() {
        comingOver = []
    }

    /// Forgets everything about the registration that is over.
    mutating func forget() {
        own = []
        comingOver = []
        incarnation = nil
        handOvers = HandOvers(limit: handOverLimit)
    }
}
