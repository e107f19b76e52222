import Encodings

/// Bytes that a segment consists of: its init section, or one fragment.
///
/// Immutable: made by one thread and used by another.
///
/// Safe: the buffer is filled before the object exists, and from then on only read.
public final class MediaBytes: @unchecked Sendable {
    private let buffer: ByteBuffer
    private let start: Int
    /// Gets the buffer back at the end.
    private let pool: FragmentPool?

    /// Takes over what lies in a buffer from `start` on; nobody changes the buffer before it is back in its pool.
    init(_ buffer: ByteBuffer, from start: Int, of pool: FragmentPool? = nil) {
        self.buffer = buffer
        self.start = min(max(start, 0), buffer.count)
        self.pool = pool
    }

    deinit {
        pool?.give(buffer)
    }

    /// Copies `bytes`.
    public convenience init(_ bytes: [UInt8]) {
        let buffer = ByteBuffer(capacity: bytes.count)
        buffer.append(bytes)
        self.init(buffer, from: 0)
    }

    /// The number of bytes.
    public var count: Int { buffer.count - start }

    /// Lends the bytes.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[start...]))
    }
}
