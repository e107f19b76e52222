/// A pair of UDP ports.
public struct UDPPorts: Hashable, Sendable {
    /// The port of media.
    public let rtp: UInt16
    /// The port of reports.
    public let rtcp: UInt16

    /// Creates a pair.
    public init(rtp: UInt16, rtcp: UInt16) {
        self.rtp = rtp
        self.rtcp = rtcp
    }
}

/// A track that was set up.
public struct RTSPTrack: Hashable, Sendable {
    /// The way of a track's packets.
    public enum Path: Hashable, Sendable {
        /// Frames of these channels on the session's own connection.
        case interleaved(rtp: UInt8, rtcp: UInt8)
        /// Datagrams to `client`; `server` and `source` are as the camera names them, where it does.
        case unicast(client: UDPPorts, server: UDPPorts?, source: String?)
        /// Datagrams to a group; `source` is as the camera names it, where it does.
        case multicast(group: String, ports: UDPPorts, timeToLive: UInt8?, source: String?)
    }

    /// The description of the track.
    public let media: MediaDescription
    /// The format of its packets.
    public let format: MediaFormat
    /// The way of its packets.
    public let path: Path
    /// The source that the camera announced, which may be wrong.
    public let synchronisationSource: UInt32?
}
