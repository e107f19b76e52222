/// Video codecs that are recorded as they come.
public enum VideoCodec: String, Hashable, Sendable, CaseIterable {
    /// H.264 and its relatives, by the names that people use.
    case h264, h265, av1, mjpeg, mpeg4
}

/// A video track; its packets' times are in 1/90000 s.
public struct VideoTrack: Hashable, Sendable {
    /// The codec.
    public var codec: VideoCodec
    /// Size in pixels.
    public var width: Int
    /// Size in pixels.
    public var height: Int
    /// Frames a second as announced; 0 if not.
    public var framesPerSecond: Double
    /// Parameter sets: a configuration record (first byte 1), Annex B, or nothing.
    public var parameters: [UInt8]
    /// The number of frames that may come before frames that are shown earlier, as far as the source knows.
    public var reorderedFrames = 0
    /// True if packets say when they are shown; otherwise their arrival is all that is known.
    public var hasTimestamp = true

    /// Creates a track.
    public init(codec: VideoCodec, width: Int, height: Int, framesPerSecond: Double = 0, parameters: [UInt8] = []) {
        self.codec = codec
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        self.parameters = parameters
    }
}
