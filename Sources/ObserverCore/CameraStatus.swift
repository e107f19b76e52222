/// What a camera is doing, as opposed to what is wanted of it.
package enum CameraState: String, Codable, Sendable, CaseIterable {
    /// It is switched off and not recorded.
    case off
    /// It is switched on, and no recorder has it yet.
    case pending
    /// A recorder is opening the stream, or waits for the first key frame.
    case connecting
    /// Frames are being recorded.
    case recording
    /// The stream was lost or could not be opened; the recorder tries again.
    case retrying
    /// It is switched on, and its recorder is gone.
    case unassigned
}

/// Why a camera is not recorded: a stable word for programs.
package enum Cause: String, Codable, Sendable, CaseIterable {
    /// No answer from the address.
    case unreachable
    /// The address answers, but refuses the connection or the stream.
    case refused
    /// User name or password are wrong.
    case unauthorized
    /// There is no such stream at the address.
    case notFound = "not_found"
    /// The stream has no video that can be recorded.
    case noVideo = "no_video"
    /// The stream went silent.
    case stalled
    /// The stream cannot be understood.
    case badStream = "bad_stream"
    /// The spool's disk is full.
    case diskFull = "disk_full"
    /// No recorder was running.
    case noRecorder = "no_recorder"
    /// The host's name cannot be resolved.
    case dns
}

/// What the recorded video is.
package struct VideoInfo: Codable, Hashable, Sendable {
    /// libavcodec's name: `h264`, `hevc`, `av1`, `mjpeg`.
    package var codec: String
    /// In pixels.
    package var width: Int
    /// In pixels.
    package var height: Int
    /// Frames a second; 0 while unknown.
    package var fps: Double
    /// Bits a second, measured over the last segment; 0 while unknown.
    package var bitrate: Int

    package init(codec: String, width: Int, height: Int, fps: Double, bitrate: Int) {
        self.codec = codec
        self.width = width
        self.height = height
        self.fps = fps
        self.bitrate = bitrate
    }
}

/// What a recorder reports of a camera.
package struct CameraStatus: Hashable, Sendable {
    package var cameraID: CameraID
    package var state: CameraState
    package var since: Timestamp
    package var cause: Cause?
    /// A sentence for people.
    package var detail: String?
    package var recorder: String?
    package var lastFrameAt: Timestamp?
    package var video: VideoInfo?
    /// How often the stream was opened again since the camera was switched on.
    package var reconnects: Int

    package init(
        cameraID: CameraID,
        state: CameraState,
        since: Timestamp,
        cause: Cause? = nil,
        detail: String? = nil,
        recorder: String? = nil,
        lastFrameAt: Timestamp? = nil,
        video: VideoInfo? = nil,
        reconnects: Int = 0
    ) {
        self.cameraID = cameraID
        self.state = state
        self.since = since
        self.cause = cause
        self.detail = detail
        self.recorder = recorder
        self.lastFrameAt = lastFrameAt
        self.video = video
        self.reconnects = reconnects
    }
}

/// A time in which a camera should have been recorded and was not, and why.
package struct Gap: Hashable, Sendable {
    package var cameraID: CameraID
    package var startedAt: Timestamp
    /// Nil while it lasts.
    package var endedAt: Timestamp?
    package var cause: Cause
    package var detail: String?

    package init(cameraID: CameraID, startedAt: Timestamp, endedAt: Timestamp?, cause: Cause, detail: String?) {
        self.cameraID = cameraID
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.cause = cause
        self.detail = detail
    }
}
