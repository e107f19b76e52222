/// A box of an ISO base media file (ISO/IEC 14496-12, 4.2) inside bytes held in memory.
///
/// Every accessor is checked against the box's end, so a lying size cannot lead outside.
struct Box {
    /// The four characters, as a big-endian number.
    let type: FourCharacters
    private let bytes: ArraySlice<UInt8>

    /// Creates a box from its content, without the header.
    init(type: FourCharacters, payload: ArraySlice<UInt8>) {
        self.type = type
        bytes = payload
    }

    /// The number of bytes of the content.
    var count: Int { bytes.count }

    /// The byte at `offset` of the content.
    func byte(_ offset: Int) -> UInt8? {
        guard offset >= 0, offset < bytes.count else { return nil }
        return bytes[bytes.startIndex + offset]
    }

    /// A big-endian number of `width` bytes at `offset`.
    func number(_ offset: Int, bytes width: Int) -> UInt64? {
        guard offset >= 0, width <= 8, offset <= bytes.count - width else { return nil }
        var result: UInt64 = 0
        for index in 0..<width { result = result << 8 | UInt64(bytes[bytes.startIndex + offset + index]) }
        return result
    }

    /// The content from `offset` on.
    func rest(from offset: Int) -> ArraySlice<UInt8> {
        offset >= 0 && offset <= bytes.count ? bytes.dropFirst(offset) : []
    }

    /// The boxes in the content from `offset` on, up to the first that does not fit.
    func children(from offset: Int = 0) -> [Box] {
        Box.parse(rest(from: offset))
    }

    /// The first child of a type.
    func child(_ type: FourCharacters, from offset: Int = 0) -> Box? {
        children(from: offset).first { $0.type == type }
    }

    /// Splits bytes into boxes.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [Box] {
        var result: [Box] = []
        var rest = bytes
        while rest.count >= 8 {
            let header = Box(type: .none, payload: rest)
            guard var size = header.number(0, bytes: 4), let type = header.number(4, bytes: 4) else { break }
            var start: UInt64 = 8
            if size == 1, let large = header.number(8, bytes: 8) {
                size = large
                start = 16
            }
            guard size >= start, size <= UInt64(rest.count) else { break }
            let end = rest.startIndex + Int(size)
            result.append(
                Box(
                    type: FourCharacters(UInt32(truncatingIfNeeded: type)),
                    payload: rest[(rest.startIndex + Int(start))..<end]
                )
            )
            rest = rest[end...]
        }
        return result
    }
}
