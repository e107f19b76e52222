/// One coded frame, or a few milliseconds of audio.
public struct MediaPacket {
    /// The most bytes of a packet.
    public static let sizeLimit = 8 << 20
    /// The bound beyond which a number cannot be a time in ticks; a century of audio at 384 kHz has a quarter of them.
    private static let timeLimit: Int64 = 1 << 53

    /// Returns nil for a number that cannot be a time, so that arithmetic with times does not overflow.
    public static func bounded(_ time: Int64) -> Int64? {
        (-timeLimit...timeLimit).contains(time) ? time : nil
    }

    /// Which track a packet belongs to.
    public enum Track: Hashable, Sendable {
        /// Video.
        case video
        /// Audio.
        case audio
    }

    /// The track.
    public var track: Track
    /// When to decode, in ticks of the track, as the source says; nil if it does not.
    public var decodeTime: Int64?
    /// When to show, in ticks of the track, as the source says; nil if it does not.
    public var presentationTime: Int64?
    /// How long it lasts, in ticks of the track; 0 if the source does not say.
    public var duration: Int64
    /// True if the source says that decoding may start here.
    public var isKey: Bool
    /// New parameter sets that came beside the packet, as in FLV.
    public var newParameters: [UInt8]?
    /// The coded bytes, owned by the source.
    public var bytes: UnsafeRawBufferPointer

    /// Creates a packet.
    public init(
        track: Track,
        decodeTime: Int64?,
        presentationTime: Int64?,
        duration: Int64 = 0,
        isKey: Bool = false,
        newParameters: [UInt8]? = nil,
        bytes: UnsafeRawBufferPointer
    ) {
        self.track = track
        self.decodeTime = decodeTime
        self.presentationTime = presentationTime
        self.duration = duration
        self.isKey = isKey
        self.newParameters = newParameters
        self.bytes = bytes
    }
}
