import Encodings

/// The decoder configuration of an H.264 track: its parameter sets (ISO/IEC 14496-15, 5.3.3.1).
public struct AVCConfiguration: Hashable, Sendable {
    /// Sequence parameter sets, NAL units with their header.
    public let sequenceSets: [[UInt8]]
    /// Picture parameter sets, NAL units with their header.
    public let pictureSets: [[UInt8]]
    /// The facts of the first sequence parameter set.
    public let sequence: AVCSequence

    /// Creates a configuration; nil without a sequence set that can be read, or without a picture set.
    public init?(sequenceSets: [[UInt8]], pictureSets: [[UInt8]]) {
        guard let first = sequenceSets.first, let sequence = AVCSequence(unit: first), !pictureSets.isEmpty,
            sequenceSets.count <= 31, pictureSets.count <= 255,
            (sequenceSets + pictureSets).allSatisfy({ !$0.isEmpty && $0.count <= 0xFFFF })
        else { return nil }
        self.sequenceSets = sequenceSets
        self.pictureSets = pictureSets
        self.sequence = sequence
    }

    /// Creates a configuration from NAL units of any kind, of which others than parameter sets are left out.
    public init?(units: [[UInt8]]) {
        func sets(_ type: UInt8) -> [[UInt8]] { units.filter { ($0.first ?? 0) & 0x1F == type } }
        self.init(sequenceSets: sets(7), pictureSets: sets(8))
    }

    /// Reads an `avcC` record; nil if it is cut or makes no sense.
    public init?(record: [UInt8]) {
        self.init(units: Self.units(inRecord: record))
    }

    /// The parameter sets in an `avcC` record; empty if it is cut.
    public static func units(inRecord record: [UInt8]) -> [[UInt8]] {
        var reader = BigEndianReader(record)
        guard reader.skip(5), let sequences = reader.read(UInt8.self) else { return [] }
        var units: [[UInt8]] = []
        func take(_ count: UInt8) -> Bool {
            for _ in 0..<count {
                guard let length = reader.read(UInt16.self), let unit = reader.take(length) else { return false }
                units.append(Array(unit))
            }
            return true
        }
        guard take(sequences & 0x1F), let pictures = reader.read(UInt8.self), take(pictures) else { return [] }
        return units
    }

    /// The content of the `avcC` box; lengths in samples have four bytes.
    public var record: [UInt8] {
        var bytes: [UInt8] = [1, sequence.profile, sequence.constraints, sequence.level, 0xFF]
        bytes.append(0xE0 | UInt8(truncatingIfNeeded: sequenceSets.count))
        for set in sequenceSets { Self.append(set, to: &bytes) }
        bytes.append(UInt8(truncatingIfNeeded: pictureSets.count))
        for set in pictureSets { Self.append(set, to: &bytes) }
        if ![66, 77, 88].contains(sequence.profile) {
            bytes += [0xFC | sequence.chromaFormat, 0xF8 | sequence.extraLumaBits & 7]
            bytes += [0xF8 | sequence.extraChromaBits & 7, 0]
        }
        return bytes
    }

    private static func append(_ set: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: set.count))
        bytes += set
    }
}
