/// The index at the head of a file (`sidx`, ISO/IEC 14496-12, 8.16.3): where each stretch begins, so that a player can go to any
/// time without reading what lies before.
public enum SegmentReferences {
    /// A stretch of the file.
    public struct Reference: Hashable, Sendable {
        /// Its length in bytes.
        public var bytes: Int64
        /// Its length in 1/90000 s.
        public var duration: Int64

        /// Creates one.
        public init(bytes: Int64, duration: Int64) {
            self.bytes = bytes
            self.duration = duration
        }
    }

    /// The most references of one box, whose count has 16 bits.
    private static let countLimit = 60_000

    /// Creates the box; it is empty where a stretch is too long for its numbers.
    ///
    /// - Parameters:
    ///   - references: The stretches, each of which begins with a key frame, one after the other.
    ///   - offset: The bytes between the box and the first of them.
    ///   - firstPresentation: The presentation time of the first frame, in 1/90000 s.
    /// - Returns: The bytes.
    public static func box(_ references: [Reference], after offset: Int64, firstPresentation: Int64) -> [UInt8] {
        let group = (references.count + countLimit - 1) / countLimit
        let joined = stride(from: 0, to: references.count, by: max(group, 1)).map { start in
            references[start..<min(start + group, references.count)].reduce(Reference(bytes: 0, duration: 0)) {
                Reference(bytes: $0.bytes + $1.bytes, duration: $0.duration + $1.duration)
            }
        }
        guard joined.allSatisfy({ 0..<1 << 31 ~= $0.bytes && 0..<1 << 32 ~= $0.duration }) else { return [] }
        var writer = BoxWriter(capacity: 64 + 12 * joined.count)
        writer.fullBox("sidx", version: 1) { box in
            box.append(InitSection.videoTrack)
            box.append(InitSection.videoTimescale)
            box.append(UInt64(max(firstPresentation, 0)))
            box.append(UInt64(max(offset, 0)))
            box.append(UInt16(0))
            box.append(UInt16(clamping: joined.count))
            for reference in joined {
                box.append(UInt32(clamping: reference.bytes))
                box.append(UInt32(clamping: reference.duration))
                // Begins with a sync sample of type 1, at its start.
                box.append(UInt32(0x9000_0000))
            }
        }
        return writer.bytes
    }

    /// Creates a `uuid` box (ISO/IEC 14496-12, 4.2).
    public static func box(_ identifier: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var writer = BoxWriter(capacity: content.count + 32)
        writer.box("uuid") { box in
            box.append(identifier)
            box.append(content)
        }
        return writer.bytes
    }
}
