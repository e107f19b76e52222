import ObserverCore
import System

/// Limits how many cameras are opened at the same time: two hundred that started together would all time out.
///
/// A slot is free again a second after it was taken even where its camera is still connecting, so that hung cameras keep
/// none waiting that has recovered.
final class OpeningSlots: Sendable {
    private let count: Int
    private let lease: Duration
    private let held = Lock<[CameraID: MonotonicInstant]>([:])

    init(count: Int = 16, lease: Duration = .seconds(1)) {
        self.count = count
        self.lease = lease
    }

    /// Takes a slot for a camera; returns false while none is free.
    func acquire(for camera: CameraID, at now: MonotonicInstant) -> Bool {
        held.withLock { held in
            if held.count >= count { held = held.filter { now - $0.value < lease } }
            guard held.count < count else { return false }
            held[camera] = now
            return true
        }
    }

    /// Gives the slot of a camera back; does nothing if it has none any more.
    func release(_ camera: CameraID) {
        held.withLock { _ = $0.removeValue(forKey: camera) }
    }
}
