/// A video track of a file: the coding with its decoder configuration, and the frame size.
public struct VideoFormat: Hashable, Sendable {
    /// Codings that a file can hold.
    public enum Coding: Hashable, Sendable {
        /// H.264 (ISO/IEC 14496-15, 5).
        case avc(AVCConfiguration)
        /// H.265 (ISO/IEC 14496-15, 8), under the name `hvc1`: Apple's players take no other.
        case hevc(HEVCConfiguration)
        /// AV1, with its `av1C` record (AV1 Codec ISO Media File Format Binding, 2.3).
        case av1(record: [UInt8])
        /// Motion JPEG, object type 0x6C of ISO/IEC 14496-1.
        case jpeg
        /// MPEG-4 part 2, object type 0x20, with its visual object sequence.
        case mpeg4(decoderInformation: [UInt8])
    }

    /// The coding.
    public var coding: Coding
    /// Width in pixels, 1 to 65535.
    public var width: Int
    /// Height in pixels, 1 to 65535.
    public var height: Int

    /// Creates a format whose size is known from elsewhere.
    public init(_ coding: Coding, width: Int, height: Int) {
        self.coding = coding
        self.width = width
        self.height = height
    }

    /// Creates the format of an H.264 track; its size is that of the parameter sets.
    public init(_ configuration: AVCConfiguration) {
        self.init(.avc(configuration), width: configuration.sequence.width, height: configuration.sequence.height)
    }

    /// Creates the format of an H.265 track; its size is that of the parameter sets.
    public init(_ configuration: HEVCConfiguration) {
        self.init(.hevc(configuration), width: configuration.sequence.width, height: configuration.sequence.height)
    }

    /// The name in RFC 6381's notation: `avc1.64001f`.
    public var codec: String {
        switch coding {
        case .avc(let configuration): CodecString.avc(record: configuration.record)
        case .hevc(let configuration): CodecString.hevc(record: configuration.record)
        case .av1(let record): CodecString.av1(record: record)
        case .jpeg: CodecString.mpeg4(objectType: Self.jpegObjectType, entry: "mp4v")
        case .mpeg4: CodecString.mpeg4(objectType: Self.mpeg4ObjectType, entry: "mp4v")
        }
    }

    /// The configuration that a decoder needs for samples as they lie in the file.
    public var decoderParameters: [UInt8] {
        switch coding {
        case .avc(let configuration): configuration.record
        case .hevc(let configuration): configuration.record
        case .av1(let record): record
        case .jpeg: []
        case .mpeg4(let information): information
        }
    }

    /// Object types of ISO/IEC 14496-1, table 5.
    private static let jpegObjectType: UInt8 = 0x6C
    private static let mpeg4ObjectType: UInt8 = 0x20

    /// Appends the sample entry (ISO/IEC 14496-12, 12.1.3).
    func appendEntry(to writer: inout BoxWriter) {
        writer.box(entryType) { entry in
            entry.appendZeros(6)
            entry.append(UInt16(1))
            entry.appendZeros(16)
            entry.append(UInt16(clamping: width))
            entry.append(UInt16(clamping: height))
            // 72 dpi, both ways, and one frame per sample, as the format demands.
            entry.append(UInt32(0x0048_0000))
            entry.append(UInt32(0x0048_0000))
            entry.appendZeros(4)
            entry.append(UInt16(1))
            entry.appendZeros(32)
            entry.append(UInt16(0x18))
            entry.append(UInt16(0xFFFF))
            appendConfiguration(to: &entry)
        }
    }

    private var entryType: FourCharacters {
        switch coding {
        case .avc: "avc1"
        case .hevc: "hvc1"
        case .av1: "av01"
        case .jpeg, .mpeg4: "mp4v"
        }
    }

    private func appendConfiguration(to entry: inout BoxWriter) {
        switch coding {
        case .avc(let configuration): entry.box("avcC") { $0.append(configuration.record) }
        case .hevc(let configuration): entry.box("hvcC") { $0.append(configuration.record) }
        case .av1(let record): entry.box("av1C") { $0.append(record) }
        case .jpeg: entry.elementaryStream(objectType: Self.jpegObjectType, streamType: 4, specific: [])
        case .mpeg4(let information):
            entry.elementaryStream(objectType: Self.mpeg4ObjectType, streamType: 4, specific: information)
        }
    }
}
