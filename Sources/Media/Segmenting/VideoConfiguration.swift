import Encodings
import MP4
import RTP

/// The decoder configuration of a video track: of the stream as it stands, and of the segment being written.
///
/// It also brings frames into the form that files have: NAL units with four bytes of length before each. Parameter sets that
/// stand in the init section are left out of the frames. Others stay in them, so that every frame stays decodable even where
/// the segment goes on; cameras change picture parameter sets all the time.
struct VideoConfiguration {
    /// The track as the stream stands.
    private(set) var track: VideoTrack
    private(set) var framing: NALUnits.Framing
    private var side: [UInt8]
    /// The newest set of each name, in the order in which the names first came.
    private var sets: [(name: ParameterSetName, unit: [UInt8])] = []
    /// The sets in the init section of the present segment.
    private var written: [[UInt8]] = []
    private var format: VideoFormat?
    /// True if frames of the present segment contain sets.
    private var hasSetsInBand = false
    /// The sets that stand in front of frames of the present segment, where frames come without any.
    private var inBand: [[UInt8]] = []
    /// True if a set is not in the init section of the present segment.
    private var hasUnwritten = true

    /// Sets beyond these bounds are left out; real ones have some dozens of bytes.
    private static let setBytesLimit = 4096
    private static let setsLimit = 64

    init(_ track: VideoTrack) {
        self.track = track
        side = track.parameters
        framing = NALUnits.Framing(codec: track.codec, parameters: track.parameters)
        if track.codec.hasUnits { take(Self.units(track.parameters, of: track.codec)) }
    }

    /// True if the stream needs another init section than the present segment has.
    ///
    /// Picture parameter sets do not count, nor do sets that no init section can be made of.
    var hasChanged: Bool {
        guard let present else { return false }
        return track.codec.hasUnits ? !isSequenceWritten : present != format
    }

    private var isSequenceWritten: Bool {
        let pictures: UInt8 = track.codec == .h264 ? 8 : 34
        return sets.allSatisfy { $0.name.type == pictures || written.contains($0.unit) }
    }

    /// Takes over sets that came with a frame.
    mutating func take(_ units: [[UInt8]]) {
        for unit in units where unit.count <= Self.setBytesLimit {
            guard let name = name(of: unit) else { continue }
            if let index = sets.firstIndex(where: { $0.name == name }) {
                sets[index].unit = unit
            } else if sets.count < Self.setsLimit {
                sets.append((name, unit))
            }
        }
        hasUnwritten = !sets.allSatisfy { written.contains($0.unit) }
    }

    /// Takes over the size of a frame, of a stream that has no parameter sets.
    mutating func take(_ size: FrameSize) {
        track.width = size.width
        track.height = size.height
    }

    /// Takes over parameters that came beside a packet.
    ///
    /// - Throws: `badStream` where only a new connection can tell what the stream is now.
    mutating func take(beside parameters: [UInt8]?) throws(MediaError) {
        guard let parameters, parameters != side else { return }
        let units = track.codec.hasUnits ? Self.units(parameters, of: track.codec) : []
        guard !units.isEmpty else {
            throw MediaError(.badStream, "the camera changed its video format; connecting again")
        }
        side = parameters
        framing = NALUnits.Framing(codec: track.codec, parameters: parameters)
        take(units)
    }

    /// The format with which a segment would begin now; nil while the stream has not shown it.
    var present: VideoFormat? {
        let units = sets.map(\.unit)
        switch track.codec {
        case .h264: return AVCConfiguration(units: units).map { VideoFormat($0) }
        case .h265: return HEVCConfiguration(units: units).map { VideoFormat($0) }
        case .av1:
            // The marker bit and version 1 (AV1 Codec ISO Media File Format Binding, 2.3.3).
            guard track.parameters.first == 0x81, 4...0xFFFF ~= track.parameters.count else { return nil }
            return VideoFormat(.av1(record: track.parameters), width: track.width, height: track.height)
        case .mjpeg:
            guard track.width > 0, track.height > 0 else { return nil }
            return VideoFormat(.jpeg, width: track.width, height: track.height)
        case .mpeg4:
            let information = Array(track.parameters.prefix(0xFFFF))
            return VideoFormat(.mpeg4(decoderInformation: information), width: track.width, height: track.height)
        }
    }

    /// Begins a segment with the present format, or with the last one that made sense.
    mutating func beginSegment() -> VideoFormat? {
        hasSetsInBand = false
        inBand = []
        let units = sets.map(\.unit)
        if units == written, track.codec.hasUnits, let format { return format }
        guard let now = present else { return format }
        format = now
        written = units
        hasUnwritten = false
        guard track.codec.hasUnits else { return now }
        track.width = now.width
        track.height = now.height
        track.parameters = framing == .annexB ? units.flatMap { [0, 0, 0, 1] + $0 } : side
        return now
    }

    /// Appends a frame in the form that files have.
    ///
    /// - Parameters:
    ///   - bytes: The frame as the source has it.
    ///   - isStart: True if decoding can start with it.
    ///   - buffer: Where it goes.
    mutating func append(_ bytes: UnsafeRawBufferPointer, isStart: Bool, to buffer: ByteBuffer) {
        guard track.codec.hasUnits else { return buffer.append(bytes) }
        // A segment that goes on across a change has no other place for sets that came beside the frames.
        if isStart, framing != .annexB, !isSequenceWritten {
            hasSetsInBand = true
            for set in sets { Self.append(set.unit, to: buffer) }
        }
        var position = 0
        while let unit = NALUnits.next(in: bytes, from: &position, framing: framing) {
            guard let header = unit.first else { continue }
            switch NALUnits.Kind(header, codec: track.codec) {
            case .padding: continue
            case .parameters:
                if !hasSetsInBand, written.contains(where: { $0.elementsEqual(unit) }) { continue }
                hasSetsInBand = true
                if !isStart { take([Array(unit)]) }
            case .slice, .other: break
            }
            buffer.append(bigEndian: UInt32(clamping: unit.count))
            buffer.append(unit)
        }
    }

    /// Returns true if the frame that begins now needs parameter sets in front of it.
    ///
    /// Once a frame of the segment had some, they replaced those of the init section in a decoder: also a camera that goes
    /// back to the latter needs them in band from then on, at each start.
    func needsSetsInBand(isStart: Bool) -> Bool {
        inBand.isEmpty ? hasUnwritten : isStart || sets.map(\.unit) != inBand
    }

    /// Appends the sets as they stand now.
    mutating func appendSets(to buffer: ByteBuffer) {
        inBand = sets.map(\.unit)
        for unit in inBand { Self.append(unit, to: buffer) }
    }

    private static func append(_ unit: [UInt8], to buffer: ByteBuffer) {
        buffer.append(bigEndian: UInt32(clamping: unit.count))
        buffer.append(unit)
    }

    private func name(of unit: [UInt8]) -> ParameterSetName? {
        unit.withUnsafeBytes { track.codec == .h264 ? ParameterSetName(avc: $0) : ParameterSetName(hevc: $0) }
    }

    /// The sets in a configuration record, or in Annex B.
    private static func units(_ parameters: [UInt8], of codec: VideoCodec) -> [[UInt8]] {
        guard NALUnits.Framing(codec: codec, parameters: parameters) != .annexB else {
            return NALUnits.units(in: parameters, framing: .annexB)
        }
        return codec == .h264
            ? AVCConfiguration.units(inRecord: parameters) : HEVCConfiguration.units(inRecord: parameters)
    }
}
