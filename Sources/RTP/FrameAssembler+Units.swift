import Encodings

/// Units: their bytes, and what is kept apart from frames.
extension FrameAssembler {
    /// Takes a unit, or a fragment of one.
    mutating func take(
        _ unit: NALFragment,
        at timestamp: Int64,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> Step {
        guard unit.isStart else { return try takeRest(of: unit, at: timestamp, into: buffer) }
        if unitStart != nil {
            // The last fragment of the unit before did not say that it is the last.
            completeUnit(in: buffer)
            if !spill.isEmpty { return .again }
        }
        isSkippingUnit = false
        let role = Syntax.role(of: unit, sets: parameterSets)
        if role == .ignored || role == .invalid {
            if role == .ignored { statistics.ignoredUnits += 1 } else { statistics.malformed += 1 }
            isSkippingUnit = !unit.isEnd
            return .consumed
        }
        if endsFrame(before: role, at: timestamp, in: buffer) { return .event(.frame(end(in: buffer))) }
        open(at: timestamp, in: buffer)
        if case .slice(let facts) = role {
            guard frame.hasBegun else { return .event(.began(begin(with: facts))) }
            count(facts)
        } else if frame.slices > 0, frame.trailing == nil, role != .suffix {
            frame.trailing = buffer.count
        }
        isGapPending = false
        try append(unit, role: role, to: buffer)
        if unit.isEnd { completeUnit(in: buffer) }
        return .consumed
    }

    /// Takes a fragment that is not the first of its unit.
    @inline(__always)
    mutating func takeRest(
        of unit: NALFragment,
        at timestamp: Int64,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> Step {
        guard unitStart != nil else { return takeOrphan(unit, at: timestamp, in: buffer) }
        guard buffer.count - frame.start + unit.body.count <= limits.frameBytes else {
            throw fail(.frameTooLarge, in: buffer)
        }
        buffer.append(unit.body)
        guard !buffer.hasOverflowed else { throw fail(.bufferFull, in: buffer) }
        if unit.isEnd { completeUnit(in: buffer) }
        return .consumed
    }

    /// Leaves out a fragment of a unit whose first fragment is missing or was of no use.
    mutating func takeOrphan(_ unit: NALFragment, at timestamp: Int64, in buffer: ByteBuffer) -> Step {
        if isSkippingUnit {
            isSkippingUnit = !unit.isEnd
            return .consumed
        }
        if frame.isInProgress, timestamp != frame.timestamp {
            if frame.slices > 0 {
                learn()
                return .event(.frame(end(in: buffer)))
            }
            abandon(in: buffer)
        }
        open(at: timestamp, in: buffer)
        frame.isDamaged = true
        isGapPending = false
        return .consumed
    }

    mutating func append(
        _ unit: NALFragment,
        role: NALRole,
        to buffer: ByteBuffer
    ) throws(DepacketizerError) {
        frame.units += 1
        guard frame.units <= limits.frameUnits else { throw fail(.tooManyUnits, in: buffer) }
        let size = 4 + Syntax.headerLength + unit.body.count
        guard buffer.count - frame.start + size <= limits.frameBytes else { throw fail(.frameTooLarge, in: buffer) }
        unitStart = buffer.count
        unitRole = role
        buffer.append(bigEndian: 0 as UInt32)
        if Syntax.headerLength == 1 {
            buffer.append(UInt8(truncatingIfNeeded: unit.header))
        } else {
            buffer.append(bigEndian: unit.header)
        }
        buffer.append(unit.body)
        guard !buffer.hasOverflowed else { throw fail(.bufferFull, in: buffer) }
    }

    /// Completes the unit at the end of the buffer: sets its length, takes start codes and parameter sets out.
    mutating func completeUnit(in buffer: ByteBuffer) {
        guard let start = unitStart else { return }
        unitStart = nil
        trimZeros(in: buffer, after: start + 4)
        let isSearched = !unitRole.isSlice || searches > 0
        if isSearched, let code = buffer.bytes.startCode(from: start + 4) {
            spill.fill(buffer.bytes.from(code + 3))
            buffer.truncate(to: code)
            trimZeros(in: buffer, after: start + 4)
            expectStartCodes()
        } else if isSearched, unitRole.isSlice, searches < .max {
            searches -= 1
        }
        let length = buffer.count - start - 4
        guard length > Syntax.headerLength else {
            if unitRole.isSlice { frame.slices -= 1 }
            buffer.truncate(to: start)
            return
        }
        buffer.patch(bigEndian: UInt32(truncatingIfNeeded: length), at: start)
        switch unitRole {
        case .parameterSet(let kind):
            keep(kind, buffer.bytes.from(start + 4))
            buffer.truncate(to: start)
            frame.units -= 1
        case .supplement where NALBytes.hasRecoveryPoint(buffer.bytes.from(start + 4 + Syntax.headerLength)):
            prelude.hasRecoveryPoint = true
        default: break
        }
    }

    /// Units do not end with zeros (H.264, 7.4.1); some cameras pad them all the same.
    func trimZeros(in buffer: ByteBuffer, after start: Int) {
        let bytes = buffer.bytes
        var end = bytes.count
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        buffer.truncate(to: end)
    }

    mutating func keep(_ kind: ParameterSetKind, _ unit: UnsafeRawBufferPointer) {
        guard unit.count <= limits.parameterSetBytes,
            let facts = Syntax.identify(kind, body: unit.from(Syntax.headerLength)),
            let isChanged = parameterSets.insert(unit, kind: kind, id: facts.id, extraSliceBits: facts.extraSliceBits)
        else {
            statistics.malformed += 1
            return
        }
        prelude.hasParameterSets = true
        if isChanged { prelude.changedSets.insert(ParameterSetKinds(kind)) }
    }

    /// Takes the unit that is being put together out again.
    mutating func dropUnit(in buffer: ByteBuffer) {
        isSkippingUnit = false
        guard let start = unitStart else { return }
        unitStart = nil
        if unitRole.isSlice { frame.slices -= 1 }
        buffer.truncate(to: start)
    }
}
