import CLibAV
import Glibc

/// A copy of the last frame, in memory that is reused: no allocation once it is large enough.
struct PendingFrame: ~Copyable {
    private(set) var timestamp: Timeline.FrameTime?
    private(set) var isKey = false
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private var count = 0

    deinit {
        free(memory)
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    mutating func store(_ bytes: UnsafeRawBufferPointer, timestamp: Timeline.FrameTime, isKey: Bool) {
        guard let source = bytes.baseAddress else { return }
        let needed = bytes.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)
        if needed > capacity {
            free(memory)
            capacity = needed + needed / 4
            memory = malloc(capacity)
        }
        guard let memory else {
            capacity = 0
            return
        }
        memory.copyMemory(from: source, byteCount: bytes.count)
        memset(memory + bytes.count, 0, Int(AV_INPUT_BUFFER_PADDING_SIZE))
        count = bytes.count
        self.timestamp = timestamp
        self.isKey = isKey
    }

    mutating func clear() {
        timestamp = nil
    }
}
