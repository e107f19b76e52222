/// Something that is wrong with a stream while it is recorded.
package struct HealthNote: Hashable, Sendable {
    /// A kind of trouble: a stable word for programs.
    package enum Cause: String, Sendable, CaseIterable {
        /// The camera's clock cannot be used, or the recorder's own is wrong.
        case clock
        /// Packets of the stream are lost on their way.
        case lossy
        /// The stream has no key frames for long, so that segments cannot be played alone.
        case noKeyFrames = "no_key_frames"
        /// Written segments cannot be committed: the spool's disk fails.
        case diskFailed = "disk_failed"
        /// The audio is not recorded.
        case audioLeftOut = "audio_left_out"
    }

    package var cause: Cause
    /// A sentence for people that says what to do.
    package var detail: String

    package init(_ cause: Cause, _ detail: String) {
        self.cause = cause
        self.detail = detail
    }
}
