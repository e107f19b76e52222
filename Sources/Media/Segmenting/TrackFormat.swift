import Encodings
import MP4

extension VideoFormat {
    /// The number of frames that may come before frames that are shown earlier; nil if the format does not tell.
    var reorderedFrames: Int? {
        switch coding {
        case .avc(let configuration): configuration.sequence.reorderedFrames
        case .hevc(let configuration): configuration.sequence.reorderedFrames
        case .av1, .jpeg, .mpeg4: nil
        }
    }
}

extension AudioFormat {
    /// The format of a track; nil for one that MP4 cannot hold.
    init?(_ track: AudioTrack) {
        guard track.sampleRate > 0, 1...8 ~= track.channels else { return nil }
        switch track.codec {
        case .aac:
            guard 2...0xFFFF ~= track.parameters.count else { return nil }
            self.init(
                .aac(configuration: track.parameters),
                sampleRate: track.sampleRate,
                channels: track.channels
            )
        case .mp3:
            self.init(.mp3, sampleRate: track.sampleRate, channels: track.channels)
        case .opus:
            // More channels need a mapping table, which no camera sends.
            guard track.sampleRate == 48_000, track.channels <= 2 else { return nil }
            self.init(
                .opus(preSkip: Self.preSkip(track.parameters)),
                sampleRate: track.sampleRate,
                channels: track.channels
            )
        }
    }

    /// The samples to pass over by an identification header (RFC 7845, 5.1); 0 without one, as over RTP.
    private static func preSkip(_ header: [UInt8]) -> Int {
        guard header.count >= 12, header.starts(with: "OpusHead".utf8) else { return 0 }
        return Int(header[10]) | Int(header[11]) << 8
    }
}
