import Encodings

/// Reads the parts of a message; each returns nil where there is none, or where it lies beyond its bounds.
struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        guard let number = bytes.bigEndian(type, at: position) else { return nil }
        position += MemoryLayout<Number>.size
        return number
    }

    mutating func flag() -> Bool? {
        switch number(UInt8.self) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    mutating func fraction() -> Double? {
        number(UInt64.self).map { Double(bitPattern: $0) }.flatMap { $0.isFinite ? $0 : nil }
    }

    /// A time, or that nothing is known of it.
    mutating func time() -> (value: Int64?, Void)? {
        guard let time = number(Int64.self) else { return nil }
        guard time != .min else { return (nil, ()) }
        return MediaPacket.bounded(time).map { ($0, ()) }
    }

    mutating func count(_ range: ClosedRange<Int>) -> Int? {
        number(Int64.self).flatMap { range.contains(Int($0)) ? Int($0) : nil }
    }

    mutating func choice<Choice: CaseIterable>(_ type: Choice.Type) -> Choice? {
        guard let index = number(UInt8.self), index < Choice.allCases.count else { return nil }
        return Choice.allCases.dropFirst(Int(index)).first
    }

    mutating func array(limit: Int) -> [UInt8]? {
        piece(limit: limit).map { Array($0) }
    }

    /// A text of one line; what is no text in it becomes visible.
    mutating func text(limit: Int) -> String? {
        guard let piece = piece(limit: limit) else { return nil }
        let text = String(decoding: piece, as: UTF8.self)
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
            )
        )
    }

    /// All that is left.
    mutating func rest(limit: Int) -> UnsafeRawBufferPointer? {
        guard bytes.count - position <= limit else { return nil }
        defer { position = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[position...])
    }

    private mutating func piece(limit: Int) -> UnsafeRawBufferPointer? {
        guard let count = number(UInt32.self), count <= limit, Int(count) <= bytes.count - position else { return nil }
        defer { position += Int(count) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(count)])
    }
}
