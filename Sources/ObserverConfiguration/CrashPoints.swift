import Glibc

/// Steps at which a debug build can kill itself, as a power cut would; release builds never do.
package struct CrashPoints: Sendable {
    /// The steps between S3 and the acknowledgement.
    package enum Point: String, CaseIterable, Sendable {
        case beforePut = "before-put"
        case afterPut = "after-put"
        case afterReceipt = "after-receipt"
        case afterRow = "after-row"
        case afterDelete = "after-delete"
        case afterRetry = "after-retry"
        case afterDeadLetter = "after-dead-letter"
    }

    private let armed: Point?

    package init(armed: Point? = nil) {
        self.armed = armed
    }

    /// Kills the process if this point is armed.
    package func reach(_ point: Point) {
        #if DEBUG
        if armed == point { kill(getpid(), SIGKILL) }
        #endif
    }
}
