/// A stretch of time in which a stream should have been recorded and was not, and why.
package struct Gap: Hashable, Sendable {
    package var stream: StreamID
    /// The fencing token of the assignment under which it was opened.
    package var epoch: Int64
    package var startedAt: Timestamp
    /// Nil while it lasts.
    package var endedAt: Timestamp?
    package var cause: Cause
    package var detail: String?

    package init(
        stream: StreamID,
        epoch: Int64,
        startedAt: Timestamp,
        endedAt: Timestamp? = nil,
        cause: Cause,
        detail: String?
    ) {
        self.stream = stream
        self.epoch = epoch
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.cause = cause
        self.detail = detail
    }
}
