/// A growing block of raw memory that parsers and writers append to, and that a pool keeps for the next use.
///
/// The memory grows by doubling up to `limit`. What would go beyond is dropped and noted in `hasOverflowed`, so that a
/// sequence of appends is checked once, at its end. A buffer belongs to one owner at a time: it is filled, handed over,
/// and from then on only read until its last owner calls `removeAll`.
///
/// Safe: nothing is locked. One owner at a time changes a buffer, and passing it to another thread ends that ownership.
public final class ByteBuffer: @unchecked Sendable {
    /// The most bytes that fit.
    public let limit: Int

    @exclusivity(unchecked) @usableFromInline var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) @usableFromInline var used = 0
    @exclusivity(unchecked) @usableFromInline var allocated: Int
    @exclusivity(unchecked) @usableFromInline var overflowed = false

    /// Creates an empty buffer with room for `capacity` bytes, and for `limit` bytes after it has grown.
    public init(capacity: Int = 4096, limit: Int = .max) {
        self.limit = max(limit, 0)
        allocated = min(max(capacity, 16), self.limit)
        base = .allocate(byteCount: max(allocated, 1), alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// The number of bytes in use.
    @inlinable public var count: Int { used }

    /// True if no bytes are in use.
    @inlinable public var isEmpty: Bool { used == 0 }

    /// The number of bytes that fit without another allocation.
    @inlinable public var capacity: Int { allocated }

    /// Indicates that bytes were dropped because of the limit since the last `truncate` or `removeAll`.
    @inlinable public var hasOverflowed: Bool { overflowed }

    /// The bytes in use, valid until the buffer is changed or released.
    @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: used) }

    /// Calls `body` with the bytes in use.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Appends bytes that do not lie in this buffer.
    @inlinable
    public func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, reserve(bytes.count) else { return }
        (base + used).copyMemory(from: source, byteCount: bytes.count)
        used += bytes.count
    }

    /// Appends the bytes of an array.
    public func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends one byte.
    @inlinable
    public func append(_ byte: UInt8) {
        guard reserve(1) else { return }
        base.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used += 1
    }

    /// Appends an integer, most significant byte first.
    @inlinable
    public func append<Value: FixedWidthInteger>(bigEndian value: Value) {
        let size = MemoryLayout<Value>.size
        guard reserve(size) else { return }
        base.storeBytes(of: value.bigEndian, toByteOffset: used, as: Value.self)
        used += size
    }

    /// Overwrites the four bytes at `offset`; does nothing if they are not all in use.
    @inlinable
    public func patch(bigEndian value: UInt32, at offset: Int) {
        guard offset >= 0, offset <= used - 4 else { return }
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Appends zeros, for what is to be overwritten later.
    public func appendZeros(_ count: Int) {
        guard count > 0, reserve(count) else { return }
        (base + used).initializeMemory(as: UInt8.self, repeating: 0, count: count)
        used += count
    }

    /// Overwrites the bytes from `offset` on; does nothing if they are not all in use.
    public func overwrite(_ bytes: [UInt8], at offset: Int) {
        guard offset >= 0, bytes.count <= used - offset else { return }
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Drops the bytes from `newCount` on; a larger number changes nothing.
    @inlinable
    public func truncate(to newCount: Int) {
        used = min(max(newCount, 0), used)
        overflowed = false
    }

    /// Drops all bytes and keeps the memory.
    @inlinable
    public func removeAll() {
        truncate(to: 0)
    }

    /// Ensures room for `additional` more bytes; returns false, and notes the overflow, if that would exceed the limit.
    @inlinable
    @discardableResult
    public func reserve(_ additional: Int) -> Bool {
        if additional <= allocated - used, !overflowed { return true }
        return grow(additional)
    }

    @usableFromInline
    func grow(_ additional: Int) -> Bool {
        guard !overflowed, additional <= limit - used else {
            overflowed = true
            return false
        }
        allocated = max(used + additional, allocated > limit / 2 ? limit : allocated * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: allocated, alignment: 16)
        larger.copyMemory(from: base, byteCount: used)
        base.deallocate()
        base = larger
        return true
    }
}
