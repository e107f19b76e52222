import Encodings

/// The header of a frame of MPEG audio (ISO/IEC 11172-3, 2.4.2.3, and 13818-3).
public struct MPEGAudioHeader: Hashable, Sendable {
    /// 1 to 3.
    public let layer: Int
    /// Samples per second.
    public let sampleRate: Int
    /// 1 or 2.
    public let channels: Int
    /// Samples of each channel in the frame.
    public let samples: Int
    /// The frame's bytes, header included.
    let size: Int

    /// In ticks of 90 kHz.
    var duration: Int64 { Int64(samples * 90_000 / sampleRate) }

    /// Kilobits per second of versions 1 and 2 for layers I, II and III.
    private static let rates: [[Int]] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ]
    private static let frequencies = [44_100, 48_000, 32_000]

    /// Reads the header of the first frame of a packet; nil where another part of a frame comes first.
    public init?(_ packet: RTPPacket) {
        guard packet.payload.count > 4 else { return nil }
        self.init(packet.payload.from(4))
    }

    /// Reads a header; nil if there is none, or one of a free format, whose size is not in it.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return nil }
        // Version 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5; layer 3 is I, 2 is II, 1 is III.
        let version = Int(bytes[1] >> 3 & 3)
        let layerCode = Int(bytes[1] >> 1 & 3)
        let rateIndex = Int(bytes[2] >> 4)
        let frequencyIndex = Int(bytes[2] >> 2 & 3)
        guard version != 1, layerCode != 0, (1...14).contains(rateIndex), frequencyIndex != 3 else { return nil }
        layer = 4 - layerCode
        let isFirstVersion = version == 3
        let rate = Self.rates[(isFirstVersion ? 0 : 3) + layer - 1][rateIndex] * 1000
        sampleRate = Self.frequencies[frequencyIndex] >> (isFirstVersion ? 0 : version == 2 ? 1 : 2)
        channels = bytes[3] >> 6 == 3 ? 1 : 2
        samples = layer == 1 ? 384 : layer == 3 && !isFirstVersion ? 576 : 1152
        let padding = Int(bytes[2] >> 1 & 1)
        size =
            layer == 1
            ? (12 * rate / sampleRate + padding) * 4 : samples / 8 * rate / sampleRate + padding
    }
}
