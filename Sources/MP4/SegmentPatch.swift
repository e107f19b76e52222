import Encodings

/// The changes with which a segment becomes a part of a longer file; each keeps its length and can be undone.
///
/// The types of `ftyp` and `moov` become `free`; numbers of fragments and times are moved.
public struct SegmentPatch: Hashable, Sendable {
    /// The amount that is added to the number of each fragment.
    public var number: UInt32
    /// The amount that is added to the times of the video track, in its ticks.
    public var videoTicks: Int64
    /// The amount that is added to the times of the audio track, in its ticks.
    public var audioTicks: Int64
    /// True if the changes are taken back.
    public private(set) var isUndoing = false

    /// Creates the changes.
    public init(number: UInt32, videoTicks: Int64, audioTicks: Int64) {
        self.number = number
        self.videoTicks = videoTicks
        self.audioTicks = audioTicks
    }

    /// The changes that take these back.
    public var undone: SegmentPatch {
        var other = SegmentPatch(number: 0 &- number, videoTicks: 0 &- videoTicks, audioTicks: 0 &- audioTicks)
        other.isUndoing = !isUndoing
        return other
    }

    func ticks(of track: UInt32) -> Int64? {
        switch track {
        case InitSection.videoTrack: videoTicks
        case InitSection.audioTrack: audioTicks
        default: nil
        }
    }

    /// Moves the times and the number in a whole `moof` box (ISO/IEC 14496-12, 8.8.4).
    ///
    /// - Throws: ``MP4Error`` of kind `badFragment` where a needed box is missing or has no room for the time.
    public func apply(toFragment bytes: inout [UInt8]) throws(MP4Error) {
        for child in try Self.boxes(bytes, in: 8..<bytes.count) {
            switch child.type {
            case "mfhd":
                guard child.range.count >= 16, let old = bytes.bigEndian(UInt32.self, at: child.range.lowerBound + 12)
                else { throw Self.bad("mfhd") }
                Self.write(UInt64(old &+ number), bytes: 4, to: &bytes, at: child.range.lowerBound + 12)
            case "traf": try move(trackIn: child.range, of: &bytes)
            default: continue
            }
        }
    }

    private func move(trackIn range: Range<Int>, of bytes: inout [UInt8]) throws(MP4Error) {
        var track: UInt32?
        for child in try Self.boxes(bytes, in: range.lowerBound + 8..<range.upperBound) {
            let start = child.range.lowerBound
            if child.type == "tfhd", child.range.count >= 16 { track = bytes.bigEndian(UInt32.self, at: start + 12) }
            guard child.type == "tfdt" else { continue }
            // tfhd comes first (8.8.6).
            guard let track, let ticks = ticks(of: track), bytes.indices.contains(start + 15) else {
                throw Self.bad("tfdt")
            }
            if bytes[start + 8] == 1 {
                guard child.range.count >= 20, let old = bytes.bigEndian(UInt64.self, at: start + 12) else {
                    throw Self.bad("tfdt")
                }
                Self.write(old &+ UInt64(bitPattern: ticks), bytes: 8, to: &bytes, at: start + 12)
            } else {
                let old = Int64(bytes.bigEndian(UInt32.self, at: start + 12) ?? 0)
                guard let new = UInt32(exactly: old &+ ticks) else { throw Self.bad("tfdt") }
                Self.write(UInt64(new), bytes: 4, to: &bytes, at: start + 12)
            }
        }
    }

    /// Moves the media time in a whole `prft` box (8.16.5).
    func apply(toReferenceTime bytes: inout [UInt8]) throws(MP4Error) {
        guard bytes.count >= 28, let track = bytes.bigEndian(UInt32.self, at: 12), let ticks = ticks(of: track) else {
            throw Self.bad("prft")
        }
        if bytes[8] == 1 {
            guard bytes.count >= 32, let old = bytes.bigEndian(UInt64.self, at: 24) else { throw Self.bad("prft") }
            Self.write(old &+ UInt64(bitPattern: ticks), bytes: 8, to: &bytes, at: 24)
        } else {
            let old = bytes.bigEndian(UInt32.self, at: 24) ?? 0
            Self.write(UInt64(old &+ UInt32(truncatingIfNeeded: ticks)), bytes: 4, to: &bytes, at: 24)
        }
    }

    private static func bad(_ name: StaticString) -> MP4Error {
        MP4Error(.badFragment, "the box \(name) of a fragment is missing or too short")
    }

    /// The boxes in a range, without those that do not fit, which there must be none of.
    private static func boxes(
        _ bytes: [UInt8],
        in range: Range<Int>
    ) throws(MP4Error) -> [(type: FourCharacters, range: Range<Int>)] {
        var result: [(type: FourCharacters, range: Range<Int>)] = []
        var place = range.lowerBound
        while place < range.upperBound {
            guard let size = bytes.bigEndian(UInt32.self, at: place),
                let type = bytes.bigEndian(UInt32.self, at: place + 4),
                size >= 8, Int(size) <= range.upperBound - place
            else { throw MP4Error(.badFragment, "a box does not fit into the one around it") }
            result.append((FourCharacters(type), place..<place + Int(size)))
            place += Int(size)
        }
        return result
    }

    static func write(_ number: UInt64, bytes width: Int, to bytes: inout [UInt8], at place: Int) {
        for index in 0..<width {
            bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * (width - 1 - index)))
        }
    }
}

extension [UInt8] {
    /// Reads a number at a place with its most significant byte first; nil unless it lies within the bytes.
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, at offset: Int) -> Number? {
        withUnsafeBytes { $0.bigEndian(type, at: offset) }
    }
}
