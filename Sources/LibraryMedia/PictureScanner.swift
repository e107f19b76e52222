import Glibc
import Media

/// Finds JPEG pictures in bytes that have others between them, by the pictures' own structure (ITU-T T.81, annex B).
///
/// Cameras divide their pictures in many ways, with and without lengths and boundaries, right and wrong; and a picture is complete
/// with its last byte, not with the beginning of the next. A pure value.
struct PictureScanner {
    /// A complete picture.
    struct Picture: Hashable {
        /// Where it lies.
        var range: Range<Int>
        /// Its size in pixels.
        var width: Int
        var height: Int
    }

    /// The place in a picture that comes next.
    private enum Place {
        case outside, marker, scan
    }

    private var place = Place.outside
    private var start = 0
    private var position = 0
    private var size = (width: 0, height: 0)

    /// The first byte that is still needed.
    var neededFrom: Int { place == .outside ? position : start }

    /// Takes note that bytes at the beginning are gone.
    mutating func drop(_ count: Int) {
        start -= count
        position -= count
    }

    /// Looks for the end of the next picture.
    ///
    /// - Parameter bytes: All bytes from the first that is needed; more than the last time.
    /// - Returns: The picture; nil if more bytes are needed.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> Picture? {
        while true {
            let isMoving: Bool
            switch place {
            case .outside: isMoving = findStart(bytes)
            case .marker: isMoving = passMarker(bytes)
            case .scan:
                guard let end = findEnd(bytes) else { return nil }
                if place == .scan { continue }
                guard place == .outside else { continue }
                position = end
                guard size.width > 0, size.height > 0 else { continue }
                return Picture(range: start..<end, width: size.width, height: size.height)
            }
            guard isMoving else { return nil }
        }
    }

    /// Finds the start of image and another marker after it.
    private mutating func findStart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        while let found = Self.find(0xFF, in: bytes, from: position) {
            position = found
            guard found + 2 < bytes.count else { return false }
            if bytes[found + 1] == 0xD8, bytes[found + 2] == 0xFF {
                (start, position, size) = (found, found + 2, (0, 0))
                place = .marker
                return true
            }
            position += 1
        }
        position = bytes.count
        return false
    }

    /// Passes over a marker and its segment.
    private mutating func passMarker(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard position + 1 < bytes.count else { return false }
        guard bytes[position] == 0xFF else { return give(up: position) }
        switch bytes[position + 1] {
        // Fill bytes.
        case 0xFF: position += 1
        case 0x01, 0xD0...0xD7: position += 2
        case 0xD8: return give(up: position)
        // Nothing was shown.
        case 0x00, 0xD9: return give(up: position + 2)
        case let kind:
            guard position + 8 < bytes.count else { return false }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            guard length >= 2 else { return give(up: position + 2) }
            guard position + 2 + length <= bytes.count else { return false }
            if 0xC0...0xCF ~= kind, ![0xC4, 0xC8, 0xCC].contains(kind) {
                size.height = Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
                size.width = Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
            }
            position += 2 + length
            if kind == 0xDA { place = .scan }
        }
        return true
    }

    /// Looks for the next picture from here on.
    private mutating func give(up position: Int) -> Bool {
        self.position = position
        place = .outside
        return true
    }

    /// Finds the end of coded data; returns the end of the picture, which may have more scans before.
    private mutating func findEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
        while let found = Self.find(0xFF, in: bytes, from: position) {
            position = found
            guard found + 1 < bytes.count else { return nil }
            switch bytes[found + 1] {
            case 0x00, 0x01, 0xD0...0xD7: position += 2
            case 0xFF: position += 1
            case 0xD9:
                place = .outside
                return found + 2
            // Some leave the end of image out.
            case 0xD8:
                place = .outside
                return found
            default:
                place = .marker
                return found
            }
        }
        position = bytes.count
        return nil
    }

    private static func find(_ byte: Int32, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        return memchr(base + start, byte, bytes.count - start).map { UnsafeRawPointer($0) - base }
    }
}
