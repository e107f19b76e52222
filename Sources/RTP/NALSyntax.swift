import Encodings

/// A NAL unit, or a fragment of one, as a payload contains it.
struct NALFragment {
    /// The header of the whole unit: one byte in H.264, two in H.265.
    var header: UInt16
    /// The bytes behind the header, or the next of them.
    var body: UnsafeRawBufferPointer
    /// The first fragment, or the whole.
    var isStart = true
    /// The last fragment, or the whole.
    var isEnd = true
}

/// The meaning of a NAL unit for the frame it is part of.
enum NALRole: Equatable {
    /// A part of a picture.
    case slice(SliceFacts)
    /// Kept apart from frames.
    case parameterSet(ParameterSetKind)
    /// Supplemental information in front of a picture, kept in the frame.
    case supplement
    /// Supplemental information behind a picture, kept in the frame.
    case suffix
    /// Of no use in a recording.
    case ignored
    /// Not allowed here.
    case invalid

    var isSlice: Bool {
        if case .slice = self { true } else { false }
    }
}

/// The facts in the first bytes of a slice.
struct SliceFacts: Equatable {
    /// The kind of a frame that consists of such slices.
    var kind: FrameKind
    /// The first slice of its picture.
    var startsPicture: Bool
}

/// The next part of a payload.
enum NALPayloadPart {
    /// A unit or a fragment, and the offset of what follows it.
    case fragment(NALFragment, end: Int)
    /// A start code, which has no place here, and the offset of the unit behind it.
    case startCode(end: Int)
    case malformed
    case end
}

/// The differences between H.264 and H.265, as far as frames are put together from units.
protocol NALSyntax: Sendable {
    /// The bytes of a unit's header.
    static var headerLength: Int { get }
    /// True if two pictures, the fields of an interlaced frame, may share one timestamp.
    static var pairsFields: Bool { get }

    /// Reads the part of a payload that begins at `offset`, which is 0 at first.
    static func read(_ payload: UnsafeRawBufferPointer, at offset: Int, hasDecodingOrder: Bool) -> NALPayloadPart

    /// Judges a unit by its header alone, or together with what is there of its body.
    static func role(of unit: NALFragment, sets: ParameterSets) -> NALRole

    /// Returns a parameter set's identifier, and for a PPS the number of extra bits in slice headers.
    static func identify(_ kind: ParameterSetKind, body: UnsafeRawBufferPointer) -> (id: Int, extraSliceBits: Int)?
}

/// Units with start codes, and messages inside units, which H.264 and H.265 have in common.
enum NALBytes {
    /// Returns the place behind a start code that begins the payload, as some cameras send it.
    static func leadingStartCode(in payload: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index < payload.count, payload[index] == 0 { index += 1 }
        return index >= 2 && index < payload.count && payload[index] == 1 ? index + 1 : nil
    }

    /// True if a recovery point is among the messages (H.264, D.1.8; H.265, D.2.8: payload type 6 in both).
    static func hasRecoveryPoint(_ body: UnsafeRawBufferPointer) -> Bool {
        var reader = SupplementReader(rest: body.prefix(65_536))
        while let type = reader.number(), let size = reader.number() {
            if type == 6 { return size > 0 && reader.byte() != nil }
            guard reader.skip(size) else { return false }
        }
        return false
    }

    /// The bytes of supplemental messages, without those that prevent the emulation of start codes.
    private struct SupplementReader {
        var rest: Slice<UnsafeRawBufferPointer>
        var zeros = 0

        mutating func byte() -> UInt8? {
            if zeros >= 2, rest.first == 3 {
                rest.removeFirst()
                zeros = 0
            }
            // The last byte holds the stop bit.
            guard rest.count > 1, let byte = rest.popFirst() else { return nil }
            zeros = byte == 0 ? zeros + 1 : 0
            return byte
        }

        /// Reads a number that is coded as a row of 255s and a rest.
        mutating func number() -> Int? {
            var value = 0
            while let byte = byte() {
                value += Int(byte)
                if byte != 255 { return value }
            }
            return nil
        }

        mutating func skip(_ count: Int) -> Bool {
            guard count <= rest.count else { return false }
            for _ in 0..<count where byte() == nil { return false }
            return true
        }
    }
}

/// Units behind a start code inside another unit, kept until they are taken.
struct AnnexBSpill: Sendable {
    private var bytes: ByteBuffer?
    private var offset = 0

    var isEmpty: Bool { bytes.map { offset >= $0.count } ?? true }

    /// Takes the bytes behind a start code.
    mutating func fill(_ rest: UnsafeRawBufferPointer) {
        let buffer = bytes ?? ByteBuffer(capacity: max(rest.count, 1024))
        buffer.removeAll()
        buffer.append(rest)
        bytes = buffer
        offset = 0
    }

    /// The next unit, without start code and zeros behind it, and the offset of what follows it.
    ///
    /// The bytes stay in place until `fill` is called.
    func next() -> (unit: UnsafeRawBufferPointer, end: Int)? {
        guard let all = bytes?.bytes, offset < all.count else { return nil }
        let code = all.startCode(from: offset)
        var end = code ?? all.count
        while end > offset, all[end - 1] == 0 { end -= 1 }
        return (UnsafeRawBufferPointer(rebasing: all[offset..<end]), code.map { $0 + 3 } ?? all.count)
    }

    mutating func advance(to end: Int) {
        offset = end
    }

    mutating func removeAll() {
        bytes?.removeAll()
        offset = 0
    }
}
