import Encodings

/// Writes whole codec frames into the buffer, and remembers what the next one has to tell.
struct UnitWriter: Sendable {
    let limits: DepacketizerLimits
    var statistics = DepacketizerStatistics()
    private var isAfterGap = false
    private var isRestart = false
    /// The first byte of a frame of which parts are still to come.
    private(set) var pendingStart: Int?
    private var owner: ObjectIdentifier?

    init(limits: DepacketizerLimits) {
        self.limits = limits
    }

    /// Takes note of what comes with a packet; a frame that waits for parts is given up behind a gap.
    mutating func arrive(_ delivery: RTPDelivery, in buffer: ByteBuffer) {
        if let pendingStart, owner != ObjectIdentifier(buffer) || pendingStart > buffer.count {
            // Another buffer than before, without `moveFrame`: the bytes are gone.
            self.pendingStart = nil
            isAfterGap = true
            statistics.droppedFrames += 1
        }
        guard delivery.isAfterGap || delivery.isRestart else { return }
        drop(in: buffer)
        isAfterGap = true
        isRestart = isRestart || delivery.isRestart
    }

    /// Appends a part of a frame, the first of which begins it.
    mutating func append(_ bytes: UnsafeRawBufferPointer, to buffer: ByteBuffer) throws(DepacketizerError) {
        try reserve(bytes.count, in: buffer)
        buffer.append(bytes)
    }

    /// Appends a part of a frame that was not in a packet.
    mutating func append(_ bytes: [UInt8], to buffer: ByteBuffer) throws(DepacketizerError) {
        try reserve(bytes.count, in: buffer)
        buffer.append(bytes)
    }

    private mutating func reserve(_ count: Int, in buffer: ByteBuffer) throws(DepacketizerError) {
        let start = pendingStart ?? buffer.count
        pendingStart = start
        owner = ObjectIdentifier(buffer)
        guard buffer.count - start + count <= limits.frameBytes else { throw fail(.frameTooLarge, in: buffer) }
        guard buffer.reserve(count) else { throw fail(.bufferFull, in: buffer) }
    }

    /// The number of bytes of the frame that waits for parts.
    func pendingCount(in buffer: ByteBuffer) -> Int {
        pendingStart.map { buffer.count - $0 } ?? 0
    }

    /// Ends the frame; nil if nothing was appended.
    mutating func end(in buffer: ByteBuffer, timestamp: Int64, duration: Int64) -> CodedFrame? {
        guard let start = pendingStart else { return nil }
        pendingStart = nil
        guard start < buffer.count else { return nil }
        var frame = CodedFrame(range: start..<buffer.count, timestamp: timestamp, duration: duration, kind: .idr)
        frame.isAfterGap = isAfterGap
        frame.isRestart = isRestart
        isAfterGap = false
        isRestart = false
        return frame
    }

    /// The beginning of a frame that is about to be written.
    func start(timestamp: Int64) -> FrameStart {
        var start = FrameStart(kind: .idr, timestamp: timestamp)
        start.isAfterGap = isAfterGap
        start.isRestart = isRestart
        return start
    }

    /// Gives up the frame that waits for parts.
    mutating func drop(in buffer: ByteBuffer) {
        guard let start = pendingStart else { return }
        pendingStart = nil
        buffer.truncate(to: start)
        isAfterGap = true
        statistics.droppedFrames += 1
    }

    mutating func move(from old: ByteBuffer, to new: ByteBuffer) {
        guard let start = pendingStart, old !== new, owner == ObjectIdentifier(old), start <= old.count else { return }
        pendingStart = new.count
        new.append(old.bytes.from(start))
        old.truncate(to: start)
        owner = ObjectIdentifier(new)
    }

    private mutating func fail(_ kind: DepacketizerError.Kind, in buffer: ByteBuffer) -> DepacketizerError {
        drop(in: buffer)
        return DepacketizerError(kind)
    }
}
