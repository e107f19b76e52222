import Encodings
import System

/// Memory of fragments that were written, kept for those that come.
///
/// A fragment is a few hundred kilobytes, which the allocator gives back to the system each time: to have the kernel clear
/// and map that memory anew costs more than to fill it. Shared by all cameras of a process.
public final class FragmentPool: Sendable {
    private struct State: Sendable {
        var free: [ByteBuffer] = []
        var freeBytes = 0
        /// The number of buffers in use.
        var lent = 0
    }

    private static let step = 32 << 10
    /// A buffer is lent where a smaller one would do, but not where it would be mostly empty.
    private static let waste = 4
    /// The buffers that may wait for their next use: as many as fragments end at the same time.
    private static let spareCount = 16
    /// The same as a share of those in use, which end by chance.
    private static let spareShare = 4
    /// The bytes that may wait for their next use.
    private static let spareBytes = 64 << 20

    private let state = Lock(State())

    /// Creates an empty pool.
    public init() {}

    /// The bytes that wait for their next use.
    public var freeBytes: Int { state.withLock { $0.freeBytes } }

    /// Lends an empty buffer, to be given back with `give`.
    ///
    /// - Parameters:
    ///   - capacity: The bytes that fit at least.
    ///   - limit: The bytes to which it may grow; the same for all of a pool.
    /// - Returns: The buffer.
    func take(capacity: Int, limit: Int) -> ByteBuffer {
        let wanted = (max(capacity, 1) + Self.step - 1) / Self.step * Self.step
        let found = state.withLock { state -> ByteBuffer? in
            var best: Int?
            for (index, buffer) in state.free.enumerated()
            where buffer.capacity >= capacity && buffer.capacity <= wanted * Self.waste {
                if let present = best, state.free[present].capacity <= buffer.capacity { continue }
                best = index
            }
            state.lent += 1
            guard let best else { return nil }
            let buffer = state.free.remove(at: best)
            state.freeBytes -= buffer.capacity
            return buffer
        }
        return found ?? ByteBuffer(capacity: wanted, limit: limit)
    }

    /// Takes back a buffer that nobody uses any more.
    func give(_ buffer: ByteBuffer) {
        buffer.removeAll()
        state.withLock { state in
            state.lent -= 1
            state.free.append(buffer)
            state.freeBytes += buffer.capacity
            let count = max(Self.spareCount, state.lent / Self.spareShare)
            while state.free.count > count || state.freeBytes > Self.spareBytes {
                // The one that has waited longest has a size that is no longer asked for.
                state.freeBytes -= state.free.removeFirst().capacity
            }
        }
    }
}
