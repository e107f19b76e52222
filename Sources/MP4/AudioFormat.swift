/// An audio track of a file.
public struct AudioFormat: Hashable, Sendable {
    /// Codings that a file can hold.
    public enum Coding: Hashable, Sendable {
        /// AAC with its AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
        case aac(configuration: [UInt8])
        /// MPEG-1 or MPEG-2 layer 3.
        case mp3
        /// Opus (Encapsulation of Opus in ISO Base Media File Format, 4.3.2), always at 48 kHz.
        case opus(preSkip: Int)
    }

    /// The coding.
    public var coding: Coding
    /// Samples per second, which are also the ticks of the track.
    public var sampleRate: Int
    /// Number of channels.
    public var channels: Int

    /// Creates a format.
    public init(_ coding: Coding, sampleRate: Int, channels: Int) {
        self.coding = coding
        self.sampleRate = sampleRate
        self.channels = channels
    }

    /// The name in RFC 6381's notation: `mp4a.40.2`.
    public var codec: String {
        switch coding {
        case .aac(let configuration): CodecString.aac(configuration: configuration)
        case .mp3: CodecString.mpeg4(objectType: mp3ObjectType, entry: "mp4a")
        case .opus: "opus"
        }
    }

    /// MPEG-1 layer 3, or MPEG-2 layer 3 for low rates (ISO/IEC 14496-1, table 5).
    private var mp3ObjectType: UInt8 { sampleRate < 32_000 ? 0x69 : 0x6B }

    /// Appends the sample entry (ISO/IEC 14496-12, 12.2.3).
    func appendEntry(to writer: inout BoxWriter) {
        let type: FourCharacters = if case .opus = coding { "Opus" } else { "mp4a" }
        writer.box(type) { entry in
            entry.appendZeros(6)
            entry.append(UInt16(1))
            entry.appendZeros(8)
            entry.append(UInt16(clamping: channels))
            entry.append(UInt16(16))
            entry.appendZeros(4)
            // 16.16 fixed point; rates that do not fit stand in the configuration alone.
            entry.append(sampleRate <= 0xFFFF ? UInt32(clamping: sampleRate) << 16 : 0)
            appendConfiguration(to: &entry)
        }
    }

    private func appendConfiguration(to entry: inout BoxWriter) {
        switch coding {
        case .aac(let configuration):
            entry.elementaryStream(objectType: 0x40, streamType: 5, specific: configuration)
        case .mp3:
            entry.elementaryStream(objectType: mp3ObjectType, streamType: 5, specific: [])
        case .opus(let preSkip):
            entry.box("dOps") { box in
                box.append(UInt8(0))
                box.append(UInt8(clamping: channels))
                box.append(UInt16(clamping: preSkip))
                box.append(UInt32(48_000))
                box.append(Int16(0))
                box.append(UInt8(0))
            }
        }
    }
}
