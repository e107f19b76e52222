/// A remark on how a segment came about, for players and people.
package enum SegmentFlag: String, CaseIterable, Sendable {
    /// The media time follows the arrival of packets, because the stream's own clock cannot be used.
    case clockArrival = "clock_arrival"
    /// The stream's clock jumped, and the media time was joined across the jump.
    case clockJoined = "clock_joined"
    /// Timestamps that did not increase were moved.
    case timestampsNudged = "timestamps_nudged"
    /// The first frame is a recovery point and no IDR frame: a decoder may need some frames to show a clean one.
    case recoveryStart = "recovery_start"
    /// The first frame needs frames of the segment before it, because the camera sent no key frame for too long.
    case dependent
    /// The audio could not be carried on.
    case audioDropped = "audio_dropped"
    /// The clock of the recorder's machine was wrong, or was set, while it was recorded.
    case wallStep = "wall_step"
    /// The disk fell behind, and frames after the end of this segment are missing.
    case diskBehind = "disk_behind"
    /// The recorder died, and the file was cut after its last whole fragment.
    case recovered

    /// Returns the flags with these names.
    ///
    /// Unknown names are left out on purpose: a newer recorder may share a spool with an older uploader, and footage must
    /// not be refused for a remark.
    package static func set(_ names: some Sequence<String>) -> Set<SegmentFlag> {
        Set(names.lazy.compactMap(SegmentFlag.init))
    }

    /// Returns the names of flags in alphabetical order, so that equal segments are equal texts.
    package static func names(_ flags: Set<SegmentFlag>) -> [String] {
        flags.map(\.rawValue).sorted()
    }
}
