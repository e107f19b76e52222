/// Audio that a file cannot hold as it comes, and that is encoded to AAC for it.
public struct SampledAudio: Hashable, Sendable {
    /// The way of the samples into bytes.
    public enum Coding: String, Hashable, Sendable, CaseIterable {
        /// G.711 (µ-law, A-law), eight bits a sample.
        case pcmu, pcma
        /// Linear, 16 bits, most significant byte first.
        case l16
        /// G.726 as RTP packs it (RFC 3551, 4.5.4), 2 to 5 bits a sample.
        case g726x2, g726x3, g726x4, g726x5

        /// Bits of a sample.
        public var bits: Int {
            switch self {
            case .pcmu, .pcma: 8
            case .l16: 16
            case .g726x2: 2
            case .g726x3: 3
            case .g726x4: 4
            case .g726x5: 5
            }
        }
    }

    /// The coding.
    public let coding: Coding
    /// Samples a second.
    public let sampleRate: Int
    /// Number of channels, 1 or 2.
    public let channels: Int

    /// Creates a description; nil for a rate that AAC does not know, and for more than two channels.
    public init?(_ coding: Coding, sampleRate: Int, channels: Int) {
        guard ADTS.rates.contains(sampleRate), 1...2 ~= channels else { return nil }
        self.coding = coding
        self.sampleRate = sampleRate
        self.channels = channels
    }

    /// The track that the samples become.
    public var track: AudioTrack { .encoded(sampleRate: sampleRate, channels: channels) }
}

extension AudioTrack {
    /// A track of AAC-LC as `observer-media` encodes it.
    public static func encoded(sampleRate: Int, channels: Int) -> AudioTrack {
        AudioTrack(
            codec: .aac,
            sampleRate: sampleRate,
            channels: channels,
            frameSamples: 1024,
            parameters: ADTS.configuration(sampleRate: sampleRate, channels: channels)
        )
    }
}
