import MP4

/// Audio codecs that are recorded as they come.
public enum AudioCodec: String, Hashable, Sendable, CaseIterable {
    /// Codecs that both MP4 and browsers take.
    case aac, mp3, opus
}

/// An audio track; its packets' times are in `1 / sampleRate` s.
public struct AudioTrack: Hashable, Sendable {
    /// The rates that are recorded; the codecs know none above 192 kHz.
    public static let sampleRates = 4000...384_000
    /// The codec.
    public var codec: AudioCodec
    /// Samples a second.
    public var sampleRate: Int
    /// Number of channels.
    public var channels: Int
    /// Samples in a packet; 0 if not known.
    public var frameSamples: Int
    /// The decoder's configuration, for AAC an AudioSpecificConfig.
    public var parameters: [UInt8]

    /// True if a file can hold the track.
    public var isRecordable: Bool { Self.sampleRates.contains(sampleRate) && AudioFormat(self) != nil }

    /// Creates a track.
    public init(codec: AudioCodec, sampleRate: Int, channels: Int, frameSamples: Int = 0, parameters: [UInt8] = []) {
        self.codec = codec
        self.sampleRate = sampleRate
        self.channels = channels
        self.frameSamples = frameSamples
        self.parameters = parameters
    }
}
