import Encodings

/// Frames: where they begin and end, and what is told about them.
extension FrameAssembler {
    /// True if a unit can't be part of the frame that is being put together.
    mutating func endsFrame(before role: NALRole, at timestamp: Int64, in buffer: ByteBuffer) -> Bool {
        guard frame.slices > 0 else {
            // Neither a frame without slices nor SEI of a frame that was lost goes with another frame.
            if frame.isInProgress || isGapPending, timestamp != frame.timestamp { abandon(in: buffer) }
            return false
        }
        if timestamp != frame.timestamp {
            if case .slice(let facts) = role, !facts.startsPicture, !frame.hasMarker, !isGapPending {
                // A further slice of the same picture, by a camera that gives each packet a time of its own.
                return false
            }
            learn()
            return true
        }
        guard case .slice(let facts) = role else { return false }
        guard facts.startsPicture else {
            // The marker was not at the end of its frame.
            if frame.hasMarker { markers = .ignored }
            frame.hasMarker = false
            return false
        }
        if frame.hasMarker {
            learn()
            return true
        }
        // Two fields may be one frame, three pictures may not: timestamps stand still.
        if frame.pictures >= 2 { splitsAtPictures = true }
        return splitsAtPictures
    }

    /// Learns from the end of a frame how far markers can be trusted.
    mutating func learn() {
        guard case .unknown(var evidence) = markers else { return }
        // A packet without marker in front of the last one shows that the camera does not mark all.
        evidence = frame.hasMarker ? evidence + (frame.hasUnmarkedPacket ? 4 : 1) : 0
        markers = evidence >= 8 ? .trusted : .unknown(evidence: evidence)
    }

    mutating func open(at timestamp: Int64, in buffer: ByteBuffer) {
        if !frame.isOpen {
            frame = PendingFrame()
            frame.isOpen = true
            frame.start = buffer.count
            owner = ObjectIdentifier(buffer)
        }
        if frame.slices == 0 { frame.timestamp = timestamp }
    }

    mutating func begin(with facts: SliceFacts) -> FrameStart {
        frame.hasBegun = true
        frame.firstKind = facts.kind
        frame.isIntra = facts.kind != .dependent
        frame.prelude = prelude
        prelude = PendingFrame.Prelude()
        let isContinued = markedTimestamp == frame.timestamp && !facts.startsPicture && !isGapPending
        // A slice of a picture that its marker had ended.
        if isContinued { markers = .ignored }
        if isContinued || (frame.prelude.isAfterGap && !facts.startsPicture) { frame.isDamaged = true }
        var start = FrameStart(
            kind: frame.kind,
            timestamp: frame.timestamp,
            changedParameterSets: frame.prelude.changedSets
        )
        start.isAfterGap = frame.prelude.isAfterGap
        start.isRestart = frame.prelude.isRestart
        return start
    }

    mutating func count(_ facts: SliceFacts) {
        if frame.slices > 0 { prelude.isAfterGap = false }
        frame.trailing = nil
        frame.slices += 1
        if facts.startsPicture { frame.pictures += 1 }
        if facts.kind == .dependent { frame.isIntra = false }
    }

    /// Ends the frame before the units that belong to the next one.
    mutating func end(in buffer: ByteBuffer) -> CodedFrame {
        let end = max(frame.trailing ?? buffer.count, frame.start)
        var coded = CodedFrame(range: frame.start..<end, timestamp: frame.timestamp, kind: frame.kind)
        coded.isDamaged = frame.isDamaged
        coded.isAfterGap = frame.prelude.isAfterGap
        coded.isRestart = frame.prelude.isRestart
        coded.hasParameterSets = frame.prelude.hasParameterSets
        if coded.isDamaged { statistics.damagedFrames += 1 }
        let next = frame.timestamp
        frame = PendingFrame()
        if end < buffer.count {
            frame.isOpen = true
            frame.start = end
            frame.timestamp = next
        }
        return coded
    }

    /// Gives up a frame of which nothing is left.
    mutating func abandon(in buffer: ByteBuffer) {
        if frame.isInProgress {
            statistics.droppedFrames += 1
            prelude.isAfterGap = true
            prelude.isRestart = prelude.isRestart || frame.prelude.isRestart
            prelude.changedSets.formUnion(frame.prelude.changedSets)
        }
        prelude.hasRecoveryPoint = false
        if frame.isOpen { buffer.truncate(to: frame.start) }
        frame = PendingFrame()
        unitStart = nil
    }

    /// Gives up a frame whose bytes are not in the buffer, because it was exchanged without `moveFrame`.
    mutating func forgetFrame(outside buffer: ByteBuffer) {
        guard frame.isOpen, owner != ObjectIdentifier(buffer) || frame.start > buffer.count else { return }
        guard frame.units == 0 else { return forget() }
        // It has no bytes yet.
        frame.start = buffer.count
        owner = ObjectIdentifier(buffer)
    }

    mutating func forget() {
        if frame.isInProgress { statistics.droppedFrames += 1 }
        prelude.isAfterGap = true
        isGapPending = true
        frame = PendingFrame()
        unitStart = nil
        isSkippingUnit = false
    }

    /// Gives up a frame that breaks a limit, and returns the error to throw.
    mutating func fail(_ kind: DepacketizerError.Kind, in buffer: ByteBuffer) -> DepacketizerError {
        abandon(in: buffer)
        spill.removeAll()
        return DepacketizerError(kind)
    }
}
