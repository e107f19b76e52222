package import ObserverCore
import System

extension Timestamp {
    /// The present moment by the system's clock.
    package static func now() -> Timestamp {
        Timestamp(microseconds: WallTime.now().microseconds)
    }
}
