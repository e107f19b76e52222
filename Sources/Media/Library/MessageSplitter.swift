import Encodings

/// Finds the messages in the bytes of a stream, however these are cut.
///
/// Holds no more than one message that is not complete.
public struct MessageSplitter: Sendable {
    private let limit: Int
    private var held: ByteBuffer
    /// Memory beyond this is given back once the message that needed it is read.
    private static let kept = 1 << 20

    /// Creates a splitter of messages of at most `limit` bytes.
    public init(limit: Int) {
        self.limit = limit
        held = ByteBuffer(capacity: 64, limit: limit + 4)
    }

    /// Passes each complete message to `body`, without its length.
    ///
    /// - Returns: False for bytes that are no messages; then nothing more can be read.
    public mutating func take<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            if held.isEmpty, rest.count >= 4 {
                guard let length = Self.length(UnsafeRawBufferPointer(rebasing: rest), limit) else { return false }
                if rest.count >= 4 + length {
                    try body(UnsafeRawBufferPointer(rebasing: rest.dropFirst(4).prefix(length)))
                    rest = rest.dropFirst(4 + length)
                    continue
                }
            }
            guard try hold(&rest, body) else { return false }
        }
        return true
    }

    /// Adds to the message that is not complete, and passes it on once it is.
    private mutating func hold<Failure: Error>(
        _ rest: inout Slice<UnsafeRawBufferPointer>,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        move(&rest, upTo: 4)
        guard held.count >= 4 else { return true }
        guard let length = Self.length(held.bytes, limit) else { return false }
        move(&rest, upTo: 4 + length)
        guard held.count == 4 + length else { return true }
        defer {
            if held.capacity > Self.kept { held = ByteBuffer(capacity: 64, limit: limit + 4) } else { held.removeAll() }
        }
        try body(UnsafeRawBufferPointer(rebasing: held.bytes.dropFirst(4)))
        return true
    }

    private mutating func move(_ rest: inout Slice<UnsafeRawBufferPointer>, upTo count: Int) {
        let piece = rest.prefix(max(count - held.count, 0))
        held.append(UnsafeRawBufferPointer(rebasing: piece))
        rest = rest.dropFirst(piece.count)
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, _ limit: Int) -> Int? {
        bytes.bigEndian(UInt32.self, at: 0).flatMap { 1...UInt32(clamping: limit) ~= $0 ? Int($0) : nil }
    }
}
