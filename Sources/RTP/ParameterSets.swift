public import Encodings

/// The kind of a parameter set of H.264 or H.265.
public enum ParameterSetKind: UInt8, Hashable, Sendable {
    /// VPS, only in H.265.
    case video
    /// SPS.
    case sequence
    /// PPS.
    case picture
}

/// Several kinds of parameter sets.
public struct ParameterSetKinds: OptionSet, Hashable, Sendable {
    /// One bit per kind.
    public let rawValue: UInt8

    /// Creates the set of kinds whose bits are set.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// VPS, only in H.265.
    public static let video = ParameterSetKinds(.video)
    /// SPS.
    public static let sequence = ParameterSetKinds(.sequence)
    /// PPS; cameras may change them all the time.
    public static let picture = ParameterSetKinds(.picture)

    /// Creates the set of one kind.
    public init(_ kind: ParameterSetKind) {
        rawValue = 1 << kind.rawValue
    }
}

/// A parameter set as it came: a NAL unit with its header, without length or start code.
public struct ParameterSet: Hashable, Sendable {
    /// The identifier by which slices and other sets refer to it.
    public let id: Int
    /// The whole NAL unit.
    public let bytes: [UInt8]
    /// Bits that the slice headers have in addition (H.265, 7.3.2.3: num_extra_slice_header_bits).
    let extraSliceBits: Int
}

/// The newest parameter set of each kind and identifier.
public struct ParameterSets: Hashable, Sendable {
    /// VPS, in the order in which their identifiers first came.
    public private(set) var video: [ParameterSet] = []
    /// SPS, in the order in which their identifiers first came.
    public private(set) var sequence: [ParameterSet] = []
    /// PPS, in the order in which their identifiers first came.
    public private(set) var picture: [ParameterSet] = []

    /// The most sets of one kind: what a configuration record of ISO/IEC 14496-15 has room for.
    static let most = 31

    /// Creates an empty collection.
    public init() {}

    /// The sets of one kind.
    public subscript(kind: ParameterSetKind) -> [ParameterSet] {
        switch kind {
        case .video: video
        case .sequence: sequence
        case .picture: picture
        }
    }

    /// Appends all sets with their lengths, as units of a frame: right after `began` it makes a frame decodable alone.
    public func append(to buffer: ByteBuffer) {
        for sets in [video, sequence, picture] {
            for set in sets {
                buffer.append(bigEndian: UInt32(truncatingIfNeeded: set.bytes.count))
                buffer.append(set.bytes)
            }
        }
    }

    /// Takes a set in; returns true if it is new or its bytes have changed, nil if there are too many.
    mutating func insert(
        _ bytes: UnsafeRawBufferPointer,
        kind: ParameterSetKind,
        id: Int,
        extraSliceBits: Int
    ) -> Bool? {
        let sets = self[kind]
        let index = sets.firstIndex { $0.id == id }
        if let index, sets[index].bytes.elementsEqual(bytes) { return false }
        guard index != nil || sets.count < Self.most else { return nil }
        let set = ParameterSet(id: id, bytes: Array(bytes), extraSliceBits: extraSliceBits)
        switch kind {
        case .video: Self.replace(&video, at: index, by: set)
        case .sequence: Self.replace(&sequence, at: index, by: set)
        case .picture: Self.replace(&picture, at: index, by: set)
        }
        return true
    }

    private static func replace(_ sets: inout [ParameterSet], at index: Int?, by set: ParameterSet) {
        if let index { sets[index] = set } else { sets.append(set) }
    }
}
