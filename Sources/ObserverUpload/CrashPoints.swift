import Glibc

/// Places at which a test can end the process as a power cut would: at each step between S3 and the acknowledgement.
///
/// Release builds have none.
package struct CrashPoints: Sendable {
    package enum Point: String, CaseIterable, Sendable {
        case beforePut = "before-put"
        case afterPut = "after-put"
        case afterReceipt = "after-receipt"
        case afterRow = "after-row"
        case afterDelete = "after-delete"
        case afterRetry = "after-retry"
        case afterDeadLetter = "after-deadLetter"
    }

    private let armed: String?

    package init(armed: String? = nil) {
        self.armed = armed
    }

    /// Ends the process here, if a test wants that.
    func reach(_ point: Point) {
        #if DEBUG
        if armed == point.rawValue { kill(getpid(), SIGKILL) }
        #endif
    }
}
