import Encodings

/// Writes a message between this process and `observer-media`: a length of four bytes, a kind, then the parts.
///
/// The length counts what follows it. Numbers have their most significant byte first; texts and arrays have a length of four bytes.
struct MessageWriter {
    private var bytes: [UInt8] = [0, 0, 0, 0]
    private var following = 0

    mutating func begin(_ kind: UInt8) {
        bytes.append(kind)
    }

    /// Takes note of bytes that the message ends with and that are sent after it.
    mutating func end(before count: Int) {
        following = count
    }

    mutating func write(_ number: some FixedWidthInteger & BitwiseCopyable) {
        bytes.append(bigEndian: number)
    }

    mutating func write(_ flag: Bool) {
        bytes.append(flag ? 1 : 0)
    }

    mutating func write(_ fraction: Double) {
        bytes.append(bigEndian: fraction.bitPattern)
    }

    mutating func write(_ array: [UInt8]) {
        bytes.append(bigEndian: UInt32(clamping: array.count))
        bytes += array
    }

    mutating func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// A time of which nothing may be known.
    mutating func write(_ time: Int64?) {
        bytes.append(bigEndian: time ?? .min)
    }

    mutating func write<Choice: CaseIterable & Equatable>(_ choice: Choice) {
        let index = Choice.allCases.enumerated().first { $0.element == choice }?.offset ?? 0
        bytes.append(UInt8(clamping: index))
    }

    /// The message.
    var finished: [UInt8] {
        var result = bytes
        var length: [UInt8] = []
        length.append(bigEndian: UInt32(clamping: bytes.count - 4 + following))
        result.replaceSubrange(0..<4, with: length)
        return result
    }
}
