/// A track of a session description.
public struct MediaDescription: Hashable, Sendable {
    /// The media of a track.
    public enum Kind: Hashable, Sendable {
        /// Pictures.
        case video
        /// Audio.
        case audio
        /// Metadata and everything else, ONVIF's among them.
        case other
    }

    /// The direction of a track, which servers state from either side.
    public enum Direction: String, Hashable, Sendable {
        /// From the camera alone.
        case receive = "recvonly"
        /// To the camera alone: a back channel.
        case send = "sendonly"
        /// Both ways.
        case both = "sendrecv"
        /// Neither way.
        case inactive
    }

    /// The media.
    public let kind: Kind
    /// The port, or the one of the multicast group; 0 where the answer to SETUP names it.
    public let port: Int
    /// Indicates that the track comes over RTP.
    public let isRTP: Bool
    /// Indicates that the packets are encrypted (SRTP).
    public let isEncrypted: Bool
    /// The payload formats, in the camera's order.
    public let formats: [MediaFormat]
    /// `a=control` as written.
    public let control: String?
    /// The direction; nil where it is not stated.
    public let direction: Direction?
    /// Frames per second; nil where the camera states none, or nonsense.
    public let frameRate: Double?
    /// The size of the picture as the camera states it, which may be wrong.
    public let dimensions: PictureDimensions?
    /// The address of `c=`; a multicast group, or meaningless.
    public let address: String?

    /// The format of the media itself, not of its protection.
    public var format: MediaFormat? {
        formats.first { !$0.isAuxiliary } ?? formats.first
    }
}

/// Width and height in pixels.
public struct PictureDimensions: Hashable, Sendable {
    /// In pixels.
    public let width: Int
    /// In pixels.
    public let height: Int

    /// Creates dimensions; nil beyond 1 to 65,535.
    init?(width: Int?, height: Int?) {
        guard let width, let height, (1...65_535).contains(width), (1...65_535).contains(height) else { return nil }
        self.width = width
        self.height = height
    }
}
