import CLibAV
import Glibc

/// Bytes that a segment consists of: its init section, or one fragment.
///
/// Immutable: made by one thread and used by another.
///
/// Safe: the memory is written before the object exists, never after, and freed once, by the last owner.
public final class MediaBytes: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<UInt8>
    /// How many bytes there are.
    public let count: Int

    /// Takes over what a sink has collected; nil if that is nothing.
    init?(taking sink: UnsafeMutablePointer<observer_sink>) {
        guard let data = sink.pointee.data, sink.pointee.size > 0 else { return nil }
        memory = data
        count = sink.pointee.size
        sink.pointee.data = nil
        sink.pointee.size = 0
        sink.pointee.capacity = 0
    }

    /// Copies `bytes`.
    public init(_ bytes: [UInt8]) {
        memory = .allocate(capacity: max(bytes.count, 1))
        count = bytes.count
        bytes.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { memory.update(from: base, count: buffer.count) }
        }
    }

    deinit {
        free(memory)
    }

    /// Lends the bytes.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    /// Returns true if the first box is of this type.
    func begins(with type: String) -> Bool {
        withUnsafeBytes { $0.count >= 8 && $0[4..<8].elementsEqual(type.utf8) }
    }
}
