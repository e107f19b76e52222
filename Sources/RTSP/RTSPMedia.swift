/// The origin of a packet that a session hands out.
public struct RTSPMedia: Hashable, Sendable {
    /// The protocol of a packet.
    public enum Kind: Hashable, Sendable {
        /// Media.
        case rtp
        /// Reports about media.
        case rtcp
    }

    /// The state of the stream before a packet.
    public enum Damage: Hashable, Sendable {
        /// The packet follows the one before it.
        case none
        /// Bytes that are neither a frame nor a message were skipped; a packet may be missing.
        case skippedBytes
        /// The packet that was handed out last, of whichever track, was cut: its end is foreign.
        ///
        /// Some cameras send such a packet again as a whole, with the same sequence number.
        case cutPacket
    }

    /// The index into `RTSPSession.tracks`.
    public let track: Int
    /// The protocol of the packet.
    public let kind: Kind
    /// The state of the stream before the packet.
    public let damage: Damage

    /// Creates a description of a packet.
    public init(track: Int, kind: Kind, damage: Damage = .none) {
        self.track = track
        self.kind = kind
        self.damage = damage
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
