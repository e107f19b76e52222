import ObserverCore
import System

/// The times at which pictures of cameras are due.
///
/// A picture that somebody waits for is due at once: the first of a camera, and one that was asked for. The others gather
/// until a tenth of the interval has passed, so that one start of the program serves many.
struct SnapshotSchedule: Sendable {
    /// The share of the interval in which a batch gathers.
    private static let batchShare = 10

    /// The time between two pictures of a camera; nil where they are made only when asked for.
    let interval: Duration?
    private var due: [CameraID: MonotonicInstant] = [:]
    private var urgent: Set<CameraID> = []

    init(interval: Duration?) {
        self.interval = interval
    }

    /// Adds a camera, whose first picture is due.
    mutating func add(_ camera: CameraID) {
        guard interval != nil else { return }
        urgent.insert(camera)
    }

    /// Somebody waits for a picture.
    mutating func ask(for camera: CameraID) {
        urgent.insert(camera)
    }

    /// The moment at which `take` has something next.
    var nextDue: MonotonicInstant {
        guard urgent.isEmpty else { return .distantPast }
        guard let interval, let first = due.values.min() else { return .distantFuture }
        return first + interval / Self.batchShare
    }

    /// Returns the cameras whose pictures are to be made now, those first that somebody waits for; each is due again after the
    /// interval.
    mutating func take(at now: MonotonicInstant) -> [CameraID] {
        guard nextDue <= now else { return [] }
        let passed = due.filter { $0.value <= now && !urgent.contains($0.key) }.keys
        let cameras = urgent.sorted() + passed.sorted()
        urgent = []
        if let interval { for camera in cameras { due[camera] = now + interval } }
        return cameras
    }
}
