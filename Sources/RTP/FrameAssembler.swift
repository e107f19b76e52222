import Encodings

/// Puts NAL units together to frames.
///
/// A frame ends with the marker bit once the camera has shown that it sets it with the last packet of each frame and
/// nowhere else. Before that, and with cameras that set it never or always, it ends at the next timestamp, and where
/// timestamps stand still, at the first slice of the next picture. Units in front of a picture's slices (SEI) go with
/// that picture, whatever timestamp and marker they have themselves.
struct FrameAssembler<Syntax: NALSyntax>: Sendable {
    /// The fate of a unit that was offered.
    enum Step {
        case consumed
        /// Not consumed: units that were found in the one before it come first.
        case again
        /// Not consumed: the event comes first.
        case event(FrameEvent)
    }

    let limits: DepacketizerLimits
    var parameterSets = ParameterSets()
    var statistics = DepacketizerStatistics()
    /// Units that were found behind start codes in other units.
    var spill = AnnexBSpill()

    var frame = PendingFrame()
    var prelude = PendingFrame.Prelude()
    var owner: ObjectIdentifier?

    /// The place of the length of the unit that is being put together.
    var unitStart: Int?
    var unitRole = NALRole.ignored
    var isSkippingUnit = false

    var markers = MarkerUse.unknown(evidence: 0)
    var splitsAtPictures = !Syntax.pairsFields
    var isGapPending = false
    /// The timestamp of the last frame that its marker ended.
    var markedTimestamp: Int64?
    /// So many more slices are searched for start codes: a camera that writes them does so from the beginning.
    var searches = 32

    init(limits: DepacketizerLimits) {
        self.limits = limits
    }

    /// Takes parameter sets of the session description in.
    mutating func add(_ units: [UInt8]) {
        units.withUnsafeBytes { bytes in
            var start = bytes.startCode(from: 0) == nil ? 0 : NALBytes.leadingStartCode(in: bytes) ?? 0
            while start < bytes.count {
                let code = bytes.startCode(from: start)
                let end = code ?? bytes.count
                add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = code.map { $0 + 3 } ?? bytes.count
            }
        }
        prelude = PendingFrame.Prelude()
    }

    mutating func add(_ unit: UnsafeRawBufferPointer) {
        var end = unit.count
        while end > 0, unit[end - 1] == 0 { end -= 1 }
        let length = Syntax.headerLength
        guard end > length else { return }
        let header = length == 1 ? UInt16(unit[0]) : unit.bigEndian16(at: 0)
        let fragment = NALFragment(header: header, body: unit.from(length))
        guard case .parameterSet(let kind) = Syntax.role(of: fragment, sets: parameterSets) else { return }
        keep(kind, UnsafeRawBufferPointer(rebasing: unit[..<end]))
    }

    /// Reads on in a delivery (`Depacketizer.next`).
    mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer,
        hasDecodingOrder: Bool
    ) throws(DepacketizerError) -> FrameEvent? {
        forgetFrame(outside: buffer)
        if delivery.stage == .arrived {
            delivery.stage = .reading
            if let frame = arrive(delivery, in: buffer) { return .frame(frame) }
        }
        while delivery.stage == .reading {
            if !spill.isEmpty {
                if let event = try takeSpilled(at: delivery.timestamp, into: buffer) { return event }
                continue
            }
            switch Syntax.read(delivery.packet.payload, at: delivery.offset, hasDecodingOrder: hasDecodingOrder) {
            case .fragment(let fragment, let end):
                switch try take(fragment, at: delivery.timestamp, into: buffer) {
                case .consumed: delivery.offset = end
                case .again: break
                case .event(let event): return event
                }
            case .startCode(let end):
                expectStartCodes()
                delivery.offset = end
            case .malformed:
                statistics.malformed += 1
                if frame.isInProgress { frame.isDamaged = true }
                delivery.stage = .read
            case .end:
                delivery.stage = .read
            }
        }
        guard delivery.stage == .read else { return nil }
        delivery.stage = .done
        guard delivery.packet.marker else {
            frame.hasUnmarkedPacket = frame.isOpen
            return nil
        }
        return mark(in: buffer).map { .frame($0) }
    }

    /// Takes a unit that was found behind a start code in another one.
    mutating func takeSpilled(
        at timestamp: Int64,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        guard let (unit, end) = spill.next() else { return nil }
        let length = Syntax.headerLength
        if unit.count > length {
            let header = length == 1 ? UInt16(unit[0]) : unit.bigEndian16(at: 0)
            let step = try take(NALFragment(header: header, body: unit.from(length)), at: timestamp, into: buffer)
            if case .event(let event) = step { return event }
        }
        spill.advance(to: end)
        return nil
    }

    /// Turns on the search of every slice for start codes.
    mutating func expectStartCodes() {
        searches = .max
        statistics.annexBUnits += 1
    }
}

extension FrameAssembler {
    /// Prepares for a packet; returns the frame that ends because a new series begins.
    mutating func arrive(_ delivery: RTPDelivery, in buffer: ByteBuffer) -> CodedFrame? {
        guard delivery.isAfterGap || delivery.isRestart else { return nil }
        isGapPending = true
        prelude.isAfterGap = true
        dropUnit(in: buffer)
        if frame.isInProgress, !frame.hasMarker { frame.isDamaged = true }
        guard delivery.isRestart else { return nil }
        markedTimestamp = nil
        let last = frame.slices > 0 ? end(in: buffer) : nil
        if frame.isInProgress { abandon(in: buffer) }
        prelude.isRestart = true
        return last
    }

    /// Takes note of a packet's marker; returns the frame that ends with it.
    mutating func mark(in buffer: ByteBuffer) -> CodedFrame? {
        guard unitStart == nil, !isSkippingUnit, frame.isInProgress else { return nil }
        guard frame.slices > 0 else {
            abandon(in: buffer)
            return nil
        }
        guard markers == .trusted else {
            frame.hasMarker = markers != .ignored
            return nil
        }
        markedTimestamp = frame.timestamp
        return end(in: buffer)
    }

    /// Ends the frame since nothing follows; a unit whose end is missing is left out.
    mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        forgetFrame(outside: buffer)
        let isWhole = unitStart == nil && (frame.hasMarker || markers == .ignored)
        if frame.isInProgress, !isWhole { frame.isDamaged = true }
        dropUnit(in: buffer)
        let last = frame.slices > 0 ? end(in: buffer) : nil
        if frame.isOpen { abandon(in: buffer) }
        return last
    }

    mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        guard frame.isOpen, old !== new, owner == ObjectIdentifier(old), frame.start <= old.count else { return }
        let start = new.count
        new.append(old.bytes.from(frame.start))
        old.truncate(to: frame.start)
        let distance = start - frame.start
        frame.start = start
        frame.trailing = frame.trailing.map { $0 + distance }
        unitStart = unitStart.map { $0 + distance }
        owner = ObjectIdentifier(new)
        // The overflow stays noted in the buffer and is thrown with the next bytes.
        if new.hasOverflowed { forget() }
    }
}
