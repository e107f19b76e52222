import Encodings

/// Bounds of waiting for packets that were overtaken on the way.
public struct RTPReorderLimits: Hashable, Sendable {
    /// The most packets that wait, between 1 and 4,096.
    public var packets: Int
    /// The most bytes that wait.
    public var bytes: Int
    /// The longest time, in nanoseconds, that a packet waits for its predecessors.
    public var nanoseconds: Int64

    /// Creates limits; the standard ones suit cameras in a local network.
    public init(packets: Int = 128, bytes: Int = 1 << 20, nanoseconds: Int64 = 200_000_000) {
        self.packets = min(max(packets, 1), 4096)
        self.bytes = max(bytes, 1)
        self.nanoseconds = max(nanoseconds, 0)
    }
}

/// Packets that came over UDP before their predecessors, copied until those come or are given up.
struct RTPReorderBuffer {
    private struct Slot {
        var sequence: UInt16 = 0
        var arrival: Int64 = 0
        var bytes: ByteBuffer?
        var isTaken = false
    }

    let limits: RTPReorderLimits
    /// A power of two, so that neighbours have different slots across the wrap-around, and more than may wait.
    private var slots: [Slot] = []
    private(set) var waiting = 0
    private var waitingBytes = 0

    init(limits: RTPReorderLimits) {
        self.limits = limits
    }

    /// Copies a packet that is `ahead` of the expected one; returns false if it can't wait.
    mutating func insert(_ packet: RTPPacket, ahead: Int, at arrival: Int64) -> Bool {
        guard ahead > 0, ahead <= limits.packets, waitingBytes + packet.bytes.count <= limits.bytes else {
            return false
        }
        if slots.isEmpty {
            var count = 2
            while count <= limits.packets { count *= 2 }
            slots = Array(repeating: Slot(), count: count)
        }
        let index = Int(packet.sequence) & (slots.count - 1)
        // The same packet again: the first copy is as good.
        guard !slots[index].isTaken else { return slots[index].sequence == packet.sequence }
        let bytes = slots[index].bytes ?? ByteBuffer(capacity: 2048, limit: 1 << 16)
        bytes.removeAll()
        bytes.append(packet.bytes)
        slots[index] = Slot(sequence: packet.sequence, arrival: arrival, bytes: bytes, isTaken: true)
        waiting += 1
        waitingBytes += bytes.count
        return true
    }

    /// Returns how far ahead of `expected` the first packet that waits is, and when it came.
    func first(from expected: UInt16) -> (ahead: Int, arrival: Int64)? {
        guard waiting > 0 else { return nil }
        for ahead in 0..<slots.count {
            let sequence = expected &+ UInt16(truncatingIfNeeded: ahead)
            let slot = slots[Int(sequence) & (slots.count - 1)]
            if slot.isTaken, slot.sequence == sequence { return (ahead, slot.arrival) }
        }
        return nil
    }

    /// Takes the packet out; its bytes stay as they are until the next `insert`.
    mutating func remove(_ sequence: UInt16) -> ByteBuffer? {
        guard waiting > 0 else { return nil }
        let index = Int(sequence) & (slots.count - 1)
        guard slots[index].isTaken, slots[index].sequence == sequence else { return nil }
        slots[index].isTaken = false
        waiting -= 1
        waitingBytes -= slots[index].bytes?.count ?? 0
        return slots[index].bytes
    }

    mutating func removeAll() {
        for index in slots.indices { slots[index].isTaken = false }
        waiting = 0
        waitingBytes = 0
    }
}
