/// A recorder's report on one stream of a camera.
package struct CameraStatus: Hashable, Sendable {
    package var stream: StreamID
    /// The fencing token of the assignment under which it was reported: a report replaces none of a newer one.
    package var epoch: Int64
    package var state: CameraState
    package var since: Timestamp
    package var cause: Cause?
    /// A sentence for people.
    package var detail: String?
    package var recorder: String?
    package var lastFrameAt: Timestamp?
    package var video: VideoInfo?
    /// The number of times that the stream was opened again since the camera was switched on.
    package var reconnects: Int
    /// The trouble of a stream while it is recorded.
    package var health: [HealthNote]

    package init(
        stream: StreamID,
        epoch: Int64,
        state: CameraState,
        since: Timestamp,
        cause: Cause? = nil,
        detail: String? = nil,
        recorder: String? = nil,
        lastFrameAt: Timestamp? = nil,
        video: VideoInfo? = nil,
        reconnects: Int = 0,
        health: [HealthNote] = []
    ) {
        self.stream = stream
        self.epoch = epoch
        self.state = state
        self.since = since
        self.cause = cause
        self.detail = detail
        self.recorder = recorder
        self.lastFrameAt = lastFrameAt
        self.video = video
        self.reconnects = reconnects
        self.health = health
    }
}
