import Logging
import ObserverCore
import System

@testable import ObserverCapture

extension SharedClock {
    /// A clock that takes the machine's own for proven.
    static func ofMachine() -> SharedClock {
        let now = SystemClock.read()
        let offset = now.wall.microseconds - now.instant.nanoseconds / 1000
        return SharedClock(in: nil, boot: "test", kept: offset, logger: Logger(label: "test", level: .error))
    }
}
