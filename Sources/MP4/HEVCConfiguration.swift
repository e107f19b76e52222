import Encodings

/// The decoder configuration of an H.265 track: its parameter sets (ISO/IEC 14496-15, 8.3.3.1).
public struct HEVCConfiguration: Hashable, Sendable {
    /// Video parameter sets, NAL units with their header.
    public let videoSets: [[UInt8]]
    /// Sequence parameter sets, NAL units with their header.
    public let sequenceSets: [[UInt8]]
    /// Picture parameter sets, NAL units with their header.
    public let pictureSets: [[UInt8]]
    /// The facts of the first sequence parameter set.
    public let sequence: HEVCSequence

    /// Creates a configuration; nil without a sequence set that can be read, or without a video or picture set.
    public init?(videoSets: [[UInt8]], sequenceSets: [[UInt8]], pictureSets: [[UInt8]]) {
        guard let first = sequenceSets.first, let sequence = HEVCSequence(unit: first), !videoSets.isEmpty,
            !pictureSets.isEmpty, sequenceSets.count <= 31, videoSets.count <= 31, pictureSets.count <= 255,
            (videoSets + sequenceSets + pictureSets).allSatisfy({ !$0.isEmpty && $0.count <= 0xFFFF })
        else { return nil }
        self.videoSets = videoSets
        self.sequenceSets = sequenceSets
        self.pictureSets = pictureSets
        self.sequence = sequence
    }

    /// Creates a configuration from NAL units of any kind, of which others than parameter sets are left out.
    public init?(units: [[UInt8]]) {
        // Sets of further layers are for decoders that know these layers.
        let base = units.filter { $0.count >= 2 && $0[0] & 1 == 0 && $0[1] & 0xF8 == 0 }
        func sets(_ type: UInt8) -> [[UInt8]] { base.filter { $0[0] >> 1 & 0x3F == type } }
        self.init(videoSets: sets(32), sequenceSets: sets(33), pictureSets: sets(34))
    }

    /// Reads an `hvcC` record; nil if it is cut or makes no sense.
    public init?(record: [UInt8]) {
        self.init(units: Self.units(inRecord: record))
    }

    /// The NAL units in an `hvcC` record: parameter sets, and perhaps messages; empty if it is cut.
    public static func units(inRecord record: [UInt8]) -> [[UInt8]] {
        var reader = BigEndianReader(record)
        guard reader.skip(22), let arrays = reader.read(UInt8.self) else { return [] }
        var units: [[UInt8]] = []
        for _ in 0..<arrays {
            guard reader.skip(1), let count = reader.read(UInt16.self), count <= 255 else { return [] }
            for _ in 0..<count {
                guard let length = reader.read(UInt16.self), let unit = reader.take(length) else { return [] }
                units.append(Array(unit))
            }
        }
        return units
    }

    /// The content of the `hvcC` box; lengths in samples have four bytes.
    public var record: [UInt8] {
        var bytes: [UInt8] = [1] + sequence.profileTierLevel
        // No minimum of spatial segmentation, no kind of parallelism is promised.
        bytes += [0xF0, 0x00, 0xFC, 0xFC | sequence.chromaFormat]
        bytes += [0xF8 | sequence.extraLumaBits & 7, 0xF8 | sequence.extraChromaBits & 7, 0, 0]
        bytes.append(sequence.temporalLayers << 3 | (sequence.isNested ? 4 : 0) | 3)
        bytes.append(3)
        // All sets of a kind are here and none in the samples: array_completeness.
        for (type, sets) in [(UInt8(32), videoSets), (33, sequenceSets), (34, pictureSets)] {
            bytes.append(0x80 | type)
            bytes.append(bigEndian: UInt16(truncatingIfNeeded: sets.count))
            for set in sets {
                bytes.append(bigEndian: UInt16(truncatingIfNeeded: set.count))
                bytes += set
            }
        }
        return bytes
    }
}
