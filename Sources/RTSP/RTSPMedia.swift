/// The origin of a packet that a session hands out.
public struct RTSPMedia: Hashable, Sendable {
    /// The protocol of a packet.
    public enum Kind: Hashable, Sendable {
        /// Media.
        case rtp
        /// Reports about media.
        case rtcp
    }

    /// The index into `RTSPSession.tracks`.
    public let track: Int
    /// The protocol of the packet.
    public let kind: Kind
    /// Indicates that bytes before this packet were skipped, or that the packet before it was cut.
    public let followsDamage: Bool

    /// Creates a description of a packet.
    public init(track: Int, kind: Kind, followsDamage: Bool = false) {
        self.track = track
        self.kind = kind
        self.followsDamage = followsDamage
    }
}

/// Counts of what a connection brought; they only grow.
public struct RTSPStatistics: Hashable, Sendable {
    /// Packets that were handed out.
    public var packets: UInt64 = 0
    /// Frames that belong to no track, are empty, or came before PLAY.
    public var rejectedFrames: UInt64 = 0
    /// Packets that were handed out and then turned out to be cut.
    public var cutFrames: UInt64 = 0
    /// Bytes that are neither frames nor messages.
    public var skippedBytes: UInt64 = 0
    /// Places where the stream had to be found again.
    public var resynchronisations: UInt64 = 0
    /// Requests of the camera.
    public var cameraRequests: UInt64 = 0
    /// Answers that fit no request.
    public var unexpectedAnswers: UInt64 = 0
}
