import Media
import ObserverCore

extension VideoInfo {
    /// Creates the facts of a track of which nothing is measured yet.
    init(_ track: VideoTrack) {
        self.init(
            codec: track.codec == .h265 ? "hevc" : track.codec.rawValue,
            width: track.width,
            height: track.height,
            fps: track.framesPerSecond,
            bitrate: 0
        )
    }
}
