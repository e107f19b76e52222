/// The facts about the recorded video.
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
