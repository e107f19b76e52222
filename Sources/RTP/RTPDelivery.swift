/// A packet on its way into a depacketizer, and how far it has been read.
public struct RTPDelivery {
    /// The packet, valid as long as the bytes it was read from.
    public let packet: RTPPacket
    /// The packet's timestamp without wrap-around.
    public let timestamp: Int64
    /// Indicates that packets are missing between this one and the one before it.
    public let isAfterGap: Bool
    /// Indicates that this packet begins a new series: its timestamp has no relation to those before it.
    public let isRestart: Bool

    var stage = Stage.arrived
    var offset = 0

    enum Stage: UInt8 {
        case arrived, reading, read, done
    }

    /// Creates a delivery from which nothing has been read.
    public init(packet: RTPPacket, timestamp: Int64, isAfterGap: Bool = false, isRestart: Bool = false) {
        self.packet = packet
        self.timestamp = timestamp
        self.isAfterGap = isAfterGap
        self.isRestart = isRestart
    }
}
